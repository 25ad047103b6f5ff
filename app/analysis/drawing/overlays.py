"""Draw regions onto a picture: boxes, contours or filled shapes, each with its number."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, Options, UInt8Array
from app.analysis.resize import scale_by
from app.analysis.srgb import light_of

Colour = tuple[int, int, int]
Polygon = npt.NDArray[np.float64]
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_NO_LABELS_BELOW = 120
_FILL = 0.45
_CROWDED = 1000


@dataclass(frozen=True, slots=True)
class Mark:
    """What to draw for one region, in pixels of the picture: its number, box and closed outlines (n, 2)."""

    number: int
    box: Box
    outlines: tuple[Polygon, ...] = ()


def annotate(pixels: UInt8Array, marks: list[Mark], options: Options, *, scale: float = 1.0) -> UInt8Array:
    """Draw marks onto a copy of a picture.

    Parameters
    ----------
    pixels : ndarray
        RGB, shape (height, width, 3), uint8.
    marks : list of Mark
        In pixels of `pixels`.
    options : Options
        `color`, `style` and `thickness` (in pixels of the result; None chooses by its size).
    scale : float
        Above 0, at most 1: the result is that much smaller, lines and numbers are not.

    Returns
    -------
    ndarray
        RGB, uint8.

    Notes
    -----
    Lines lie outside what they mark and have a thin edge of the opposite brightness, so that they show on any
    background. Pictures under 120 pixels a side get no numbers: these would cover them.
    """
    canvas: UInt8Array = scale_by(pixels, scale)
    if canvas is pixels:
        canvas = pixels.copy()
    pen = _Pen(canvas, options)
    scaled = [_scale(mark, scale) for mark in marks]
    pen.draw(scaled, options.style)
    if min(canvas.shape[:2]) >= _NO_LABELS_BELOW:
        pen.number(scaled)
    return canvas


def parse_colour(text: str) -> Colour:
    """Read "#rrggbb".

    Parameters
    ----------
    text : str
        Checked by `checks.check_options`; capital letters will do.

    Returns
    -------
    (red, green, blue)
        0 to 255 each.

    Raises
    ------
    ValueError
        The digits are no hexadecimal ones.
    """
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def opposite(colour: Colour) -> Colour:
    """Choose black or white for a colour: white as long as its contrast is 3.

    Parameters
    ----------
    colour : (red, green, blue)
        0 to 255 each.

    Returns
    -------
    (0, 0, 0) or (255, 255, 255)

    References
    ----------
    WCAG 2.1, success criteria 1.4.3 and 1.4.11 (graphics and large text), and its "relative luminance".
    """
    luminance = light_of(np.array(colour, np.float64)) @ (0.2126, 0.7152, 0.0722)
    return (0, 0, 0) if luminance > 0.3 else (255, 255, 255)


def line_width(shape: tuple[int, ...]) -> int:
    """Choose a thickness that shows on the whole picture seen at once: 2 px up to 1000, 10 px at 4000 × 3000.

    Parameters
    ----------
    shape : (height, width) of the picture; what follows is ignored.

    Returns
    -------
    int
        In pixels: a 500th of the diagonal, at least 2, but 1 where that is under 200 pixels.
    """
    diagonal = math.hypot(shape[0], shape[1])
    return max(1 if diagonal < 200 else 2, round(diagonal / 500))


def _scale(mark: Mark, scale: float) -> Mark:
    if scale == 1:
        return mark
    left, top = math.floor(mark.box.x * scale), math.floor(mark.box.y * scale)
    right = math.ceil((mark.box.x + mark.box.width) * scale)
    bottom = math.ceil((mark.box.y + mark.box.height) * scale)
    outlines = tuple((outline + 0.5) * scale - 0.5 for outline in mark.outlines)
    return Mark(mark.number, Box(left, top, max(1, right - left), max(1, bottom - top)), outlines)


class _Pen:
    """Draws in one colour and thickness on one canvas."""

    def __init__(self, canvas: UInt8Array, options: Options) -> None:
        self.canvas = canvas
        self.height, self.width = canvas.shape[:2]
        self.colour = parse_colour(options.color)
        self.contrast = opposite(self.colour)
        self.thickness = options.thickness or line_width(canvas.shape)
        self.halo = max(1, self.thickness // 3)

    def draw(self, marks: list[Mark], style: str) -> None:
        """Mark regions; one without outlines gets its box whatever the style. All edges first, then all lines."""
        shapes = {mark.number: [np.rint(outline * 16).astype(np.int32) for outline in mark.outlines] for mark in marks}
        if style == "filled":
            for mark in marks:
                if mark.outlines:
                    self._fill(shapes[mark.number])
        for colour, grow in ((self.contrast, self.halo), (self.colour, 0)):
            for mark in marks:
                if style == "boxes" or not mark.outlines:
                    self._frame(mark.box, self.halo - grow, self.halo + self.thickness + grow, colour)
                else:
                    width = self.thickness + 2 * grow
                    cv2.polylines(self.canvas, shapes[mark.number], True, colour, width, cv2.LINE_AA, shift=4)

    def _frame(self, box: Box, start: int, stop: int, colour: Colour) -> None:
        """Paint the ring between `start` and `stop` pixels outside a box: corners stay sharp, its inside untouched."""
        left, top, right, bottom = box.x, box.y, box.x + box.width, box.y + box.height
        least = stop - start
        self._paint(left - stop, top - stop, right + stop, top - start, colour, least)
        self._paint(left - stop, bottom + start, right + stop, bottom + stop, colour, least)
        self._paint(left - stop, top - stop, left - start, bottom + stop, colour, least)
        self._paint(right + start, top - stop, right + stop, bottom + stop, colour, least)

    def _paint(self, left: int, top: int, right: int, bottom: int, colour: Colour, least: int) -> None:
        """Fill a rectangle; one that lies beyond the edge is pulled in, so that every box stays closed."""
        left, right = _pull_in(left, right, self.width, least)
        top, bottom = _pull_in(top, bottom, self.height, least)
        self.canvas[top:bottom, left:right] = colour

    def _fill(self, shapes: list[Any]) -> None:
        """Blend the colour into outlined shapes; an outline inside another is a hole."""
        left, top, width, height = cv2.boundingRect(np.vstack(shapes) // 16)
        left, top = max(0, left), max(0, top)
        part = self.canvas[top : top + height + 1, left : left + width + 1]
        stencil = np.zeros(part.shape[:2], np.uint8)
        cv2.fillPoly(stencil, [shape - np.array([left, top], np.int32) * 16 for shape in shapes], 255, cv2.LINE_8, 4)
        chosen = stencil > 0
        part[chosen] = np.rint(part[chosen] * (1 - _FILL) + np.array(self.colour) * _FILL)

    def number(self, marks: list[Mark]) -> None:
        """Put each mark's number beside it, where it covers least of any region or other number."""
        size = max(0.4, min(2.5, self.thickness * 0.22 + 0.1))
        stroke = max(1, round(size * 1.8))
        taken = [(m.box.x, m.box.y, m.box.x + m.box.width, m.box.y + m.box.height) for m in marks]
        occupied = np.array(taken + [(0, 0, 0, 0)] * len(marks), np.int64).reshape(-1, 4)
        for index, mark in enumerate(marks):
            text = str(mark.number)
            (width, height), _ = cv2.getTextSize(text, _FONT, size, stroke)
            pad = max(2, stroke + 1)
            place = self._place(mark.box, width + 2 * pad, height + 2 * pad, occupied)
            occupied[len(marks) + index] = place
            left, top, right, bottom = (int(value) for value in place)
            cv2.rectangle(self.canvas, (left, top), (right - 1, bottom - 1), self.contrast, -1)
            cv2.rectangle(self.canvas, (left + 1, top + 1), (right - 2, bottom - 2), self.colour, -1)
            at = left + pad, bottom - pad - 1
            cv2.putText(self.canvas, text, at, _FONT, size, self.contrast, stroke, cv2.LINE_AA)

    def _place(self, box: Box, width: int, height: int, occupied: Any) -> tuple[int, int, int, int]:
        edge = self.thickness + 2 * self.halo
        right, bottom = box.x + box.width + edge, box.y + box.height + edge
        corners = [
            (box.x - edge, box.y - edge - height),
            (box.x - edge, bottom),
            (right, box.y - edge),
            (box.x - edge - width, box.y - edge),
            (right - width, box.y - edge - height),
            (right - width, bottom),
        ]
        best, least = (0, 0, width, height), math.inf
        for x, y in corners if len(occupied) < _CROWDED else corners[:1]:
            left, top = max(0, min(x, self.width - width)), max(0, min(y, self.height - height))
            place = left, top, left + width, top + height
            covered = _overlap(place, occupied)
            if covered < least:
                best, least = place, covered
            if covered == 0:
                break
        return best


def _pull_in(start: int, stop: int, end: int, least: int) -> tuple[int, int]:
    start, stop = max(0, start), min(end, stop)
    if stop <= 0:
        return 0, min(least, end)
    if start >= end:
        return max(0, end - least), end
    return start, stop


def _overlap(place: tuple[int, int, int, int], others: Any) -> int:
    """Sum the pixels that a place shares with rectangles (left, top, right, bottom)."""
    wide = np.minimum(place[2], others[:, 2]) - np.maximum(place[0], others[:, 0])
    high = np.minimum(place[3], others[:, 3]) - np.maximum(place[1], others[:, 1])
    return int((np.maximum(wide, 0) * np.maximum(high, 0)).sum())
