"""Read off what colours became beyond exposure and light: the same colour, the same other one, in several places.

Cameras mix their channels, and inks on paper are not what a screen shows; no curve for each channel tells of that. A
change is in one place, and leaves what has the same colour elsewhere as it is.
"""

import math
from typing import Any, NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageFilter

from app.analysis.model import UInt8Array
from app.analysis.tone.information import cells
from app.analysis.tone.samples import Float, Index, Samples

FLAT = 0.4
"""Flatness from which a patch is of one colour."""
STEPS, ACROSS = 8, 8
"""Steps of the root of each channel, finer in the dark, by which colours are told apart, and cells of the picture each
way that vote on them."""
FEWEST_PATCHES, FEWEST_CELLS, SPREAD = 2, 3, 3
"""Patches without which a cell has no vote, votes without which nothing is known of a colour, and cells that lie
between the first and the last of them."""
AGREED = 6.0 / 255
"""How far votes may lie from their median, in the middle."""
LEAST, MOST = 2.0 / 255, 24.0 / 255
"""What a colour must become another by, and what is no camera's doing any more."""
RARE = 0.25
"""Share of the patches that may have other colours: what most of a picture became is exposure, or a change."""
NODES, REACH, DOUBT = 17, 0.07, 0.5
"""Nodes each way of the table of colours, how far from a colour, by those roots, it holds for others, and how many
votes outweigh doubt."""
LOOKED_UP = 1_500_000
"""Pixels from which on colours are looked up in the picture made smaller: each takes as long as ten of other steps."""
SURE_PATCHES, CHANGED, MISFIT = 4, 8.0 / 255, 0.9
"""Patches of a vote that noise moves little; what leaves more than that is changed; the quantile of what all leave."""


class Votes(NamedTuple):
    """What is left of a colour in a cell of the picture, one row each.

    Attributes:
        colour, cell, patches: shape (n,): numbers of both, and how many patches of the one are in the other.
        toned, left: shape (n, 3), 0 to 1: medians of what *after* was made of and of what that leaves of *before*.
    """

    colour: Index
    cell: Index
    patches: Index
    toned: Float
    left: Float


def votes_on_colours(seen: Samples, left: Float) -> Votes:
    """Sum up by colour and place what exposure and light leave.

    Parameters
    ----------
    seen : Samples
    left : array (n, 3), -1 to 1
        What they leave of each sample.

    Returns
    -------
    Votes
    """
    flat = seen.flatness > FLAT
    left = left[flat]
    toned = np.clip(seen.target[flat] - left, 0, 1)
    steps = np.minimum((np.sqrt(toned) * STEPS).astype(np.intp), STEPS - 1)
    colour = (steps[:, 0] * STEPS + steps[:, 1]) * STEPS + steps[:, 2]
    key: Index = colour * ACROSS**2 + cells(seen.positions[flat], ACROSS)
    found, patches = np.unique(key, return_counts=True)
    middle = np.cumsum(patches) - patches + patches // 2
    both = np.hstack([toned, left])
    medians = [values[np.lexsort((values, key))][middle] for values in both.T]
    table = np.stack(medians, axis=1)
    return Votes(found // ACROSS**2, found % ACROSS**2, patches, table[:, :3], table[:, 3:])


def misfit_of(votes: Votes) -> float:
    """Give what exposure and light leave of places that are not changed.

    Parameters
    ----------
    votes : Votes

    Returns
    -------
    float
        0 to 1; 0 where nothing is known.
    """
    left = np.abs(votes.left[votes.patches >= SURE_PATCHES]).max(axis=1, initial=0)
    left = left[left < CHANGED]
    return float(np.quantile(left, MISFIT)) if len(left) else 0.0


def colour_shifts(votes: Votes) -> Float | None:
    """Give what has to be added to colours, of the kind that the votes agree on.

    Parameters
    ----------
    votes : Votes

    Returns
    -------
    array (NODES, NODES, NODES, 3), -1 to 1, or None
        For colours at even steps of red, green and blue, 0 to 1; None when no colour became another one.
    """
    enough = votes.patches >= FEWEST_PATCHES
    each = (enough & (votes.colour == one) for one in np.unique(votes.colour))
    of = [rows for rows in each if _agree(votes.cell[rows], votes.left[rows])]
    if not of:
        return None
    shifts = np.stack([np.median(votes.left[rows], axis=0) for rows in of])
    moved = np.abs(shifts).max(axis=1) > LEAST
    patches = np.array([votes.patches[rows].sum() for rows in of])
    if not moved.any() or patches[moved].sum() > RARE * votes.patches.sum():
        return None
    centres = np.stack([votes.toned[rows].mean(axis=0) for rows in of])
    distance = ((np.sqrt(_table().reshape(-1, 1, 3)) - np.sqrt(centres)) ** 2).sum(axis=2)
    weight = np.exp(-distance / (2 * REACH**2)) * [rows.sum() for rows in of]
    return np.asarray((weight @ shifts / (weight.sum(axis=1, keepdims=True) + DOUBT)).reshape((NODES,) * 3 + (3,)))


def _agree(cell: Index, left: Float) -> bool:
    """Say whether cells far from each other say the same of what is left of a colour."""
    y, x = np.divmod(cell, ACROSS)
    if len(cell) < FEWEST_CELLS or max(np.ptp(x), np.ptp(y)) < SPREAD:
        return False
    middle = np.median(left, axis=0)
    return bool(np.median(np.abs(left - middle).max(axis=1)) <= AGREED and np.abs(middle).max() <= MOST)


def _table() -> Float:
    axis = np.linspace(0, 1, NODES)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)


def shifted(pixels: UInt8Array, shifts: Float) -> UInt8Array:
    """Add to each colour what a table says.

    Parameters
    ----------
    pixels : array (H, W, 3), uint8
        RGB.
    shifts : array (NODES, NODES, NODES, 3)
        As `colour_shifts` gives them.

    Returns
    -------
    array (H, W, 3), uint8
        A new one.
    """
    table = np.clip(_table() + shifts, 0, 1).transpose(2, 1, 0, 3)  # red runs fastest
    look_up = ImageFilter.Color3DLUT(NODES, table.ravel().tolist())
    height, width = pixels.shape[:2]
    factor = max(1, math.isqrt(height * width // LOOKED_UP))
    if factor == 1:
        return np.array(Image.fromarray(pixels).filter(look_up))
    small: Any = cv2.resize(pixels, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    found = np.asarray(Image.fromarray(small).filter(look_up))
    # What is added changes slowly from colour to colour, and so it does from place to place at the size that is judged.
    added = cv2.resize(cv2.subtract(found, small, dtype=cv2.CV_16S), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(pixels, added, dtype=cv2.CV_8U), np.uint8)
