"""Every picture shows what it says, in its own frame, and carries nothing but pixels."""

import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from app.analysis.model import Alignment, Box, Maps
from app.analysis.reading.decode import decode
from app.analysis.render import NAMES, render
from app.errors import NotFound
from tests import picture_factory as make
from tests.analysis.pictures import picture
from tests.analysis.scenes import PHOTO, region, scene, shown

# --- all of them ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("style", ["boxes", "contours", "filled"])
def test_every_picture_opens_as_what_its_name_says(name: str, style: str) -> None:
    image = Image.open(io.BytesIO(render(name, scene(style=style))))
    assert image.format == {"png": "PNG", "gif": "GIF", "webp": "WEBP", "jpeg": "JPEG"}[name.rsplit(".")[-1]]
    image.load()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 5), (40, 33)])
def test_every_picture_can_be_made_of_tiny_images(name: str, size: tuple[int, int]) -> None:
    tiny = np.zeros((*size, 3), np.uint8)
    one = (region(1, Box(0, 0, 1, 1)),)
    maps = Maps(np.full(size, 255, np.uint8), np.full(size, 200, np.uint8))
    small = replace(scene(), before=picture(tiny), after=picture(tiny), alignment=Alignment(), regions=one, maps=maps)
    Image.open(io.BytesIO(render(name, small))).load()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_file_but_its_pixels_is_served(name: str) -> None:
    """GPS, camera, comments, profiles and what was appended are gone."""
    exif = make.exif(gps=True)
    jpeg = make.encode(PHOTO, "JPEG", exif=exif, icc_profile=make.srgb_profile(), comment=b"<?php evil(); ?>")
    before = decode(jpeg + b"<script>alert(1)</script>", name="before")
    served = render(name, replace(scene(), before=before, after=before))
    for trace in (b"Exif", b"SECRET", b"GPS", b"script", b"php", b"ICC", b"sRGB", b"http"):
        assert trace not in served
    image = Image.open(io.BytesIO(served))
    assert not image.getexif()
    assert "icc_profile" not in image.info


def test_an_unknown_name_is_not_found() -> None:
    with pytest.raises(NotFound, match="There is no picture of that name"):
        render("../../etc/passwd", scene())


# --- before, after, aligned -----------------------------------------------------------------------------------


def test_before_and_after_are_the_pixels_compared() -> None:
    given = scene()
    assert np.array_equal(shown("before.png", given), given.before.pixels)
    assert np.array_equal(shown("after.png", given), given.after.pixels)


def test_transparency_is_kept_and_over_white_looks_as_compared() -> None:
    alpha = np.random.default_rng(0).integers(0, 256, PHOTO.shape[:2], np.uint8)
    alpha[:40] = 0
    given = decode(make.encode(np.dstack([PHOTO, alpha])), name="before")
    rgba = shown("before.png", replace(scene(), before=given))
    assert np.array_equal(rgba[..., 3], alpha)
    weight = alpha[..., None] / 255
    assert np.abs(rgba[..., :3] * weight + 255 * (1 - weight) - given.pixels).max() <= 1
    opaque = alpha > 200
    assert np.abs(rgba[opaque][:, :3].astype(int) - PHOTO[opaque]).max() <= 1


def test_aligned_lies_over_before_and_is_transparent_where_nothing_is_known() -> None:
    rgba = shown("aligned.png", scene())
    assert rgba.shape == (400, 500, 4)
    assert np.array_equal(rgba[:390, :480, :3], PHOTO[:390, :480])
    assert rgba[:390, :480, 3].min() == 255
    assert rgba[395:, 490:, 3].max() == 0


def test_aligned_without_a_transform_is_after() -> None:
    given = scene(alignment=Alignment())
    assert np.array_equal(shown("aligned.png", given), given.after.pixels)


# --- the others -----------------------------------------------------------------------------------------------


def test_the_mask_is_exact() -> None:
    given = scene()
    assert np.array_equal(shown("mask.png", given), given.maps.mask)


def test_the_heat_map_is_dim_grey_where_nothing_differs_and_bright_where_it_does() -> None:
    given = scene()
    drawn = shown("heatmap.png", given).astype(int)
    assert drawn.shape == PHOTO.shape
    quiet = drawn[300:, :200]
    assert np.array_equal(quiet[..., 0], quiet[..., 2])
    assert quiet.max() <= 0.4 * 255 + 1
    assert drawn[105, 105].min() > 100
    brightness = drawn.sum(axis=2)
    assert brightness[90:120, 70:140].min() > brightness[300:, :200].max()


def test_a_reduced_heat_is_stretched_over_before() -> None:
    given = scene()
    small = cv2.resize(given.maps.heat, (125, 100), interpolation=cv2.INTER_AREA)
    drawn = shown("heatmap.png", replace(given, maps=Maps(given.maps.mask, small)))
    assert drawn.shape == PHOTO.shape


def test_side_by_side_shows_both_overlays_at_one_scale_with_a_gap() -> None:
    given = scene()
    drawn = shown("side-by-side.png", given)
    assert drawn.shape == (400, 500 + 16 + 500, 3)
    assert np.array_equal(drawn[:, :500], shown("overlay-before.png", given))
    assert np.array_equal(drawn[:, 516:], shown("overlay-after.png", given))
    assert (drawn[:, 500:516] == 245).all()


def test_side_by_side_of_two_sizes_pads_the_smaller() -> None:
    given = scene(after=PHOTO[:200, :300].copy(), alignment=Alignment())
    drawn = shown("side-by-side.png", replace(given, regions=()))
    assert drawn.shape == (400, 816, 3)
    assert (drawn[200:, 516:] == 245).all()


def test_side_by_side_of_large_images_stays_a_sane_size() -> None:
    """Reduced to 16 megapixels, with boxes where they belong and lines as thick as elsewhere."""
    large = np.zeros((4000, 5000, 3), np.uint8)
    given = replace(
        scene(large, alignment=Alignment(), thickness=4, color="#00ff00"),
        regions=(region(1, Box(1000, 2000, 800, 400)),),
    )
    drawn = shown("side-by-side.png", given)
    assert drawn.shape[0] * drawn.shape[1] < 16_200_000
    scale = drawn.shape[0] / 4000
    row = (drawn[round(2200 * scale), : drawn.shape[1] // 2] == (0, 255, 0)).all(axis=1)
    columns = np.flatnonzero(row)
    assert len(columns) == 8
    assert abs(columns[3] - 1000 * scale) <= 4
    assert abs(columns[4] - 1800 * scale) <= 4


def frames_of(gif: bytes) -> list[Any]:
    image: Any = Image.open(io.BytesIO(gif))
    assert image.info["loop"] == 0
    assert image.info["duration"] >= 300
    frames = []
    for index in range(image.n_frames):
        image.seek(index)
        frames.append(np.asarray(image.convert("RGB")).astype(int))
    return frames


def test_blink_shows_the_change_and_nothing_else_flickers() -> None:
    """Equal pixels are equal in both frames, also where after shows nothing and before stays."""
    given = scene()
    after = given.after.pixels.copy()
    after[87:137, 72:162] = (0, 255, 0)
    first, second = frames_of(render("blink.gif", replace(given, after=picture(after))))
    assert np.abs(first - PHOTO).mean() < 8
    assert np.abs(second[85:125, 65:145] - (0, 255, 0)).mean() < 10
    outside = np.ones(PHOTO.shape[:2], np.bool_)
    outside[78:132, 58:152] = False
    assert np.array_equal(first[outside], second[outside])


@pytest.mark.parametrize("size", [(900, 2400), (2400, 900)])
def test_blink_is_at_most_800_pixels_a_side(size: tuple[int, int]) -> None:
    large = cv2.resize(PHOTO, size[::-1])
    image = Image.open(io.BytesIO(render("blink.gif", scene(large, alignment=Alignment()))))
    assert max(image.size) == 800


def test_matches_show_both_images() -> None:
    drawn = shown("matches.png", scene())
    assert drawn.shape == (400, 1000, 3)


def test_a_large_png_is_still_exact() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    assert np.array_equal(shown("before.png", replace(scene(), before=picture(noise))), noise)


# --- card -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(400, 500), (3000, 900), (60, 2000)])
def test_the_card_holds_the_marked_pair_whole(size: tuple[int, int]) -> None:
    """1200 × 630, before left and after right, whatever their shape."""
    white, black = (np.full((*size, 3), level, np.uint8) for level in (255, 0))
    card = shown("card.jpeg", replace(scene(), before=picture(black), after=picture(white), regions=())).astype(int)
    assert card.shape == (630, 1200, 3)
    dark = card.sum(2) < 200
    rows, columns = dark.any(1).sum(), dark.any(0).sum()
    assert columns / rows == pytest.approx(size[1] / size[0], rel=0.05)
    assert not dark[:, 600:].any()
    assert (card[:, 600:].sum(2) > 755).any()
