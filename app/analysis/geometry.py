"""Plane geometry: 3x3 matrices that map pixel coordinates, pixel centres at whole numbers."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.model import Box, Matrix, UInt8Array

FloatMatrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]


def mapped(matrix: FloatMatrix, points: Points) -> Points:
    """Map points, shape (n, 2)."""
    there = cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), matrix)
    return np.asarray(there, np.float32).reshape(-1, 2)


def size_in_after(matrix: FloatMatrix, shape: tuple[int, ...]) -> float:
    """Give the length in *after* of a pixel in the middle of *before*."""
    x, y = shape[1] / 2, shape[0] / 2
    square = mapped(matrix, np.array([[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]], np.float32))
    return math.sqrt(abs(cv2.contourArea(square)))


def scaling(x: float, y: float) -> FloatMatrix:
    """Scale about pixel centres: pixel (0, 0) reaches from -0.5 to 0.5."""
    return np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]], np.float64)


def shifting(x: float, y: float) -> FloatMatrix:
    """Shift by so many pixels."""
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]], np.float64)


def frame_matrix(before: tuple[int, ...], after: tuple[int, ...]) -> FloatMatrix:
    """Lay the frame of *after* exactly over the frame of *before*."""
    return scaling(after[1] / before[1], after[0] / before[0])


def laid_over(picture: UInt8Array, matrix: FloatMatrix, shape: tuple[int, ...]) -> UInt8Array:
    """Resample a picture, (H, W) uint8, into a frame (height, width) whose pixels ``matrix`` maps into it."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpPerspective(picture, matrix, shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def shown_in(picture_shape: tuple[int, ...], matrix: FloatMatrix, shape: tuple[int, ...]) -> UInt8Array:
    """Mark with 255 what of a frame (height, width) a picture shows that is laid over it so; less along its border."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(np.full(picture_shape[:2], 255, np.uint8), matrix, shape[1::-1], flags=flags)
    return np.asarray(seen, np.uint8)


def to_full(points: Points, scale: tuple[float, float]) -> Points:
    """Bring points of a reduced picture to its full size."""
    return np.asarray((points + 0.5) / np.array(scale) - 0.5, np.float32)


def rows(matrix: FloatMatrix) -> Matrix:
    """Give a matrix as plain numbers, its last one 1."""
    a, b, c = [tuple(float(value) for value in row) for row in matrix / matrix[2, 2]]
    return (a, b, c)  # type: ignore[return-value]


def turn_of(matrix: FloatMatrix) -> tuple[bool, float]:
    """Say whether a matrix mirrors, and by how many degrees it turns clockwise (-180 to 180) besides.

    A mirrored one is taken as mirrored left to right first, then turned.
    """
    mirrored = float(np.linalg.det(matrix[:2, :2])) < 0
    across = matrix[:2, 0] * (-1 if mirrored else 1)
    return mirrored, math.degrees(math.atan2(across[1], across[0]))


def corners_apart(matrix: FloatMatrix, other: FloatMatrix, shape: tuple[int, ...]) -> float:
    """Give how far apart two matrices put the corners of a frame (height, width), across or down, in pixels."""
    corners = np.array([[x, y] for x in (0, shape[1] - 1) for y in (0, shape[0] - 1)], np.float32)
    return float(np.abs(mapped(matrix, corners) - mapped(other, corners)).max())


def corners_of(box: Box) -> FloatMatrix:
    """Give the corners (4, 2) of a box; boxes are areas, so edges lie half a pixel out."""
    left, top = box.x - 0.5, box.y - 0.5
    right, bottom = left + box.width, top + box.height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def box_around(corners: FloatMatrix, shape: tuple[int, int]) -> Box:
    """Give the box that four corners (4, 2) span, cut to a frame (height, width)."""
    quad = corners + 0.5
    # Cut before they become integers: near the horizon of a homography they may be larger than any.
    x0, y0 = np.clip(np.rint(quad.min(axis=0)), 0, [shape[1], shape[0]])
    x1, y1 = np.clip(np.rint(quad.max(axis=0)), 0, [shape[1], shape[0]])
    return Box(int(x0), int(y0), int(x1 - x0), int(y1 - y0))
