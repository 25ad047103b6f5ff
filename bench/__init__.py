"""Measurements of Image Diff: how right it is (``bench.accuracy``) and how fast (``bench.speed``)."""
