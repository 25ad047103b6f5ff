"""What a worker does: read one pair where it lies, compare it, give back what is small."""
