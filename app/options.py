"""Options from outside, as text fields or JSON, checked before they reach the analysis."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.analysis import Box, Options
from app.analysis.checks import COLOUR, LEAST, MOST
from app.analysis.model import Style, Switch
from app.errors import InvalidOption

MAX_COORDINATE = 1_000_000
MAX_IGNORED = 200
_DEFAULTS = Options()


def _as_whole(value: Any) -> Any:
    """Read 3.0 as 3: to JSON Schema, and to JavaScript, they are the same whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class BoxIn(BaseModel):
    """A rectangle in pixels of *before*."""

    model_config = ConfigDict(extra="forbid", title="Box")

    x: int = Field(ge=0, le=MAX_COORDINATE)
    y: int = Field(ge=0, le=MAX_COORDINATE)
    width: int = Field(ge=1, le=MAX_COORDINATE)
    height: int = Field(ge=1, le=MAX_COORDINATE)

    _whole = field_validator("*", mode="before")(_as_whole)


# Ranges are those of the analysis; here numbers from strangers end, too, that have no end there.
class OptionsIn(BaseModel):
    """What a caller may choose; every field may be left out."""

    model_config = ConfigDict(extra="forbid", title="Options")

    align: Switch = Field(
        default=_DEFAULTS.align,
        description="auto brings the second image into the frame of the first; off compares as given.",
    )
    tone: Switch = Field(
        default=_DEFAULTS.tone,
        description="auto evens out exposure, contrast, white balance, colour strength and uneven light; "
        "off leaves them.",
    )
    sensitivity: float = Field(
        default=_DEFAULTS.sensitivity,
        allow_inf_nan=False,
        ge=LEAST["sensitivity"],
        le=MOST["sensitivity"],
        description="0 marks only the obvious, 100 every pixel.",
    )
    min_area: int | None = Field(
        default=_DEFAULTS.min_area,
        ge=LEAST["min_area"],
        le=1_000_000_000,
        description="Smallest region in pixels; left out, the size of the picture decides.",
    )
    ignore: list[BoxIn] = Field(
        default=[],
        max_length=MAX_IGNORED,
        description="Rectangles in pixels of the first image where nothing is judged.",
    )
    color: str = Field(
        default=_DEFAULTS.color, pattern=f"^{COLOUR.pattern}$", description='Highlight colour, "#rrggbb".'
    )
    thickness: int | None = Field(
        default=_DEFAULTS.thickness,
        ge=LEAST["thickness"],
        le=50,
        description="Line width in pixels; left out, the size of the picture decides.",
    )
    style: Style = Field(default=_DEFAULTS.style, description="How pictures mark a region.")
    max_regions: int | None = Field(
        default=_DEFAULTS.max_regions,
        ge=LEAST["max_regions"],
        le=1_000_000,
        description="More regions than this do not pass.",
    )
    max_changed: float | None = Field(
        default=_DEFAULTS.max_changed,
        allow_inf_nan=False,
        ge=LEAST["max_changed"],
        le=MOST["max_changed"],
        description="A larger share (0 to 1) of changed pixels does not pass.",
    )

    _whole = field_validator("min_area", "thickness", "max_regions", mode="before")(_as_whole)

    def to_options(self) -> Options:
        """Give the value that the analysis takes."""
        boxes = tuple(Box(box.x, box.y, box.width, box.height) for box in self.ignore)
        return Options(**{**self.model_dump(), "ignore": boxes})


OPTION_NAMES = tuple(OptionsIn.model_fields)


def from_texts(texts: Mapping[str, list[str]]) -> Options:
    """Read options from form fields or the command line: the last text that is not empty counts, else the default."""
    told = {name: [text for text in values if text.strip()] for name, values in texts.items()}
    given: dict[str, Any] = {name: values[-1] for name, values in told.items() if values}
    if "ignore" in given:
        given["ignore"] = _read_boxes(";".join(texts["ignore"]))
    try:
        return OptionsIn.model_validate(given).to_options()
    except ValidationError as error:
        raise invalid_option(error) from None


def to_texts(options: Mapping[str, Any]) -> dict[str, str]:
    """Write options (as in the JSON of an evaluation) the way ``from_texts`` reads them."""
    boxes = (f"{box['x']},{box['y']},{box['width']},{box['height']}" for box in options["ignore"])
    texts = {name: "" if options[name] is None else f"{options[name]}" for name in OPTION_NAMES}
    return {**texts, "sensitivity": f"{options['sensitivity']:g}", "ignore": "; ".join(boxes)}


def _read_boxes(text: str) -> list[dict[str, str]]:
    """Read "x,y,width,height", several joined by ";"."""
    boxes = []
    for part in text.split(";"):
        numbers = [number.strip() for number in part.split(",")]
        if len(numbers) == 4:
            boxes.append(dict(zip(("x", "y", "width", "height"), numbers, strict=True)))
        elif part.strip():
            raise InvalidOption('ignore should be "x,y,width,height", several joined by ";".', field="ignore")
    return boxes


def invalid_option(error: ValidationError) -> InvalidOption:
    """Say in one sentence what the first problem is, and name the option."""
    problem = error.errors()[0]
    last = str(problem["loc"][-1])[:40]
    name = next((str(part) for part in problem["loc"] if part in OPTION_NAMES), last)
    inner = f": {last}" if name != last and last in BoxIn.model_fields else ""
    return InvalidOption(f"{name or 'An empty name'}{inner}{_said(problem, name, last)}.", field=name)


def _said(problem: Any, name: str, last: str) -> str:
    """Say what is wrong in words that go on from the name of the option."""
    kind, message = problem["type"], problem["msg"].removeprefix("Input ")
    if kind == "extra_forbidden":
        return " is not an option" if name == last else f": {last} is not a part of a rectangle"
    if kind == "missing":
        return " is missing"
    if kind in ("float_parsing", "finite_number"):
        return f" should be a number from {LEAST[name]:g} to {MOST[name]:g}"
    if kind == "string_pattern_mismatch":
        return f' should be written like "{_DEFAULTS.color}"'
    return f" {message}" if message.startswith("should") else f": {message[0].lower()}{message[1:]}"
