"""Measure what the category model can tell: distances of alike and unlike pictures, and names of replaced objects.

python -m bench.category [FOLDER of the installed model] [--pairs FOLDER with manifest.json]

The thresholds in app/analysis/category/classifier.py come from this table.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from app.analysis.category import classifier as category
from app.analysis.category.classifier import ALIKE, NEARLY_SAME, Classifier
from app.analysis.model import Box, Region
from app.model_store import load_classifier
from bench import photos

Pixels = npt.NDArray[np.uint8]
Change = Callable[[Pixels], Pixels]
RNG = np.random.default_rng(0)


def _tint(*gain: float) -> Change:
    return lambda image: np.clip(image * np.array(gain), 0, 255).astype(np.uint8)


def _gamma(power: float) -> Change:
    return lambda image: (255 * (image / 255.0) ** power).astype(np.uint8)


def _side_light(image: Pixels) -> Pixels:
    return np.clip(image * np.linspace(0.4, 1.2, image.shape[1])[None, :, None], 0, 255).astype(np.uint8)


def _jpeg(quality: int) -> Change:
    setting = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return lambda image: cv2.imdecode(cv2.imencode(".jpg", image, setting)[1], cv2.IMREAD_COLOR).astype(np.uint8)


def _smaller(scale: float) -> Change:
    return lambda image: cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _noise(sigma: float) -> Change:
    return lambda image: np.clip(image + RNG.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def _crop(share: float, at: float = 0.5) -> Change:
    def crop(image: Pixels) -> Pixels:
        height, width = round(image.shape[0] * share), round(image.shape[1] * share)
        top, left = round((image.shape[0] - height) * at), round((image.shape[1] - width) * at)
        return image[top : top + height, left : left + width]

    return crop


def _turn(degrees: float) -> Change:
    def turn(image: Pixels) -> Pixels:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)

    return turn


CHANGES: dict[str, dict[str, Change]] = {
    "re-encoded": {
        "JPEG 90": _jpeg(90), "JPEG 50": _jpeg(50), "half size": _smaller(0.5), "noise 5": _noise(5),
        "blur 1 px": lambda image: cv2.GaussianBlur(image, (0, 0), 1).astype(np.uint8),
    },
    "badly re-encoded": {"JPEG 20": _jpeg(20), "quarter size": _smaller(0.25), "noise 15": _noise(15)},
    "other light": {
        "gamma 0.6": _gamma(0.6), "gamma 1.6": _gamma(1.6), "gain 0.6": _tint(0.6), "gain 1.4": _tint(1.4),
        "warm": _tint(1.15, 1, 0.8), "cool": _tint(0.8, 1, 1.15), "light from the side": _side_light,
    },
    "other framing": {
        "crop 80 %": _crop(0.8), "corner 80 %": _crop(0.8, 0), "crop 60 %": _crop(0.6),
        "turned 5°": _turn(5), "turned 15°": _turn(15), "mirrored": lambda image: image[:, ::-1],
    },
}  # fmt: skip

# What a careful person would accept as a name; an empty set: ImageNet has no name for it, so every name is wrong.
OBJECTS: dict[str, tuple[tuple[float, float, float, float], set[str]]] = {
    "chelsea.png": ((0.1, 0, 0.8, 1), {"Egyptian cat", "tabby", "tiger cat"}),
    "coffee.png": ((0.25, 0.05, 0.85, 0.95), {"espresso", "cup", "coffee mug"}),
    "rocket.jpg": ((0.35, 0, 0.65, 1), {"missile", "projectile", "space shuttle"}),
    "motorcycle_left.png": ((0, 0, 1, 1), {"motor scooter", "moped"}),
    "grace_hopper.jpg": ((0, 0, 1, 1), {"military uniform", "suit"}),
    "camera.png": ((0, 0, 1, 1), {"tripod", "reflex camera"}),
    "china.jpg": ((0, 0, 1, 1), {"palace", "monastery", "bell cote"}),
    **{name: ((0, 0, 1, 1), set()) for name in ("astronaut.png", "retina.jpg", "ihc.png", "coins.png", "moon.png")},
}
GROUNDS = ("china.jpg", "grass.png", "brick.png", "gravel.png", "rocket.jpg", "motorcycle_left.png", "page.png")


def distances(classifier: Classifier) -> None:
    """Print cosine distances for pictures that are alike and for all pairs of different photos."""
    names = photos.names("tune", made=False) + photos.names("report", made=False)
    originals = {name: photos.original(name) for name in names}
    rows = [
        (group, label, [_distance(classifier, image, change(image)) for image in originals.values()])
        for group, changes in CHANGES.items()
        for label, change in changes.items()
    ]
    pairs = itertools.combinations(originals.values(), 2)
    rows.append(("different photos", "", [_distance(classifier, first, second) for first, second in pairs]))
    shares = f"< {NEARLY_SAME}  < {ALIKE}"
    print(f"{'cosine distance':18}{'':21}   n    min median    p95    max  {shares}")
    for group, label, values in rows:
        array = np.array(values)
        numbers = (array.min(), np.median(array), np.quantile(array, 0.95), array.max())
        under = "".join(f"{np.mean(array < limit):7.0%}" for limit in (NEARLY_SAME, ALIKE))
        print(f"{group:18}{label:21}{len(array):4} " + "".join(f"{number:7.3f}" for number in numbers) + under)


def _distance(classifier: Classifier, first: Pixels, second: Pixels) -> float:
    return classifier.compare(np.ascontiguousarray(first), np.ascontiguousarray(second)).cosine_distance or 0.0


def replaced_objects(classifier: Classifier) -> None:
    """Paste one object where another was, and count how often "A became B" would be said, and be right."""
    print("\nobjects replaced: probability of both at least t; names of one side; and the whole claim")
    for margin in (0.0, 0.05, 0.1, 0.25):
        guesses = _paste_and_name(classifier, margin)
        sides = [side for pair in guesses for side in pair]
        named = [right for right, _, _, has_name in sides if has_name]
        print(f"margin {margin}: first guess right where ImageNet has a name {np.mean(named):.0%} of {len(named)}")
        for least in (0.3, 0.5, 0.7, 0.9):
            sure = [right for right, probability, _, _ in sides if probability >= least]
            claims = [
                before[0] and after[0]
                for before, after in guesses
                if min(before[1], after[1]) >= least and before[2] != after[2]
            ]
            print(f"  t = {least}: names {sum(sure)} right of {len(sure)}; claims {sum(claims)} right of {len(claims)}")


Side = tuple[bool, float, str, bool]


def _paste_and_name(classifier: Classifier, margin: float) -> list[tuple[Side, Side]]:
    """Give for both sides of every replaced object: right, probability, label, ImageNet has a name for it."""
    rng = np.random.default_rng(1)
    category.MARGIN = margin
    rows = []
    for ground in GROUNDS:
        for _ in range(12):
            first, second = rng.choice(sorted(OBJECTS), 2, replace=False)
            picture, side = photos.original(ground), int(rng.choice([60, 90, 120, 150]))
            x, y = (int(rng.integers(0, length - side)) for length in (picture.shape[1], picture.shape[0]))
            pictures = [_paste(picture, name, x, y, side) for name in (first, second)]
            width, height = (max(shape[axis] for _, shape in pictures) for axis in (1, 0))
            box = Box(x, y, width, height)
            region = Region(1, box, box, width * height, 0.0, 1.0, "changed")
            ids, crops = category.region_crops(pictures[0][0], pictures[1][0], [region])
            answer = classifier.compare(pictures[0][0], pictures[1][0], crops, ids).regions[0]
            rows.append((_judge(answer.before[0], first), _judge(answer.after[0], second)))
    return rows


def _paste(picture: Pixels, name: str, x: int, y: int, side: int) -> tuple[Pixels, tuple[int, ...]]:
    (left, top, right, bottom), _ = OBJECTS[name]
    image = photos.original(name)
    height, width = image.shape[:2]
    image = image[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    scale = side / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    result = picture.copy()
    result[y : y + small.shape[0], x : x + small.shape[1]] = small
    return result, small.shape


def _judge(guess: category.Guess, name: str) -> Side:
    accepted = OBJECTS[name][1]
    return guess.label in accepted, guess.probability, guess.label, bool(accepted)


def labelled_pairs(classifier: Classifier, folder: Path) -> None:
    """Print the pairs of a manifest by distance, and what would be claimed of their labelled boxes."""
    print("\nlabelled pairs by cosine distance; claims (both at least 0.5) on their boxes")
    lines = []
    for entry in json.loads((folder / "manifest.json").read_text()):
        images = [cv2.imread(str(folder / entry[side]), cv2.IMREAD_COLOR) for side in ("before", "after")]
        if any(image is None for image in images):
            continue
        before, after = (np.ascontiguousarray(image[..., ::-1]) for image in images)
        boxes = [Box(*box) for box in entry["boxes"] or []]
        regions = [Region(number, box, box, 1, 0.0, 1.0, "changed") for number, box in enumerate(boxes)]
        ids, crops = category.region_crops(before, after, regions)
        answer = classifier.compare(before, after, crops, ids)
        claims = [
            f"{region.before[0].label} -> {region.after[0].label}"
            for region in answer.regions
            if min(region.before[0].probability, region.after[0].probability) >= 0.5
            and region.before[0].label != region.after[0].label
        ]
        lines.append((answer.cosine_distance or 0.0, entry["id"], entry["label"], len(crops), claims))
    for distance, name, label, count, claims in sorted(lines):
        print(f"{distance:7.4f}  {name:40}{label or '':10} boxes {count}  {'; '.join(claims)}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("var/model"))
    parser.add_argument("--pairs", type=Path)
    arguments = parser.parse_args()
    classifier = load_classifier(arguments.folder)
    distances(classifier)
    replaced_objects(classifier)
    if arguments.pairs:
        labelled_pairs(classifier, arguments.pairs)


if __name__ == "__main__":
    main()
