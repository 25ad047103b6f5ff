"""Pairs with noise: weigh at each place and scale whether noise explains what is there."""
