"""What `python -m app` can do: one file for each command, with `add_parser` and `run`."""
