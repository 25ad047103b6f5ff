"""Even out exposure, colour and light, so that what is left is change."""
