"""The options of the analysis on the command line: those of the HTTP API, with the same ranges."""

import argparse
import os
from typing import Literal, get_args, get_origin

from app.options import OptionsIn

MOST = 256  # at once on one machine


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    for name, field in OptionsIn.model_fields.items():
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            action="append",
            metavar="|".join(choices) or ("X,Y,WIDTH,HEIGHT" if name == "ignore" else "VALUE"),
            help=(field.description or "").replace("%", "%%"),
        )


def options_given(arguments: argparse.Namespace) -> dict[str, list[str]]:
    """Give what was said, as texts for ``app.options.from_texts``."""
    given = {name: getattr(arguments, name) for name in OptionsIn.model_fields}
    return {name: values for name, values in given.items() if values is not None}


def count(text: str) -> int:
    """Read how many work at once."""
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST} is expected")
    return number


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
