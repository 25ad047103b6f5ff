"""What a caller in Python may get wrong, said before it fails deep inside or silently means something else."""

import re
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from app.analysis.model import Box, Options
from app.errors import InvalidOption

CHOICES = {name: get_args(get_type_hints(Options)[name]) for name in ("align", "tone", "style")}
"""What texts may be; numbers have a least and, some of them, a largest value. `app.options` goes by the same."""
LEAST = {"sensitivity": 0, "min_area": 1, "thickness": 1, "max_regions": 0, "max_changed": 0}
MOST = {"sensitivity": 100, "max_changed": 1}
MAY_BE_NONE = {field.name for field in fields(Options) if field.default is None}
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def file_content(data: Any, name: str) -> bytes:
    """Give the bytes of an image file.

    Parameters
    ----------
    data : bytes, bytearray or memoryview
    name : str
        What the error calls it.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError
        It is something else, such as a path, an array or a picture; the error says what to do with it.
    """
    if isinstance(data, bytes):
        return data
    if isinstance(data, bytearray | memoryview):
        return bytes(data)
    raise TypeError(
        f"{name} should be the bytes of an image file, not {type(data).__name__}: "
        "Path(…).read_bytes() reads one, encode_png(…) makes one of an array."
    )


def check_options(options: Options) -> Options:
    """Give options back, if every value is one that is known and in its range.

    Parameters
    ----------
    options : Options
        As a caller made them, so with anything in them.

    Returns
    -------
    Options
        The very same.

    Raises
    ------
    InvalidOption
        Names the first option that is wrong, and what it should be.
    """
    for name, choices in CHOICES.items():
        if (value := getattr(options, name)) not in choices:
            raise InvalidOption(f"{name} should be {' or '.join(map(repr, choices))}, not {value!r}.", field=name)
    for name, least in LEAST.items():
        _check_number(name, getattr(options, name), least)
    if not isinstance(options.color, str) or not COLOUR.fullmatch(options.color):
        raise InvalidOption(f'color should be "#rrggbb", not {options.color!r}.', field="color")
    if not isinstance(options.ignore, tuple | list) or not all(map(_is_area, options.ignore)):
        raise InvalidOption("ignore should hold Box(x, y, width, height) of at least a pixel each.", field="ignore")
    return options


def _check_number(name: str, value: Any, least: int) -> None:
    """Refuse what is no number, or out of its range; None, where it is the default, lets the picture decide."""
    if value is None and name in MAY_BE_NONE:
        return
    most = MOST.get(name)
    if not isinstance(value, int | float) or not (least <= value and (most is None or value <= most)):
        between = f"at least {least}" if most is None else f"from {least} to {most}"
        raise InvalidOption(f"{name} should be {between}, not {value!r}.", field=name)


def _is_area(box: Any) -> bool:
    return isinstance(box, Box) and box.width > 0 and box.height > 0
