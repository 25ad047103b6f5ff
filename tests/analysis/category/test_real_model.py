"""The real model, where it lies beside the checkout, knows things, copies and what replaced what."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from app.analysis.category import classifier as category
from app.analysis.category.classifier import Classifier, region_crops
from app.analysis.model import Box
from app.model_install import install
from app.model_store import load_classifier
from tests.analysis.category.conftest import region
from tests.analysis.pictures import encoded, opened

REAL = Path(__file__).parents[3].parent / "shared" / "models"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A MobileNetV2 trained on ImageNet; it is not part of the project."""
    if not (REAL / "mobilenet_v2.onnx").exists():
        pytest.skip("no real model beside the checkout")
    folder = tmp_path_factory.mktemp("model")
    model, labels = (REAL / "mobilenet_v2.onnx").read_bytes(), (REAL / "labels.txt").read_bytes()
    assert install(folder, model, labels, source="test").has_background
    return load_classifier(folder)


def test_the_real_model_knows_coffee_a_cat_and_a_rocket(real: Classifier) -> None:
    coffee = real.compare(data.coffee(), data.chelsea())
    assert coffee.before[0].label == "espresso"
    assert "cat" in coffee.after[0].label
    assert real.compare(data.rocket(), data.coffee()).before[0].label == "missile"
    assert real._network.run([data.coffee()])[0].shape == (1, 1280)


def test_a_real_copy_is_far_nearer_than_another_picture(real: Classifier) -> None:
    coffee, cat = data.coffee(), data.chelsea()
    near, far = real.compare(coffee, opened(encoded(coffee, 60))), real.compare(coffee, cat)
    assert near.cosine_distance is not None
    assert far.cosine_distance is not None
    assert near.cosine_distance < far.cosine_distance / 10
    assert near.euclidean_distance < far.euclidean_distance / 3
    assert "nearly the same" in (near.sentence or "")
    assert "different subjects" in (far.sentence or "")


def test_the_real_model_sees_what_replaced_an_object(real: Classifier) -> None:
    before = data.camera()
    before = np.dstack([before] * 3)
    after = before.copy()
    after[100:300, 100:400] = cv2.resize(data.coffee(), (300, 200), interpolation=cv2.INTER_AREA)
    ids, crops = region_crops(before, after, [region(7, Box(100, 100, 300, 200), 1.0)])
    found = real.compare(before, after, crops, ids).regions[0]
    assert (found.id, found.after[0].label) == (7, "espresso")
    assert found.cosine_distance is not None
    assert found.cosine_distance > category.ALIKE


def test_the_real_model_gives_the_same_numbers_alone_and_in_a_batch(real: Classifier) -> None:
    pictures = [data.coffee(), data.chelsea(), data.rocket()]
    together, _ = real._network.run(pictures)
    alone = np.concatenate([real._network.run([picture])[0] for picture in pictures])
    assert np.allclose(together, alone, rtol=1e-4, atol=1e-4)
