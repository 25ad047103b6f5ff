"""A smooth bend of a picture: a polynomial that says how far each place moves before a matrix maps it."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.geometry import FloatMatrix
from app.analysis.model import Bend

DEGREE = 4
EXPONENTS = tuple((i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i))
STEP = 8
"""Pixels between the places where a map is computed; it is smooth in between."""
Float = npt.NDArray[np.float64]
RemapGrids = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


def terms(places: npt.NDArray[Any], shape: tuple[int, ...]) -> Float:
    """Give u^i v^j for each of `EXPONENTS` at some places, where u and v run from -1 to 1 over a frame.

    Parameters
    ----------
    places : array (n, 2)
        x and y in pixels.
    shape : (height, width) of the frame; what follows is ignored.

    Returns
    -------
    array (n, 15), float64
    """
    across, down = ((places + 0.5) / np.array(shape[1::-1]) * 2 - 1).T
    u, v = (np.vander(axis, DEGREE + 1, increasing=True) for axis in (across, down))
    return np.stack([u[:, i] * v[:, j] for i, j in EXPONENTS], axis=1)


def moved(bend: Bend, places: npt.NDArray[Any], shape: tuple[int, ...]) -> Float:
    """Give how far a bend moves places of a frame.

    Parameters
    ----------
    bend : Bend
        Not empty: weights (x, y) for each of `EXPONENTS`, in widths and heights of the frame.
    places : array (n, 2)
        x and y in pixels.
    shape : (height, width) of the frame; what follows is ignored.

    Returns
    -------
    array (n, 2), float64
        x and y in pixels.
    """
    return np.asarray(terms(places, shape) @ np.array(bend) * np.array(shape[1::-1]), np.float64)


def to_after(places: npt.NDArray[Any], matrix: FloatMatrix, bend: Bend, shape: tuple[int, ...]) -> Float:
    """Map places of *before* by its bend, if there is one, and then by the matrix.

    Parameters
    ----------
    places : array (n, 2), n at least 1
        x and y in pixels of *before*.
    matrix : array (3, 3), float64
        Maps bent *before* to *after*.
    bend : Bend
        Empty for none.
    shape : (height, width) of *before*; what follows is ignored.

    Returns
    -------
    array (n, 2), float64
        x and y in pixels of *after*.
    """
    bent = places + moved(bend, places, shape) if bend else places
    return np.asarray(cv2.perspectiveTransform(np.asarray(bent, np.float64)[None], matrix)[0], np.float64)


def bent_map(matrix: FloatMatrix, bend: Bend, shape: tuple[int, ...], rows: tuple[int, int]) -> RemapGrids:
    """Say where each pixel of some rows of *before* lies in *after*.

    Parameters
    ----------
    matrix : array (3, 3), float64
        Maps bent *before* to *after*.
    bend : Bend
        Empty for none.
    shape : (height, width) of *before*; what follows is ignored.
    rows : (first, end)
        The end is not included.

    Returns
    -------
    x, y : array (end - first, width), float32
        In pixels of *after*, as ``cv2.remap`` takes them; linear between places 8 pixels apart.
    """
    width = shape[1]
    top, end = rows
    # Nodes lie in the middle of blocks, one block beyond the rows and the frame on every side.
    x = (np.arange(-1, -(-width // STEP) + 1) + 0.5) * STEP - 0.5
    y = top + (np.arange(-1, -(-(end - top) // STEP) + 1) + 0.5) * STEP - 0.5
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    there = to_after(places, matrix, bend, shape).reshape(len(y), len(x), 2).astype(np.float32)
    size = len(x) * STEP, len(y) * STEP
    full: Any = cv2.resize(there, size, interpolation=cv2.INTER_LINEAR)[STEP : STEP + end - top, STEP : STEP + width]
    return np.ascontiguousarray(full[..., 0]), np.ascontiguousarray(full[..., 1])
