"""What the pictures of a result are made of."""
