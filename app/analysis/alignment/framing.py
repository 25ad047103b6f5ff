"""Regions that follow from how two pictures lie on each other, not from their pixels."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from app.analysis.alignment.bend import to_after
from app.analysis.geometry import box_around, corners_of, turn_of
from app.analysis.model import IDENTITY, Alignment, Band, Box, Kind, Maps, Options, Region

Framed = tuple[Box, Box, Kind]
Shape = tuple[int, int]
Places = npt.NDArray[np.float64]


def with_framing(
    regions: tuple[Region, ...], maps: Maps, alignment: Alignment, after: Shape, options: Options
) -> tuple[tuple[Region, ...], Maps]:
    """Put the regions that follow from the framing before those that were found, in the mask too.

    Parameters
    ----------
    regions, maps
        What was found where both pictures have something to show.
    alignment : Alignment
    after : (height, width)
        Size of *after*.
    options : Options
        ``ignore``: where nothing is judged, nothing came or went either. ``min_area`` is heeded.

    Returns
    -------
    regions : tuple of Region
        Numbered anew, from 1.
    maps : Maps
        The given ones where nothing is added, else copies.
    """
    mask = maps.mask
    framed = [
        (box, there, kind)
        for box, there, kind in framing_regions(alignment, (mask.shape[0], mask.shape[1]), after, options.min_area)
        if not any(_holds(ignored, box) for ignored in options.ignore)
    ]
    if not framed:
        return regions, maps
    mask, heat = mask.copy(), maps.heat.copy()
    reduced = heat.shape[0] / mask.shape[0], heat.shape[1] / mask.shape[1]
    added = []
    for number, (box, there, kind) in enumerate(framed, start=1):
        mask[box.slices] = 255
        if alignment.same_scene is False:
            heat[:] = 255
        elif kind != "moved":
            top, left = int(box.y * reduced[0]), int(box.x * reduced[1])
            bottom, right = round((box.y + box.height) * reduced[0]), round((box.x + box.width) * reduced[1])
            heat[top : max(bottom, top + 1), left : max(right, left + 1)] = 255
        area = _area(box)
        added.append(Region(number, box, there, area, area / mask.size, 1.0, kind))
    rest = tuple(replace(region, id=region.id + len(added)) for region in regions)
    return (*added, *rest), Maps(mask, heat)


def _holds(outer: Box, inner: Box) -> bool:
    across = outer.x <= inner.x and inner.x + inner.width <= outer.x + outer.width
    return across and outer.y <= inner.y and inner.y + inner.height <= outer.y + outer.height


def places_in_after(places: Places, alignment: Alignment, before: tuple[int, ...]) -> Places | None:
    """Map places of *before* into *after*.

    Parameters
    ----------
    places : array (n, 2), float64
        x and y in pixels of *before*.
    alignment : Alignment
    before : (height, width) of *before*; what follows is ignored.

    Returns
    -------
    array (n, 2), float64, or None
        x and y in pixels of *after*, which may lie outside of it: NaN in rows that it lacks, None in another scene.
    """
    if not alignment.same_scene:
        return None
    if len(places) == 0:  # of which OpenCV makes None
        return places
    if not alignment.bands:
        return to_after(places, np.array(alignment.matrix), alignment.bend, before)
    there = np.full(places.shape, np.nan)
    for band in alignment.bands:
        inside = (places[:, 1] > band.before - 0.5) & (places[:, 1] <= band.before + band.length - 0.5)
        there[inside] = places[inside] + (0, band.after - band.before)
    return there


def box_in_after(box: Box, alignment: Alignment, before: Shape, after: Shape) -> Box:
    """Map a box of *before* into *after*, band by band where rows moved.

    Parameters
    ----------
    box : Box
        In pixels of *before*.
    alignment : Alignment
    before, after : (height, width)
        Sizes of the two pictures.

    Returns
    -------
    Box
        In pixels of *after*: the rectangle around it, cut to the frame, so maybe of width or height 0. Rows that only
        *before* has stay where they are.
    """
    if not alignment.bands:
        corners = to_after(corners_of(box), np.array(alignment.matrix), alignment.bend, before)
        return box_around(corners, after)
    spans = [span for band in alignment.bands if (span := _span(box, band)) is not None]
    if not spans:
        return box_around(corners_of(box), after)
    top, bottom = min(span[0] for span in spans), max(span[1] for span in spans)
    return Box(box.x, top, box.width, bottom - top)


def _span(box: Box, band: Band) -> tuple[int, int] | None:
    top, bottom = max(box.y, band.before), min(box.y + box.height, band.before + band.length)
    moved = band.after - band.before
    return (top + moved, bottom + moved) if top < bottom else None


def framing_regions(alignment: Alignment, before: Shape, after: Shape, min_area: int | None = None) -> list[Framed]:
    """List what came, went or moved as a whole.

    Parameters
    ----------
    alignment : Alignment
    before, after : (height, width)
        Sizes of the two pictures.
    min_area : int, optional
        Rows and parts of fewer pixels, in the picture that has more of them, are left out.

    Returns
    -------
    list of (box in *before*, box in *after*, kind)
        The whole frame for another scene ("changed") and for a mirror image ("moved"); rows, or parts at the right
        and bottom, that only one picture has ("added", "removed"). What the other picture does not have is a
        strip there, one pixel thin.
    """
    frames = Box(0, 0, before[1], before[0]), Box(0, 0, after[1], after[0])
    if not alignment.same_scene:
        return [(*frames, "changed")]
    if turn_of(np.array(alignment.matrix))[0]:
        return [(*frames, "moved")]
    found: list[Framed] = []
    if alignment.bands:
        found = _between_bands(alignment, before, after)
    elif alignment.matrix == IDENTITY and before != after:
        found = _beyond(before, after)
    return [(box, there, kind) for box, there, kind in found if max(_area(box), _area(there)) >= (min_area or 0)]


def _area(box: Box) -> int:
    return box.width * box.height


def _between_bands(alignment: Alignment, before: Shape, after: Shape) -> list[Framed]:
    """Give the rows between the bands; at the bottom of equally high pictures they were only pushed out of view."""
    found = []
    row, other = 0, 0
    for band in alignment.bands:
        found += _rows(row, band.before, other, band.after, before, after)
        row, other = band.before + band.length, band.after + band.length
    if before[0] != after[0]:
        found += _rows(row, before[0], other, after[0], before, after)
    return found


def _rows(top: int, bottom: int, other_top: int, other_bottom: int, before: Shape, after: Shape) -> list[Framed]:
    went, came = bottom - top, other_bottom - other_top
    if not went and not came:
        return []
    kind: Kind = "added" if not went else "removed" if not came else "changed"
    return [(_across(top, went, before), _across(other_top, came, after), kind)]


def _across(top: int, height: int, frame: Shape) -> Box:
    return Box(0, min(top, frame[0] - 1), frame[1], max(1, height))


def _beyond(before: Shape, after: Shape) -> list[Framed]:
    """Give the parts to the right of and below what both pictures have."""
    found = []
    height, width = min(before[0], after[0]), min(before[1], after[1])
    if before[1] != after[1]:
        kind: Kind = "added" if after[1] > before[1] else "removed"
        found.append((_right_of(width, before), _right_of(width, after), kind))
    if before[0] != after[0]:
        kind = "added" if after[0] > before[0] else "removed"
        found.append((_below(height, before), _below(height, after), kind))
    return found


def _right_of(width: int, frame: Shape) -> Box:
    left = min(width, frame[1] - 1)
    return Box(left, 0, frame[1] - left, frame[0])


def _below(height: int, frame: Shape) -> Box:
    top = min(height, frame[0] - 1)
    return Box(0, top, frame[1], frame[0] - top)
