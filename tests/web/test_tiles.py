"""Tiles of large pictures: the very pixels, from a picture that is unpacked once and goes with its evaluation."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.store import LEFTOVER_SECONDS
from app.web import tiles
from app.web.services import Services
from tests.picture_factory import encode, photo


def compare(client: FlaskClient, before: Any, after: Any) -> dict[str, Any]:
    files = {"before": (io.BytesIO(encode(before)), "a.png"), "after": (io.BytesIO(encode(after)), "b.png")}
    answer = client.post("/api/evaluations", data=files)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


@pytest.fixture
def pair() -> tuple[Any, Any]:
    """More than one tile each way; the second has a red square more."""
    before = photo(600, 700)
    after = before.copy()
    after[200:260, 300:380] = (220, 30, 40)
    return before, after


def get(client: FlaskClient, evaluation: dict[str, Any], path: str) -> Any:
    answer = client.get(f"/api/evaluations/{evaluation['id']}/tiles/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "image/webp"
    return np.asarray(Image.open(io.BytesIO(answer.data)))


def test_tiles_are_cut_from_the_pictures_themselves(client: FlaskClient, pair: tuple[Any, Any]) -> None:
    """Lossless at level 0, half the size at level 1, the mask in grey; whatever the name, in the right frame."""
    before, after = pair
    evaluation = compare(client, before, after)
    assert np.array_equal(get(client, evaluation, "before/0/0/0"), before[:512, :512])
    assert np.array_equal(get(client, evaluation, "after/0/1/1"), after[512:, 512:])
    assert np.array_equal(get(client, evaluation, "aligned/0/0/0"), after[:512, :512])
    assert get(client, evaluation, "before/1/0/0").shape == (300, 350, 3)
    mask = get(client, evaluation, "mask/0/0/0")[..., 0]
    assert mask[230, 340] == 255
    assert mask[20, 20] == 0


def test_a_picture_is_unpacked_once(client: FlaskClient, services: Services, pair: tuple[Any, Any]) -> None:
    """And an after that lies in place already is not unpacked again as the aligned one."""
    evaluation = compare(client, *pair)
    work: list[str] = []
    call = services.call
    services.call = lambda function, *args, seconds: (work.append(function.__name__), call(function, *args, seconds=1))
    for path in ("after/0/0/0", "after/0/1/0", "aligned/0/0/0", "aligned/1/0/0"):
        get(client, evaluation, path)
    assert work == ["unpack_picture"]


def test_unpacked_pixels_go_with_the_evaluation(client: FlaskClient, services: Services, pair: tuple[Any, Any]) -> None:
    """At once on deletion; else the sweep takes them like any leftover, and they come again when asked for."""
    evaluation = compare(client, *pair)
    tile = get(client, evaluation, "before/0/0/0")
    (folder,) = services.store.work.glob("pixels-*")
    later = folder.stat().st_mtime + LEFTOVER_SECONDS + 1
    services.store._clock = lambda: later
    services.store.expire()
    assert not folder.exists()
    assert np.array_equal(get(client, evaluation, "before/0/0/0"), tile)
    assert client.delete(f"/api/evaluations/{evaluation['id']}").status_code == 204
    assert list(services.store.work.glob("pixels-*")) == []
    assert client.get(f"/api/evaluations/{evaluation['id']}/tiles/before/0/0/0").status_code == 404


def test_only_so_many_pictures_are_unpacked_at_a_time(
    client: FlaskClient, services: Services, pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest makes room."""
    monkeypatch.setattr(tiles, "KEPT", 2)
    evaluation = compare(client, *pair)
    for name in ("before", "after", "mask"):
        get(client, evaluation, f"{name}/0/0/0")
    assert len(list(services.store.work.glob("pixels-*"))) == 2


def test_others_may_remove_unpacked_pictures_at_any_moment(
    client: FlaskClient, services: Services, pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the list of them and a look at one, or before who unpacked a picture has cut its tile."""
    evaluation = compare(client, *pair)
    (services.store.work / "pixels-listed-and-gone").symlink_to("nowhere")
    monkeypatch.setattr(tiles, "KEPT", 0)
    assert np.array_equal(get(client, evaluation, "before/0/0/0"), pair[0][:512, :512])


@pytest.mark.parametrize(
    "path", ["heat/0/0/0", "before/3/0/0", "before/0/2/0", "before/0/0/9", "before/0/99999999999/0"]
)
def test_there_is_nothing_beyond_the_picture(client: FlaskClient, pair: tuple[Any, Any], path: str) -> None:
    evaluation = compare(client, *pair)
    assert client.get(f"/api/evaluations/{evaluation['id']}/tiles/{path}").status_code == 404


def test_a_browser_may_keep_a_tile(client: FlaskClient, pair: tuple[Any, Any]) -> None:
    """Its address cannot be guessed and what is there never changes; nobody in between may keep it."""
    evaluation = compare(client, *pair)
    answer = client.get(f"/api/evaluations/{evaluation['id']}/tiles/before/0/0/0")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "private" in answer.headers["Cache-Control"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_previews_are_there_with_the_answer(client: FlaskClient, services: Services, pair: tuple[Any, Any]) -> None:
    """They are drawn while the pixels are at hand: nobody waits for a decoder to see the first picture."""
    evaluation = compare(client, *pair)
    for name in ("preview-before.webp", "preview-after.webp", "preview-aligned.webp"):
        assert services.store.has_file("evaluations", evaluation["id"], f"pictures/{name}")


def test_threads_map_pixels_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many tiles asked for at once one was now and then refused: Python 3.11 fails when two threads parse."""
    at_once = [0, 0]

    def load(path: Path, mmap_mode: str) -> str:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.01)
        at_once[0] -= 1
        return f"{path.name} {mmap_mode}"

    monkeypatch.setattr(tiles.np, "load", load)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: tiles._pixels(tmp_path, {}, "before"), range(16)))
    assert found == ["pixels.npy r"] * 16
    assert at_once == [0, 1]
