"""The viewer puts places into *after* as the analysis does where paper or a lens bows."""

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page

from app.analysis.alignment.bend import moved
from app.analysis.geometry import mapped
from tests.analysis.alignment.test_bending import BEND, TURNED

OpenPage = Callable[..., Page]
PLACES = [(0, 0), (899, 0), (450, 300), (120.5, 590.25), (899, 599)]
ASK = """async ([matrix, bend, places]) => {
  const { Frames } = await import('/static/js/viewer/frames.js')
  const frames = new Frames({ before: { width: 900, height: 600 }, alignment: { matrix, bend, bands: [] } })
  const there = places.map(([x, y]) => frames.toAfter({ x: x + 0.5, y: y + 0.5 }))
  const home = there.map((place) => frames.toBefore(place))
  return [there, home].map((found) => found.map(({ x, y }) => [x - 0.5, y - 0.5]))
}"""


def test_a_place_is_found_in_after_and_back(open_page: OpenPage) -> None:
    page = open_page("/")
    there, home = page.evaluate(ASK, [TURNED.tolist(), BEND, PLACES])
    places = np.array(PLACES, np.float64)
    expected = mapped(TURNED, (places + moved(BEND, places, (600, 900))).astype(np.float32))
    assert np.abs(np.array(there) - expected).max() < 0.01
    assert np.abs(np.array(home) - places).max() < 0.01


def test_a_result_of_an_older_version_has_no_bend(open_page: OpenPage) -> None:
    page = open_page("/")
    there, _ = page.evaluate(ASK, [TURNED.tolist(), None, PLACES])
    assert np.abs(np.array(there) - mapped(TURNED, np.array(PLACES, np.float32))).max() < 0.01
