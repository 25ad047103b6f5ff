"""Say what each picture shows and how far apart the two are in meaning, with a network such as MobileNetV2."""

from collections.abc import Sequence

import numpy as np

from app.analysis.category.category import Category, Guess, RegionCategory
from app.analysis.category.description import Description
from app.analysis.category.network import Network, Provider
from app.analysis.model import Box, FloatArray, Region, UInt8Array
from app.errors import ModelUnusable

NOT_INSTALLED = "No category model is installed. Install one with: python -m app model install"
TOP = 5
MAX_REGIONS = 6
MIN_REGION_SIDE = 16  # smaller crops are enlarged 14 times and show the network nothing

# Measured with `python -m bench.category` and a MobileNetV2 1.0 224 on 18 photographs. Cosine distances:
# re-encoded (JPEG 90 and 50, half size, noise, blur) median 0.01, 99 % below 0.08; in other light median 0.03, 92 %
# below 0.08, all below 0.26; badly re-encoded or framed otherwise, 99 % below 0.40; of the 153 pairs of different
# photographs none below 0.52. Other weights may need other numbers.
NEARLY_SAME = 0.08
ALIKE = 0.40
# Objects pasted over one another, 60 to 150 pixels: with this margin on each side the first guess names 53 % of what
# ImageNet has a name for (no margin 65 %, but real boxes are not that tight; 25 % margin 36 %). Guesses of at least
# 0.9 are right 9 times in 10, of at least 0.5 only 32 times in 47. "A became B" with both at least 0.5 was right
# twice in 7, so no summary says it.
MARGIN = 0.05
CONFIDENT = 0.9


class Classifier:
    """Compares pictures with one network, loaded once.

    Parameters
    ----------
    model : bytes
        ONNX file with an output of class scores and one of pooled features.
    description : Description
        Names, sizes and normalisation of that file.
    labels : sequence of str
        One per class, the background class included.
    provider, threads
        See `Network`.

    Raises
    ------
    ModelUnusable
        File, description and labels do not fit together.
    """

    def __init__(
        self,
        model: bytes,
        description: Description,
        labels: Sequence[str],
        *,
        provider: Provider = "auto",
        threads: int = 1,
    ) -> None:
        self._labels = tuple(labels)
        self._network = Network(model, description, len(self._labels), provider=provider, threads=threads)

    @property
    def provider(self) -> str:
        """What computes: "cpu" or "cuda"."""
        return self._network.provider

    def compare(
        self,
        before: UInt8Array,
        after: UInt8Array,
        crops: Sequence[tuple[UInt8Array, UInt8Array]] = (),
        ids: Sequence[int] | None = None,
    ) -> Category:
        """Compare two pictures, and pairs of crops of them, in one run of the network.

        Parameters
        ----------
        before, after : ndarray
            RGB, shape (height, width, 3), uint8; the two may differ in size.
        crops : sequence of pairs of ndarray
            The same place in *before* and in *after*; see `region_crops`.
        ids : sequence of int, optional
            What the pairs are called in the answer; 1, 2, 3 … when left out.

        Returns
        -------
        Category
            With ``reason`` and nothing else when the run fails.
        """
        images = [before, after, *(side for pair in crops for side in pair)]
        try:
            embeddings, scores = self._network.run(images)
        except ModelUnusable as error:
            return Category(reason=error.message)
        guesses = [self._guess(row) for row in scores]
        cosine = _cosine_distance(embeddings[0], embeddings[1])
        numbers = ids or range(1, len(crops) + 1)
        regions = tuple(
            _region(number, guesses[first : first + 2], embeddings[first : first + 2])
            for number, first in zip(numbers, range(2, len(images), 2), strict=True)
        )
        return Category(
            cosine_distance=cosine,
            euclidean_distance=_euclidean_distance(embeddings[0], embeddings[1]),
            before=guesses[0],
            after=guesses[1],
            reason="The embedding of a picture is all zero." if cosine is None else None,
            sentence=sentence(cosine),
            provider=self.provider,
            regions=regions,
        )

    def _guess(self, scores: FloatArray) -> tuple[Guess, ...]:
        """The likeliest classes, best first; the share of the background class is left out, not handed on."""
        description = self._network.description
        probabilities = scores.astype(np.float64)
        if description.outputs == "logits":
            probabilities = np.exp(probabilities - probabilities.max())
            probabilities /= probabilities.sum()
        if description.has_background:
            probabilities[0] = -1.0
        best = np.argsort(-probabilities, kind="stable")[: min(TOP, len(self._labels) - description.has_background)]
        return tuple(Guess(self._labels[index], float(probabilities[index])) for index in best)


class Unavailable:
    """Stands in for a classifier that could not be loaded and says why.

    Parameters
    ----------
    reason : str
        A sentence for the public.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def compare(
        self,
        before: UInt8Array,
        after: UInt8Array,
        crops: Sequence[tuple[UInt8Array, UInt8Array]] = (),
        ids: Sequence[int] | None = None,
    ) -> Category:
        """Give the reason and nothing else.

        Parameters
        ----------
        before, after, crops, ids
            As in `Classifier.compare`; not looked at.

        Returns
        -------
        Category
        """
        return Category(reason=self.reason)


def not_installed() -> Category:
    """Give the answer when there is no model: how to get one."""
    return Category(reason=NOT_INSTALLED)


def _cosine_distance(first: FloatArray, second: FloatArray) -> float | None:
    """1 − cosine of the angle between two vectors: 0 to 2; None when one of them is all zero."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return None if lengths == 0 else float(np.clip(1 - a @ b / lengths, 0, 2))


def _euclidean_distance(first: FloatArray, second: FloatArray) -> float:
    """Length of the difference of two vectors."""
    return float(np.linalg.norm(first.astype(np.float64) - second.astype(np.float64)))


def sentence(distance: float | None) -> str | None:
    """Say what a cosine distance between two whole pictures means.

    Parameters
    ----------
    distance : float or None
        0 to 2.

    Returns
    -------
    str or None
        None where there is no distance.
    """
    if distance is None:
        return None
    if distance < NEARLY_SAME:
        return "As a whole, the two show nearly the same picture."
    if distance < ALIKE:
        return "The two are alike: one subject in other light, place or framing, or another of its kind."
    return "The two show different subjects."


def _region(number: int, guesses: Sequence[tuple[Guess, ...]], embeddings: FloatArray) -> RegionCategory:
    before, after = (side[:1] for side in guesses)
    sure = [
        f"{when}: {guess.label} ({guess.probability:.0%})"
        for when, (guess,) in (("before", before), ("after", after))
        if guess.probability >= CONFIDENT
    ]
    return RegionCategory(
        id=number,
        before=before,
        after=after,
        cosine_distance=_cosine_distance(embeddings[0], embeddings[1]),
        euclidean_distance=_euclidean_distance(embeddings[0], embeddings[1]),
        sentence="; ".join(sure) or None,
    )


def region_crops(
    before: UInt8Array, after: UInt8Array, regions: Sequence[Region]
) -> tuple[list[int], list[tuple[UInt8Array, UInt8Array]]]:
    """Cut the strongest regions out of both pictures, with a little of what surrounds them.

    Parameters
    ----------
    before, after : ndarray
        RGB, shape (height, width, 3), uint8, as decoded.
    regions : sequence of Region
        Their boxes are in pixels of either picture and may reach over its edges.

    Returns
    -------
    ids : list of int
        Of the regions that were cut out, at most `MAX_REGIONS`, the strongest first.
    crops : list of pairs of ndarray
        For `Classifier.compare`.
    """
    large = [region for region in regions if min(region.before.width, region.before.height) >= MIN_REGION_SIDE]
    strongest = sorted(large, key=lambda region: (-region.strength, -region.area))
    ids: list[int] = []
    crops: list[tuple[UInt8Array, UInt8Array]] = []
    for region in strongest:
        pair = _cut(before, region.before), _cut(after, region.after)
        if all(side.size for side in pair) and len(ids) < MAX_REGIONS:
            ids.append(region.id)
            crops.append(pair)
    return ids, crops


def _cut(image: UInt8Array, box: Box) -> UInt8Array:
    """Give the part of the picture in the grown box; empty when the box lies outside."""
    grow_x, grow_y = round(MARGIN * box.width), round(MARGIN * box.height)
    top, left = max(0, box.y - grow_y), max(0, box.x - grow_x)
    bottom, right = max(0, box.y + box.height + grow_y), max(0, box.x + box.width + grow_x)
    return image[top:bottom, left:right]
