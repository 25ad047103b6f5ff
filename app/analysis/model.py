"""The values that go into an evaluation and come out of it: frozen, plain, no behaviour but conversion."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

UInt8Array = npt.NDArray[np.uint8]
UInt16Array = npt.NDArray[np.uint16]
FloatArray = npt.NDArray[np.float32]
Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Bend = tuple[tuple[float, float], ...]

Verdict = Literal["identical", "equivalent", "different"]
Kind = Literal["added", "removed", "colour", "moved", "changed"]
Switch = Literal["auto", "off"]
Style = Literal["boxes", "contours", "filled"]
AlignmentModel = Literal["none", "shift", "similarity", "affine", "homography"]
ELSEWHERE = "one scene from two places too far apart to lay over each other"
BENT = "bent paper or a lens evened out"
TOP_LEFT = "compared from the top left corner"
IDENTITY: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in whole pixels; ``x`` and ``y`` are the top left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of its pixels in an array (height, width, ...)."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an image may cost: ``max_pixels`` each, ``max_side`` each way, ``max_canvas`` for both together."""

    max_pixels: int = 50_000_000
    max_side: int = 20_000
    max_canvas: int = 60_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may choose.

    Attributes:
        align: "auto" brings *after* into the frame of *before*; "off" compares as given.
        tone: "auto" evens out exposure, white balance, strength of colours and light; "off" leaves them.
        sensitivity: 0 (only the obvious) to 100 (every pixel).
        min_area: smallest region in pixels of *before*; None chooses by picture size.
        ignore: boxes in pixels of *before* where nothing is judged.
        color: highlight colour, "#rrggbb".
        thickness: line width of boxes and contours in pixels; None chooses by picture size.
        style: how overlays mark regions.
        max_regions: ``passed`` is false above this number of regions.
        max_changed: ``passed`` is false above this share (0 to 1) of changed pixels.
    """

    align: Switch = "auto"
    tone: Switch = "auto"
    sensitivity: float = 50.0
    min_area: int | None = None
    ignore: tuple[Box, ...] = ()
    color: str = "#ff2d55"
    thickness: int | None = None
    style: Style = "boxes"
    max_regions: int | None = None
    max_changed: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image.

    Attributes:
        pixels: RGB, shape (height, width, 3), uint8, sRGB, upright, alpha flattened on white.
        alpha: shape (height, width), uint8, 255 is opaque; None when every pixel is opaque.
        deep: RGB like ``pixels`` but uint16 (0 to 65535); None unless the file holds more than 8 bits.
        notes: what was done to the image before comparing, in words.
        encoded_bytes: size of the file in bytes.
    """

    pixels: UInt8Array
    alpha: UInt8Array | None
    deep: UInt16Array | None
    name: str
    format: str
    sha256: str
    encoded_bytes: int
    notes: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])

    def describe(self) -> dict[str, Any]:
        """Give the public facts, without pixels."""
        return {
            "name": self.name,
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "bytes": self.encoded_bytes,
            "sha256": self.sha256,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Band:
    """Rows that moved as a whole: ``length`` rows from row ``before`` on are those from row ``after`` on."""

    before: int
    after: int
    length: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """How *after* lies over *before*: ``matrix`` maps pixel coordinates of *before* to those of *after*.

    ``reason`` says in words why nothing was aligned, or what is remarkable ("turned 90° clockwise");
    ``inliers`` is the number of matched features that agree with the matrix; ``same_scene`` is False
    when the two images have nothing in common, or were taken from places too far apart to be laid over each other.
    Where rows were inserted or removed, ``bands`` tells for each piece where it went, instead of the matrix.
    Where paper bends or a lens bows, ``bend`` moves a place of *before* before the matrix does (see `bend.py`).
    """

    model: AlignmentModel = "none"
    matrix: Matrix = IDENTITY
    inliers: int | None = None
    reason: str | None = None
    same_scene: bool = True
    bands: tuple[Band, ...] = ()
    bend: Bend = ()


@dataclass(frozen=True, slots=True)
class Tone:
    """What was done to the colours of *after*: ``gain`` is the mean factor per channel (red, green, blue)."""

    applied: bool = False
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """Numbers over all pixels of two images of one size; None means "cannot be computed", see ``reasons``.

    Attributes:
        pixels: number of pixels compared.
        pixel_match_rate: share of pixels equal in every channel, 0 to 1.
        difference_ratio: mean absolute difference / 255, 0 to 1 (what diffimg prints).
        manhattan: sum of absolute differences over pixels and channels, in 8-bit levels.
        zero_norm: number of pixels that differ in any channel.
        rmse: root mean square error in 8-bit levels.
        psnr: peak signal-to-noise ratio in dB; None when the images are equal.
        ssim: mean structural similarity of the grey images, -1 to 1.
        histogram_correlation: mean over the channels, -1 to 1.
        histogram_kl: Kullback-Leibler divergence of the histograms in nats, mean over the channels.
        edge_agreement: share of Canny edge pixels that have a partner within 1 px, 0 to 1.
        encoded_size_ratio: size of *after* / size of *before*, both encoded as JPEG.
        changed_box: box of all pixels that differ; None when none does.
        reasons: why a number is None, by its name.
    """

    pixels: int
    pixel_match_rate: float
    difference_ratio: float
    manhattan: float
    manhattan_per_pixel: float
    zero_norm: int
    zero_norm_per_pixel: float
    rmse: float
    psnr: float | None
    ssim: float | None
    histogram_correlation: float | None
    histogram_kl: float | None
    edge_agreement: float | None
    encoded_size_ratio: float | None
    changed_box: Box | None
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HashDistance:
    """Distance of two perceptual hashes in bits; ``similarity`` is 1 - distance / bits."""

    distance: int
    bits: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Features:
    """ORB keypoints and their cross-checked matches; ``match_rate`` is matches / fewer keypoints, 0 to 1."""

    keypoints_before: int
    keypoints_after: int
    matches: int
    inliers: int
    match_rate: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """One real difference: its box in both images, its pixels, how strong it is (0 to 1) and its kind.

    ``contours`` are closed outlines in pixels of *before*, one inside another a hole: tuples of (x, y) corners.
    """

    id: int
    before: Box
    after: Box
    area: int
    share: float
    strength: float
    kind: Kind
    contours: tuple[tuple[tuple[int, int], ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Maps:
    """Pictures kept for rendering, in the frame of *before*.

    Attributes:
        mask: shape (height, width), uint8, 255 where a region is.
        heat: difference in units of the decision threshold, uint8 (128 is about the threshold), reduced to
            at most about 2 megapixels.
    """

    mask: UInt8Array
    heat: UInt8Array


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything one comparison gives; ``to_dict`` is the public JSON without ids, links, maps and ``pictures``."""

    verdict: Verdict
    passed: bool | None
    summary: str
    before: dict[str, Any]
    after: dict[str, Any]
    options: Options
    alignment: Alignment
    tone: Tone
    as_given: Metrics
    as_compared: Metrics
    hashes: dict[str, HashDistance]
    features: Features
    category: dict[str, Any]
    regions: tuple[Region, ...]
    timings_ms: dict[str, float]
    maps: Maps
    pictures: tuple[Picture, Picture]

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON of the HTTP contract, less what only the service knows (id, url, expiry, links)."""
        options = asdict(self.options)
        alignment = asdict(self.alignment)
        return {
            "verdict": self.verdict,
            "passed": self.passed,
            "summary": self.summary,
            "before": self.before,
            "after": self.after,
            "options": options,
            "alignment": alignment,
            "tone": asdict(self.tone),
            "metrics": {
                "as_given": asdict(self.as_given),
                "as_compared": asdict(self.as_compared),
                "hashes": {name: asdict(value) for name, value in self.hashes.items()},
                "features": asdict(self.features),
            },
            "category": self.category,
            "regions": [asdict(region) for region in self.regions],
            "timings_ms": self.timings_ms,
        }
