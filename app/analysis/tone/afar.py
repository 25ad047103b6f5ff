"""Tell from afar how far pictures are from each other: blur and compression lighten thin strokes as light would.

From afar strokes and paper have their mean light, which neither changes.
"""

from collections.abc import Sequence

import numpy as np

from app.analysis.model import UInt8Array
from app.analysis.resize import reduce_to_size, scaled_size
from app.analysis.sampling import strongest_difference

CAP = 20
"""Levels that a real change counts at most."""


def apart_from_afar(
    before: UInt8Array, others: Sequence[UInt8Array], valid: UInt8Array, scale: float
) -> tuple[float, ...]:
    """Give how far each of some pictures is from *before*, seen smaller.

    Parameters
    ----------
    before : array (H, W, 3), uint8
        RGB.
    others : sequence of array (H, W, 3), uint8
        RGB, in the frame of *before*.
    valid : array (H, W), uint8
        255 where something can be judged.
    scale : float
        How small they are seen, 0 to 1.

    Returns
    -------
    tuple of float
        Levels, 0 to 20: the mean of the strongest channel's difference. 0 where nothing can be judged.
    """
    size = scaled_size(valid.shape, scale)
    judged = np.asarray(reduce_to_size(valid, size)) == 255
    first = np.asarray(reduce_to_size(before, size))
    apart = (strongest_difference(first, np.asarray(reduce_to_size(other, size)))[judged] for other in others)
    return tuple(float(np.minimum(levels, CAP).mean()) if len(levels) else 0.0 for levels in apart)
