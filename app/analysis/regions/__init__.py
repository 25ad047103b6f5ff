"""What is different, grouped into regions that say what happened."""
