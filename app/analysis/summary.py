"""Put an evaluation into words: verdict, one summary sentence, and whether it passes the caller's limits."""

from collections.abc import Sequence

from app.analysis.model import ELSEWHERE, TOP_LEFT, Alignment, Metrics, Options, Region, Tone, Verdict


def verdict_of(as_given: Metrics, same_size: bool, regions: tuple[Region, ...]) -> Verdict:
    """Say how two pictures compare, in one word.

    Parameters
    ----------
    as_given : Metrics
        Of the pictures as given.
    same_size : bool
        Whether they were given in one size.
    regions : tuple of Region
        All real differences.

    Returns
    -------
    "different", "equivalent" or "identical"
        With regions; without any; and with every pixel equal besides.
    """
    if regions:
        return "different"
    return "identical" if same_size and as_given.zero_norm == 0 else "equivalent"


def passed(options: Options, regions: tuple[Region, ...]) -> bool | None:
    """Hold the regions against the caller's limits.

    Parameters
    ----------
    options : Options
        ``max_regions`` and ``max_changed`` are heeded; what equals a limit passes.
    regions : tuple of Region

    Returns
    -------
    bool or None
        None when there is no limit.
    """
    if options.max_regions is None and options.max_changed is None:
        return None
    few = options.max_regions is None or len(regions) <= options.max_regions
    small = options.max_changed is None or _share(regions) <= options.max_changed
    return few and small


def changed_share(areas: Sequence[int], shares: Sequence[float]) -> float:
    """Give the share of the picture that lies in regions.

    Parameters
    ----------
    areas, shares : sequence
        ``area`` and ``share`` of each region of one picture.

    Returns
    -------
    float
        0 to 1: pixels by pixels, as shares added up are a hair too many.
    """
    added, area = sum(shares), sum(areas)
    return min(1.0, area / round(area / added)) if added else 0.0


def _share(regions: Sequence[Region]) -> float:
    return changed_share([region.area for region in regions], [region.share for region in regions])


def summarise(
    verdict: Verdict,
    regions: tuple[Region, ...],
    alignment: Alignment,
    tone: Tone,
    as_given: Metrics,
    ignored: bool = False,
) -> str:
    """Say in one or two sentences what differs, and what was compensated.

    Parameters
    ----------
    verdict : Verdict
        What `verdict_of` gave.
    regions : tuple of Region
    alignment : Alignment
    tone : Tone
    as_given : Metrics
        Of the pictures as given: how many pixels are not exactly equal.
    ignored : bool
        Whether there were areas where nothing was judged.

    Returns
    -------
    str
        Of plain text.
    """
    parts = [_finding(verdict, regions, alignment, as_given, ignored), _done(alignment, tone)]
    if (alignment.reason or "").startswith("mirrored"):
        parts.reverse()
    return " ".join(part for part in parts if part)


def _finding(
    verdict: Verdict, regions: tuple[Region, ...], alignment: Alignment, as_given: Metrics, ignored: bool
) -> str:
    if alignment.reason == ELSEWHERE:
        return f"Not the same view: {ELSEWHERE}."
    if not alignment.same_scene:
        return "Not the same scene: the two images have nothing in common."
    if verdict == "identical":
        return "No difference: every pixel is equal."
    if verdict == "equivalent":
        return _no_real_difference(as_given, ignored)
    mirrored = (alignment.reason or "").startswith("mirrored")
    others = [region for region in regions if region.share < 1] if mirrored else list(regions)
    if not others:
        return "No other difference."
    area = sum(region.area for region in others)
    share = _percent(_share(others))
    other = "other difference" if mirrored else "difference"
    return f"{_count(len(others), other)}, {share} of the picture ({_count(area, 'pixel')})."


def _no_real_difference(as_given: Metrics, ignored: bool) -> str:
    if as_given.zero_norm == 0:
        return "No real difference: only the sizes differ."
    outside = " outside of the ignored areas" if ignored else ""
    are = "is" if as_given.zero_norm == 1 else "are"
    unequal = _count(as_given.zero_norm, "pixel")
    return f"No real difference{outside}; {unequal} of {as_given.pixels:,} {are} not exactly equal."


def _done(alignment: Alignment, tone: Tone) -> str:
    words = "; ".join(part for part in (_placed(alignment), tone.reason if tone.applied else None) if part)
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _placed(alignment: Alignment) -> str | None:
    """Say what alignment did."""
    if alignment.model == "none":
        return alignment.reason if alignment.reason == TOP_LEFT else None
    if alignment.reason:
        return alignment.reason
    if alignment.model == "shift":
        return f"aligned by a shift of {_pixels(alignment.matrix[0][2])} × {_pixels(alignment.matrix[1][2])} px"
    return f"aligned by {_ARTICLES[alignment.model]} {alignment.model}"


_ARTICLES = {"similarity": "a", "affine": "an", "homography": "a"}


def _pixels(length: float) -> str:
    """Tracking is good to a hundredth of a pixel or two: more digits are noise."""
    return f"{round(length, 2) + 0:g}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(share: float) -> str:
    """Keep a single pixel of a huge picture visible: never round a change to zero."""
    return f"{100 * share:.1f} %" if share >= 0.0005 else f"{100 * share:.2g} %"
