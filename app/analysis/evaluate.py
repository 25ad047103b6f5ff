"""Compare two images: the six steps in order."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np

from app.analysis.alignment.framing import places_in_after, with_framing
from app.analysis.alignment.laying import Laid, lay
from app.analysis.category.category import Category
from app.analysis.category.classifier import not_installed, region_crops
from app.analysis.changed import Changed
from app.analysis.checks import check_options, file_content
from app.analysis.deadline import Deadline
from app.analysis.measures.features import summarise as summarise_matches
from app.analysis.measures.features import with_inliers
from app.analysis.measures.given import Given, given_changes, measure_given
from app.analysis.measures.metrics import measure
from app.analysis.model import (
    IDENTITY,
    Evaluation,
    Limits,
    Maps,
    Metrics,
    Options,
    Picture,
    Region,
    Tone,
    UInt8Array,
)
from app.analysis.noise_free.likeness import Likeness
from app.analysis.reading.decode import decode
from app.analysis.regions.differences import find_differences
from app.analysis.summary import passed, summarise, verdict_of
from app.analysis.threads import await_result, in_threads, on_a_core
from app.analysis.tone.even import Evened, even_tone
from app.errors import TooManyPixels


class CategoryModel(Protocol):
    """What says what two pictures show: ``category.classifier.Classifier``, or one that only has a reason."""

    def compare(
        self,
        before: UInt8Array,
        after: UInt8Array,
        crops: Sequence[tuple[UInt8Array, UInt8Array]] = (),
        ids: Sequence[int] | None = None,
    ) -> Category:
        """Give the classes of both pictures and of each pair of crops, and how far apart they are.

        Parameters
        ----------
        before, after : array (H, W, 3), uint8
            RGB, any two sizes.
        crops : sequence of pairs of array (h, w, 3), uint8
            One place in *before* and in *after*.
        ids : sequence of int, optional
            What the pairs are called in the answer; 1, 2, 3 … when left out.

        Returns
        -------
        Category
            With a reason instead of numbers where there are none; it never raises for what a picture shows.
        """


def evaluate(
    before: bytes,
    after: bytes,
    options: Options | None = None,
    deadline: Deadline | None = None,
    *,
    names: tuple[str, str] = ("before", "after"),
    limits: Limits | None = None,
    classifier: CategoryModel | None = None,
) -> Evaluation:
    """Say what differs between two images, and whether it matters.

    Parameters
    ----------
    before, after : bytes
        Two image files: PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF or HEIC.
    options : Options, optional
        What to compensate, how strict to be and what to ignore.
    deadline : Deadline, optional
        Checked after every step; its stage times end up in ``timings_ms``.
    names : pair of str
        What the report calls the two files.
    limits : Limits, optional
        What the images may cost.
    classifier : optional
        Says what each image shows; without one ``category`` holds the reason.

    Returns
    -------
    Evaluation

    Raises
    ------
    ImageDiffError
        When a file is refused (``UnsupportedFormat``, ``CorruptImage``, ``TooManyPixels``, ``SideTooLong``),
        an option is out of its range (``InvalidOption``) or time is up (``TimedOut``).
    TypeError
        When something else than the bytes of a file is given.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> white = cv2.imencode(".png", np.full((64, 64, 3), 255, np.uint8))[1].tobytes()
    >>> evaluate(white, white).verdict
    'identical'
    """
    before, after = file_content(before, "before"), file_content(after, "after")
    options = check_options(options or Options())
    limits = limits or Limits()
    deadline = deadline or Deadline()
    with deadline.stage("decode"):
        first, second = _decode_both(before, after, names, limits)
    with ThreadPoolExecutor(1) as aside:
        # Two things at once: the numbers over all pixels, and the search for what is different.
        with deadline.stage("align"):
            changed = given_changes(first, second)
            given = aside.submit(on_a_core(_measure_given), first, second, changed, deadline)
            laid = lay(first, second, options, deadline, changed)
            alignment = laid.alignment
        with deadline.stage("tone"):
            evened = _even(laid, options)
        compared = aside.submit(on_a_core(_measure_compared), first, evened, laid, given, deadline)
        with deadline.stage("regions"):
            regions, maps = _find(second, laid, evened, options)
        measured, as_compared = await_result(given), await_result(compared)
    with deadline.stage("category"):
        category = _categorise(first, second, regions, classifier)
    as_given, matches = measured.metrics, measured.matches
    verdict = verdict_of(as_given, first.pixels.shape == second.pixels.shape, regions)
    expected = places_in_after(matches.before, alignment, first.pixels.shape)
    return Evaluation(
        verdict=verdict,
        passed=passed(options, regions),
        summary=summarise(verdict, regions, alignment, evened.tone, as_given, bool(options.ignore)),
        before=first.describe(),
        after=second.describe(),
        options=options,
        alignment=alignment,
        tone=evened.tone,
        as_given=as_given,
        as_compared=as_compared,
        hashes=measured.hashes,
        features=summarise_matches(with_inliers(matches, expected)),
        category=category.to_dict(),
        regions=regions,
        timings_ms={**deadline.timings_ms, "total": deadline.total_ms()},
        maps=maps,
        pictures=(first, second),
    )


def _decode_both(before: bytes, after: bytes, names: tuple[str, str], limits: Limits) -> tuple[Picture, Picture]:
    """Decode side by side (the decoders let go of the interpreter) and check the canvas both need."""
    files = (before, "before"), (after, "after")
    first, second = in_threads(lambda index: decode(files[index][0], name=files[index][1], limits=limits), range(2))
    width, height = max(first.width, second.width), max(first.height, second.height)
    if width * height > limits.max_canvas:
        raise TooManyPixels(
            f"Together the images need a canvas of {width} × {height} pixels; "
            f"the limit is {limits.max_canvas / 1e6:g} megapixels."
        )
    return replace(first, name=names[0]), replace(second, name=names[1])


def _even(laid: Laid, options: Options) -> Evened:
    """Even out the tone where there is any to even: equal pixels say that light and exposure are the same."""
    if not laid.alignment.same_scene:
        return Evened(Tone(reason="not the same scene"), laid.after.pixels)
    if laid.likeness is not Likeness.NOISY and options.tone != "off":
        return Evened(Tone(reason="most pixels are equal"), laid.after.pixels)
    return even_tone(laid.before.pixels, laid.after.pixels, laid.valid, options)


def _measure_given(first: Picture, second: Picture, changed: Changed | None, deadline: Deadline) -> Given:
    with deadline.stage("measure"):
        return measure_given(first, second, changed)


def _measure_compared(first: Picture, evened: Evened, laid: Laid, given: Future[Given], deadline: Deadline) -> Metrics:
    """Measure aligned and toned; without either these are the numbers as given."""
    untouched = laid.given is not None and laid.alignment.matrix == IDENTITY and not laid.alignment.bands
    if untouched and not evened.tone.applied:
        return given.result().metrics
    with deadline.stage("measure"):
        return measure(first.pixels, evened.pixels, valid=laid.valid)


def _find(second: Picture, laid: Laid, evened: Evened, options: Options) -> tuple[tuple[Region, ...], Maps]:
    after_shape = second.pixels.shape[:2]
    if laid.alignment.same_scene:
        regions, maps = find_differences(laid, evened, options, after_shape)
    else:
        regions, maps = (), Maps(np.zeros_like(laid.valid), np.zeros_like(laid.valid))
    return with_framing(regions, maps, laid.alignment, after_shape, options)


def _categorise(
    first: Picture, second: Picture, regions: tuple[Region, ...], classifier: CategoryModel | None
) -> Category:
    if classifier is None:
        return not_installed()
    ids, crops = region_crops(first.pixels, second.pixels, regions)
    return classifier.compare(first.pixels, second.pixels, crops, ids)
