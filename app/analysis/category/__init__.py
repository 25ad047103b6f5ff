"""What each image shows, by a network that was trained elsewhere."""
