"""What samples tell of exposure and light: how much each does, and whether all of them do enough."""

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import UInt8Array
from app.analysis.sampling import BRIGHT, stride_for, strongest_channel, strongest_difference, worst_channel
from app.analysis.tone.samples import MOST_DARK, RINGING, Float, Index, Marks, Samples

RARITY = 0.75
ALL_OVER = 12
"""Cells of 8 × 8 over the picture from which on something is found all over."""
ACROSS = 16
"""Cells across the picture, of which 3 × 3 are around a sample ..."""
FAR, MOSTLY = 20.0, 0.5
"""... in which light differs by fewer levels than this; and the share of those around that shows what light did."""
FEWEST, CROSS = 3, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
"""Samples of paper without which a cell says nothing; a cell and the four beside it."""
OUTVOTED = 0.2
"""Share of what tells up to which a robust fit is not pulled."""
TURNS = 24
"""A level up to here may round to itself in another light."""
FEW = 0.005
"""Share of patches that may hold a change: more of them, in both pictures, are a tone of their own."""
SPAN = 12.0
"""Levels that the tones of a picture must span before light is fitted to them."""


def information_in(seen: Samples) -> Float:
    """Weigh samples by what they say: flat ones most, nothing such as are clipped in both images alike.

    Nor do those that left the limit amid such as stayed at it, which no light does, as it changes slowly; a few of them
    are outvoted anyway, but on a drawing they may be most of what tells.

    Parameters
    ----------
    seen : Samples

    Returns
    -------
    array (n,), 0 to 1
    """
    target, source = seen.target, seen.source
    limits = (BRIGHT - RINGING) / 255, seen.bright[1] - RINGING / 255
    bright = target >= limits[0], source >= limits[1]
    dark = target <= MOST_DARK, source <= MOST_DARK
    held = np.logical_and(*seen.bounds)
    information = np.where(_all_of((bright[0] & bright[1]) | (dark[0] & dark[1]) | held), 0.0, seen.flatness)
    alone = _alone(bright, seen.positions) | _alone(dark, seen.positions)
    alone &= ~_all_of(np.abs(target - source) <= FAR / 255)
    return np.where(alone, 0.0, information) if information[alone].sum() > OUTVOTED * information.sum() else information


def behind_an_edge(seen: Samples, information: Float, left: Float) -> Marks:
    """Mark the part of the paper that is darker in one image, from its edge on, where a tone map takes that away.

    Clipped paper allows any exposure that makes it brighter still; light begins where paper leaves the limit, but what
    was painted on it has an edge. Paper that left the limit alone, and therefore does not tell, is left out.

    Parameters
    ----------
    seen : Samples
    information : array (n,), 0 to 1
        How much each sample tells, as `information_in` gives it.
    left : array (n, 3), 0 to 1
        What the tone map leaves of each.

    Returns
    -------
    array (n,), bool
        Of neither, one or both images; none is marked where few of the edges are explained.
    """
    explained = worst_channel(left) < FAR / 2 / 255
    sides = (seen.target, seen.bright[0]), (seen.source, seen.bright[1])
    return np.asarray(
        _dark_part(*sides, seen.positions, information, explained)
        | _dark_part(*sides[::-1], seen.positions, information, explained)
    )


def _dark_part(
    here: tuple[Float, float], there: tuple[Float, float], positions: Float, information: Float, explained: Marks
) -> Marks:
    """Mark what is clipped paper here and darker there, if most of its edges are explained; levels and their limits."""
    paper, at_limit = (_all_of(levels >= limit - RINGING / 255) for levels, limit in (here, there))
    dark = paper & ~at_limit & (information > 0)
    cell = cells(positions, ACROSS)

    def count(which: Marks) -> Float:
        counts = np.bincount(cell[which], minlength=ACROSS**2)
        return np.asarray(counts.reshape(ACROSS, ACROSS), np.float64)

    lit, shaded = count(paper & at_limit), count(dark)
    beside = cv2.dilate(((lit > shaded) & (lit >= FEWEST)).astype(np.uint8), CROSS) > 0
    edge = beside & (shaded >= lit) & (shaded >= FEWEST)
    hidden = count(dark & explained & (there[0].mean(axis=1) < there[1] - FAR / 255))
    if paper.mean() > MOSTLY and edge.any() and (hidden[edge] > MOSTLY * shaded[edge]).mean() >= MOSTLY:
        return dark
    return np.zeros_like(dark)


def _all_of(channels: npt.ArrayLike) -> Marks:
    return np.asarray(np.all(channels, axis=1), np.bool_)


def _alone(at_limit: tuple[Marks, Marks], positions: Float) -> Marks:
    """Mark samples at a limit in one image only, where most of those around that are at it there are so in both."""
    was, now = _all_of(at_limit[0]), _all_of(at_limit[1])
    cell = cells(positions, ACROSS)

    def around(which: Marks) -> Float:
        counts = np.bincount(cell, which, minlength=ACROSS**2).reshape(ACROSS, ACROSS)
        total = cv2.boxFilter(counts, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(total.ravel()[cell], np.float64)

    stayed = around(was & now)
    return (was & ~now & (stayed > MOSTLY * around(was))) | (now & ~was & (stayed > MOSTLY * around(now)))


def rarity(seen: Samples, information: Float) -> Float:
    """Weigh rare levels up, so that the ink on a page counts beside its paper, if they are found all over.

    A level that is seen in a few places only may be a real change itself. Clipped paper is not rare, though only those
    patches of it tell where noise or ringing took it off the limit.

    Parameters
    ----------
    seen : Samples
    information : array (n,), 0 to 1
        How much each sample tells, as `information_in` gives it.

    Returns
    -------
    array (n,), above 0
        A factor on what each tells.
    """
    levels = np.minimum(seen.source.mean(axis=1) * 20, 19).astype(np.intp)
    share = np.bincount(levels, seen.flatness, minlength=20) / seen.flatness.sum()
    cell = cells(seen.positions)
    found = np.bincount(levels * 64 + cell, information, minlength=20 * 64).reshape(20, 64) > 0.5
    spread = np.minimum(1, found.sum(axis=1) / ALL_OVER) ** 2
    return np.asarray((spread / np.maximum(share, 0.002) ** RARITY + 1e-3)[levels])


def widespread(information: Float, positions: Float) -> bool:
    """Say whether many samples tell, and all over: those of a few places may just as well be real changes.

    Parameters
    ----------
    information : array (n,), 0 to 1
        How much each sample tells.
    positions : array (n, 2), 0 to 1
        x and y over the picture.

    Returns
    -------
    bool
    """
    cell = cells(positions)
    total = np.bincount(cell, minlength=64)
    share = np.bincount(cell, information, minlength=64) / np.maximum(total, 1)
    return bool(information.mean() >= 0.02 and (share[total > 0] > 0.02).mean() > 0.2)


def cells(positions: Float, across: int = 8) -> Index:
    """Number the cells of the picture in which positions lie.

    Parameters
    ----------
    positions : array (n, 2), 0 to 1
        x and y over the picture.
    across : int
        Cells each way.

    Returns
    -------
    array (n,), intp
        0 to across² - 1, row by row.
    """
    columns, rows = np.minimum(positions * across, across - 1).astype(np.intp).T
    return np.asarray(columns + across * rows, np.intp)


def untouched(before: UInt8Array, after: UInt8Array, valid: UInt8Array) -> bool:
    """Say whether many pixels are exactly equal: no exposure leaves them so, unless they are clipped or dark.

    Parameters
    ----------
    before, after : array (H, W, 3), uint8
        RGB in one frame; of large ones every few rows and columns are looked at.
    valid : array (H, W), uint8
        0 where nothing can be judged.

    Returns
    -------
    bool
    """
    step = stride_for(valid.size, 200_000)
    a, b = (np.ascontiguousarray(image[::step, ::step]) for image in (before, after))
    high = strongest_channel(a)
    informative = (valid[::step, ::step] > 0) & (high < BRIGHT) & (high > TURNS)
    count = int(informative.sum())
    equal = strongest_difference(a, b) == 0
    return count > 0 and int(equal[informative].sum()) > 0.25 * count


def too_plain(seen: Samples, information: Float) -> bool:
    """Say whether one tone is all there is: whether that was lit otherwise or painted, nobody can know.

    Beside the tones that tell how they changed, those of both pictures count, as ink is seldom flat and black is black
    in any light.

    Parameters
    ----------
    seen : Samples
    information : array (n,), 0 to 1
        How much each sample tells, as `information_in` gives it.

    Returns
    -------
    bool
        True, too, where nothing tells.
    """
    if not information.any():
        return True
    told = _tones(seen.source[information > 0.1], 0.02)
    return max(told, min(_tones(seen.target, FEW), _tones(seen.source, FEW))) < SPAN


def _tones(colours: Float, beside: float) -> float:
    """Give the levels between the darkest and the brightest patches, but for a share at either end."""
    return float(np.ptp(np.quantile(colours.mean(axis=1), [beside, 1 - beside]))) * 255 if len(colours) else 0.0


def span_of(source: Float, information: Float) -> tuple[float, float]:
    """Give the levels between which the samples that tell most lie, but for two in a hundred at either end.

    Parameters
    ----------
    source : array (n, 3), 0 to 1
        Mean colours in *after*.
    information : array (n,), 0 to 1
        How much each sample tells, some of them more than 0.

    Returns
    -------
    low, high : float
        0 to 1.
    """
    grey = source.mean(axis=1)[information > min(0.1, information.max() / 2)]
    low, high = np.quantile(grey, [0.02, 0.98]).tolist()
    return low, high
