"""What a network says of two pictures, as values."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Guess:
    """A class and its probability, 0 to 1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class RegionCategory:
    """What one region shows before and after: the best guess of each, how far apart they are, what is sure of it."""

    id: int
    before: tuple[Guess, ...]
    after: tuple[Guess, ...]
    cosine_distance: float | None
    euclidean_distance: float
    sentence: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """Meaning of two pictures; everything but ``reason`` is empty when there is no model.

    Attributes:
        cosine_distance: 0 (same direction) to 2, between the embeddings; None when one of them is all zero.
        euclidean_distance: length of the difference of the embeddings.
        before, after: the five likeliest classes of each whole picture, best first.
        reason: why a number is missing.
        sentence: what the cosine distance means, in words.
        provider: what computed it, "cpu" or "cuda".
        regions: the strongest regions.
    """

    cosine_distance: float | None = None
    euclidean_distance: float | None = None
    before: tuple[Guess, ...] = ()
    after: tuple[Guess, ...] = ()
    reason: str | None = None
    sentence: str | None = None
    provider: str | None = None
    regions: tuple[RegionCategory, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the ``category`` of the public JSON."""
        return asdict(self)
