"""What holds for any edit of a noise-free picture: it is the same the other way round, and beside another one."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.analysis.model import Box
from tests import picture_factory as make
from tests.analysis.pictures import compare
from tests.analysis.screens import edited

BOXES = st.builds(Box, st.integers(5, 100), st.integers(5, 70), st.integers(3, 24), st.integers(3, 24))
COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
SCENE = make.photo(110, 140)


@settings(max_examples=25, deadline=None)
@given(BOXES, COLOURS)
def test_swapping_the_pictures_gives_the_same_mask(box: Box, colour: tuple[int, int, int]) -> None:
    other = edited(SCENE, box, colour)
    there, back = compare(SCENE, other), compare(other, SCENE)
    assert np.array_equal(there.maps.mask, back.maps.mask)
    assert [region.before for region in there.regions] == [region.before for region in back.regions]


@settings(max_examples=25, deadline=None)
@given(BOXES, BOXES, COLOURS)
def test_an_edit_elsewhere_does_not_remove_one(one: Box, two: Box, colour: tuple[int, int, int]) -> None:
    first = edited(SCENE, one, colour)
    both = edited(first, two, tuple(255 - value for value in colour))
    beside = np.ones(SCENE.shape[:2], np.bool_)
    beside[max(0, two.y - 8) : two.y + two.height + 8, max(0, two.x - 8) : two.x + two.width + 8] = False
    alone, together = (compare(SCENE, other).maps.mask > 0 for other in (first, both))
    assume(alone.any())
    assert together[alone & beside].all()
