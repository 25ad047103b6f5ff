"""Numbers that say how far apart two images are: norms, SSIM, hashes, keypoints."""
