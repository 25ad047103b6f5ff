"""The pairs that the upload page offers are judged right: every edit that was made to them, and nothing else."""

from pathlib import Path

import pytest

from app.analysis import Options, evaluate

SAMPLES = Path(__file__).parents[2] / "static" / "samples"
EDITS = {
    # A sugar cube, two beans, a removed crumb.
    "coffee": [(255, 522), (1074, 234), (1010, 637), (432, 493)],
    # A removed badge, two numbers, one letter, one bar.
    "dashboard": [(901, 368), (1059, 160), (168, 224), (626, 146), (1112, 458)],
    # 30 to 10 days, 390.00 to 890.00, 1,715.00 to 2,215.00, photographed by hand.
    "invoice": [(249, 722), (855, 516), (836, 634)],
}


@pytest.mark.parametrize("name", EDITS)
def test_a_sample_pair_differs_exactly_where_it_was_edited(name: str) -> None:
    before, after = (next(SAMPLES.glob(f"{name}-{side}.*")).read_bytes() for side in ("before", "after"))
    regions = evaluate(before, after, Options()).regions
    left = list(EDITS[name])
    for region in regions:
        box = region.before
        hit = [(x, y) for x, y in left if abs(box.x + box.width / 2 - x) < 20 and abs(box.y + box.height / 2 - y) < 20]
        assert len(hit) == 1, f"{box} is no edit"
        left.remove(hit[0])
    assert not left
