"""A picture made smaller without smoothing loses thin lines here and there: *before* is made to lose the same."""

from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.alignment.align import frame_matrix
from app.analysis.alignment.coarsening import coarsened
from app.analysis.alignment.warping import warp_to_before
from app.analysis.encoding import encode_png
from app.analysis.evaluate import evaluate
from app.analysis.geometry import rows
from app.analysis.model import Alignment, Band
from tests.analysis.pictures import encoded

KERNELS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
}


def page() -> Any:
    """Draw a dialog: small text and lines one pixel wide, which is what resampling is hardest on."""
    image = np.full((480, 640, 3), 246, np.uint8)
    for row in range(14):
        cv2.putText(
            image, f"Setting {row * 37 % 91} of the panel, value {row * 53 % 89}", (24, 40 + 30 * row), 0, 0.45, 40
        )
        cv2.line(image, (20, 48 + 30 * row), (620, 48 + 30 * row), (170, 180, 200), 1)
    for x in range(420, 620, 12):
        cv2.rectangle(image, (x, 20), (x + 7, 440), (90, 120, 200), 1)
    return image


def smaller(image: Any, factor: float, kernel: str) -> Any:
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    return cv2.resize(image, size, interpolation=KERNELS[kernel])


def laid(before: Any, after: Any) -> Alignment:
    return Alignment("similarity", rows(frame_matrix(before.shape, after.shape)))


@pytest.mark.parametrize("factor", [0.55, 0.67, 0.8, 0.9])
@pytest.mark.parametrize("kernel", ["linear", "cubic", "area"])
def test_a_dialog_made_smaller_is_the_same(kernel: str, factor: float) -> None:
    """As most programs do it, by linear interpolation, up to seventeen boxes were found in it."""
    before = page()
    result = evaluate(encode_png(before), encode_png(smaller(before, factor, kernel)))
    assert (result.verdict, result.regions) == ("equivalent", ())


@pytest.mark.parametrize("kernel", ["linear", "cubic", "area"])
def test_what_was_changed_in_it_is_found(kernel: str) -> None:
    before, changed = page(), page()
    cv2.rectangle(changed, (300, 205), (330, 225), (246, 246, 246), -1)
    cv2.putText(changed, "77", (302, 222), 0, 0.6, (200, 30, 30), 2)
    (region,) = evaluate(encode_png(before), encode_png(smaller(changed, 0.67, kernel))).regions
    assert 295 < region.before.x < 310
    assert 200 < region.before.y < 215
    assert region.before.x + region.before.width < 340


@pytest.mark.parametrize("quality", [90, 80])
def test_compression_of_a_smaller_picture_is_no_change(quality: int) -> None:
    """Enlarged to the size of *before*, ringing and blocks of a JPEG were larger than they are looked for: 40 boxes."""
    before = page()
    after = encoded(smaller(before, 0.6, "linear"), quality)
    assert evaluate(encode_png(before), after).regions == ()


@pytest.mark.parametrize("way", ["as it is", "darker", "changed in places", "blurred in places", "turned"])
@pytest.mark.parametrize("kernel", ["nearest", "linear", "cubic"])
def test_before_loses_what_after_lost(kernel: str, way: str) -> None:
    """In another exposure, beside changes and turned, too."""
    before = page()
    alignment = laid(before, smaller(before, 0.67, kernel))
    after = smaller(before, 0.67, kernel)
    if way == "turned":
        matrix = np.vstack([cv2.getRotationMatrix2D((320, 240), 2.0, 0.7), [0, 0, 1]])
        alignment = Alignment("similarity", rows(matrix))
        after = cv2.warpPerspective(before, matrix, (640, 480), flags=KERNELS[kernel])
    elif kernel == "nearest":  # OpenCV takes the pixel at or before the place, not the nearest to its middle
        matrix = np.diag([before.shape[1] / after.shape[1], before.shape[0] / after.shape[0], 1.0])
        matrix[:2, 2] = -0.499
        alignment = Alignment("similarity", rows(np.linalg.inv(matrix)))
    expected, valid = warp_to_before(after, alignment, before.shape[:2])
    if way == "darker":
        after = cv2.convertScaleAbs(after, alpha=0.8, beta=5)
    if way == "changed in places":
        after[40:110, 30:160] = 20
    if way == "blurred in places":  # smoothing explains that best, and it leaves the most
        after[20:200, 10:400] = cv2.GaussianBlur(after[20:200, 10:400], (0, 0), 2.0)
    coarse = coarsened(before, after, alignment)
    assert coarse is not None
    inner = cv2.erode(valid, np.ones((9, 9), np.uint8)) > 0
    apart, unlike = (np.abs(image.astype(int) - expected)[inner].mean() for image in (coarse, before))
    assert apart < 0.05 * unlike


def test_a_photo_loses_all_over_what_the_kernel_loses() -> None:
    before = cv2.resize(data.astronaut(), (900, 700), interpolation=cv2.INTER_CUBIC)
    after = smaller(before, 0.7, "cubic")
    alignment = laid(before, after)
    whole = cv2.warpPerspective(before, np.array(alignment.matrix), after.shape[1::-1], flags=cv2.INTER_CUBIC)
    expected = warp_to_before(whole, alignment, before.shape[:2])[0]
    coarse = coarsened(before, after, alignment)
    assert coarse is not None
    assert cv2.absdiff(coarse, expected)[8:-8, 8:-8].max() <= 2


def test_after_may_show_more_than_before() -> None:
    """On one side of it there is nothing to look at."""
    before = page()
    matrix = np.array([[0.7, 0, 100.0], [0, 0.7, 300.0], [0, 0, 1]])
    after = cv2.warpPerspective(before, matrix, (640, 800), flags=cv2.INTER_LINEAR)
    alignment = Alignment("similarity", rows(matrix))
    coarse = coarsened(before, after, alignment)
    assert coarse is not None
    assert coarse.shape == before.shape
    assert cv2.absdiff(coarse, warp_to_before(after, alignment, before.shape[:2])[0])[4:-4, 4:-4].max() <= 2


@pytest.mark.parametrize("smoothed", ["area", "camera"])
def test_what_was_smoothed_is_compared_as_it_is(smoothed: str) -> None:
    """Documents photographed by hand were flagged when *before* was smoothed as well, and less than a camera does."""
    before = page()
    seen = before if smoothed == "area" else cv2.GaussianBlur(before, (0, 0), 1.4)
    after = smaller(seen, 0.67, "area" if smoothed == "area" else "linear")
    assert coarsened(before, after, laid(before, after)) is None


@pytest.mark.parametrize("factor", [0.98, 1.0, 1.3])
def test_nothing_is_done_where_after_is_not_smaller(factor: float) -> None:
    before = page()
    after = smaller(before, factor, "linear")
    assert coarsened(before, after, laid(before, after)) is None


def test_nothing_is_done_beyond_a_horizon() -> None:
    """Seen at a slant that steep, squares of *after* reach to where no place of *before* is."""
    before = page()
    matrix = np.array([[1.4, 0, 0], [0, 1.2, 0], [0, 0.003, 1]])
    after = cv2.warpPerspective(before, matrix, (640, 480), flags=cv2.INTER_LINEAR)
    assert coarsened(before, after, Alignment("homography", rows(matrix))) is None


def test_nothing_is_done_where_nothing_tells() -> None:
    before = page()
    after = smaller(before, 0.7, "linear")
    alignment = laid(before, after)
    flat = np.full_like(before, 200)
    assert coarsened(flat, smaller(flat, 0.7, "linear"), alignment) is None
    assert coarsened(before, after, Alignment(matrix=alignment.matrix, same_scene=False)) is None
    assert coarsened(before, after, Alignment(matrix=alignment.matrix, bands=(Band(0, 0, 10),))) is None


def thumbnail(image: Any, factor: float) -> bytes:
    return encoded(smaller(image, factor, "area"), 88)


@pytest.mark.parametrize("factor", [0.2, 0.25, 0.3, 0.35])
def test_a_thumbnail_is_the_same(factor: float) -> None:
    """Judged at two fifths of the size of *before*, its compression looked like things."""
    before = page()
    result = evaluate(encode_png(before), thumbnail(before, factor))
    assert (result.verdict, result.regions) == ("equivalent", ())


def test_what_a_thumbnail_shows_to_be_changed_is_found() -> None:
    before, changed = page(), page()
    cv2.rectangle(changed, (300, 205), (350, 235), (30, 60, 200), -1)
    (region,) = evaluate(encode_png(before), thumbnail(changed, 0.3)).regions
    assert abs(region.before.x - 300) <= 6 and abs(region.before.y - 205) <= 6
    assert abs(region.before.width - 51) <= 13 and abs(region.before.height - 31) <= 13
