"""`python -m app`: serve, compare, model."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

COMMANDS = ("serve", "compare", "model")  # each a module of app.commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m app", description="What is different between two images?")
    commands = parser.add_subparsers(required=True, metavar="command")
    # Only the command that is asked for is loaded: serve need not wait for what compare imports.
    for name in COMMANDS if argv[:1] not in [[command] for command in COMMANDS] else argv[:1]:
        importlib.import_module(f"app.commands.{name}").add_parser(commands)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return 130
    except Exception:
        # Python's own status for this is 1, which would say "different".
        traceback.print_exc()
        return 2


if __name__ == "__main__":
    sys.exit(main())
