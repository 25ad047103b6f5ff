"""Plane geometry: 3x3 matrices that map pixel coordinates, pixel centres at whole numbers."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, Matrix, UInt8Array

FloatMatrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]


def mapped(matrix: FloatMatrix, points: Points) -> Points:
    """Map points by a matrix.

    Parameters
    ----------
    matrix : array (3, 3), float64
    points : array (n, 2)
        x and y in pixels.

    Returns
    -------
    array (n, 2), float32
    """
    if not len(points):  # OpenCV gives None
        return np.empty((0, 2), np.float32)
    there = cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), matrix)
    return np.asarray(there, np.float32).reshape(-1, 2)


def size_in_after(matrix: FloatMatrix, shape: tuple[int, ...]) -> float:
    """Give the length in *after* of a pixel in the middle of *before*.

    Parameters
    ----------
    matrix : array (3, 3), float64
        Maps *before* to *after*.
    shape : (height, width) of *before*; what follows is ignored.

    Returns
    -------
    float
        In pixels of *after*, 0 and up: the side of a square of its area.
    """
    x, y = shape[1] / 2, shape[0] / 2
    square = mapped(matrix, np.array([[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]], np.float32))
    return math.sqrt(abs(cv2.contourArea(square)))


def scaling(x: float, y: float) -> FloatMatrix:
    """Scale about pixel centres: pixel (0, 0) reaches from -0.5 to 0.5.

    Parameters
    ----------
    x, y : float
        Factor across and down.

    Returns
    -------
    array (3, 3), float64
    """
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]], np.float64)


def shifting(x: float, y: float) -> FloatMatrix:
    """Shift by so many pixels.

    Parameters
    ----------
    x, y : float
        Pixels to the right and down.

    Returns
    -------
    array (3, 3), float64
    """
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def frame_matrix(before: tuple[int, ...], after: tuple[int, ...]) -> FloatMatrix:
    """Lay the frame of *after* exactly over the frame of *before*.

    Parameters
    ----------
    before, after : (height, width) of each; what follows is ignored.

    Returns
    -------
    array (3, 3), float64
        Maps *before* to *after*.
    """
    return scaling(after[1] / before[1], after[0] / before[0])


def laid_over(picture: UInt8Array, matrix: FloatMatrix, shape: tuple[int, ...]) -> UInt8Array:
    """Resample a picture into a frame, linearly.

    Parameters
    ----------
    picture : array (H, W), uint8
    matrix : array (3, 3), float64
        Maps the frame to the picture.
    shape : (height, width) of the frame.

    Returns
    -------
    array (height, width), uint8
        Beyond its border the picture goes on as it ends.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(picture, matrix, shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def shown_in(picture_shape: tuple[int, ...], matrix: FloatMatrix, shape: tuple[int, ...]) -> UInt8Array:
    """Mark what of a frame a picture shows that is laid over it.

    Parameters
    ----------
    picture_shape : (height, width) of the picture; what follows is ignored.
    matrix : array (3, 3), float64
        Maps the frame to the picture.
    shape : (height, width) of the frame.

    Returns
    -------
    array (height, width), uint8
        255 where it does, 0 where it does not, something between along its border.
    """
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(np.full(picture_shape[:2], 255, np.uint8), matrix, shape[1::-1], flags=flags)
    return np.asarray(seen, np.uint8)


def to_full(points: Points, scale: tuple[float, float]) -> Points:
    """Bring points of a reduced picture to its full size.

    Parameters
    ----------
    points : array (n, 2), float32
        x and y in pixels of the reduced picture.
    scale : (x, y)
        Reduced pixels per full pixel.

    Returns
    -------
    array (n, 2), float32
        In pixels of the full picture.
    """
    return np.asarray((points + 0.5) / np.array(scale) - 0.5, np.float32)


def rows(matrix: FloatMatrix) -> Matrix:
    """Give a matrix as plain numbers.

    Parameters
    ----------
    matrix : array (3, 3)
        Its last number is not 0.

    Returns
    -------
    Matrix
        Divided by its last number, which is 1 then.
    """
    a, b, c = [tuple(float(value) for value in row) for row in matrix / matrix[2, 2]]
    return (a, b, c)  # type: ignore[return-value]


def turn_of(matrix: FloatMatrix) -> tuple[bool, float]:
    """Say whether a matrix mirrors, and by how many degrees it turns besides.

    Parameters
    ----------
    matrix : array (3, 3)

    Returns
    -------
    mirrored : bool
    degrees : float
        -180 to 180, clockwise as y points down; a mirrored one is taken as mirrored left to right first, then turned.
    """
    mirrored = float(np.linalg.det(matrix[:2, :2])) < 0
    across = matrix[:2, 0] * (-1 if mirrored else 1)
    return mirrored, math.degrees(math.atan2(across[1], across[0]))


def corners_apart(matrix: FloatMatrix, other: FloatMatrix, shape: tuple[int, ...]) -> float:
    """Give how far apart two matrices put the corners of a frame.

    Parameters
    ----------
    matrix, other : array (3, 3), float64
    shape : (height, width) of the frame; what follows is ignored.

    Returns
    -------
    float
        In pixels, across or down, of the corner that is farthest off.
    """
    corners = np.array([[x, y] for x in (0, shape[1] - 1) for y in (0, shape[0] - 1)], np.float32)
    return float(np.abs(mapped(matrix, corners) - mapped(other, corners)).max())


def corners_of(box: Box) -> FloatMatrix:
    """Give the corners of a box; boxes are areas, so edges lie half a pixel out.

    Parameters
    ----------
    box : Box

    Returns
    -------
    array (4, 2), float64
        x and y in pixels, clockwise from the top left.
    """
    left, top = box.x - 0.5, box.y - 0.5
    right, bottom = left + box.width, top + box.height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def box_around(corners: FloatMatrix, shape: tuple[int, int]) -> Box:
    """Give the box that four corners span, cut to a frame.

    Parameters
    ----------
    corners : array (4, 2), float64
        x and y in pixels, as `corners_of` gives them.
    shape : (height, width) of the frame.

    Returns
    -------
    Box
        Of width or height 0 where it lies outside of the frame.
    """
    quad = corners + 0.5
    # Cut before they become integers: near the horizon of a homography they may be larger than any.
    x0, y0 = np.clip(np.rint(quad.min(axis=0)), 0, [shape[1], shape[0]])
    x1, y1 = np.clip(np.rint(quad.max(axis=0)), 0, [shape[1], shape[0]])
    return Box(int(x0), int(y0), int(x1 - x0), int(y1 - y0))
