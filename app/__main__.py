"""`python -m app`: serve, compare, batch, worker, model, health."""

import argparse
import importlib
import sys
import traceback
from collections.abc import Sequence

COMMANDS = ("serve", "compare", "batch", "worker", "model", "health")  # each a module of app.commands


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        arguments = parse(argv)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return 130
    except Exception:
        # Python's own status for this is 1, which would say "different".
        traceback.print_exc()
        return 2


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; only the command that is asked for is loaded, so that serve starts at once."""
    parser = argparse.ArgumentParser(prog="python -m app", description="What is different between two images?")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name in argv[:1] if argv and argv[0] in COMMANDS else COMMANDS:
        importlib.import_module(f"app.commands.{name}").add_parser(commands)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
