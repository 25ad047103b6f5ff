"""Put an evaluation into words: verdict, one summary sentence, and whether it passes the caller's limits."""

from app.analysis.model import Alignment, Metrics, Options, Region, Tone, Verdict


def verdict_of(as_given: Metrics, same_size: bool, regions: tuple[Region, ...]) -> Verdict:
    """Say "identical", "equivalent" or "different"."""
    if regions:
        return "different"
    return "identical" if same_size and as_given.zero_norm == 0 else "equivalent"


def passed(options: Options, regions: tuple[Region, ...]) -> bool | None:
    """Hold the regions against the caller's limits; None when there are none."""
    if options.max_regions is None and options.max_changed is None:
        return None
    few = options.max_regions is None or len(regions) <= options.max_regions
    small = options.max_changed is None or changed_share(regions) <= options.max_changed
    return few and small


def changed_share(regions: tuple[Region, ...]) -> float:
    """Share of the picture that lies in regions, 0 to 1."""
    return sum(region.share for region in regions)


def summarise(
    verdict: Verdict, regions: tuple[Region, ...], alignment: Alignment, tone: Tone, as_given: Metrics
) -> str:
    """Say in one or two sentences what differs and what was compensated."""
    return " ".join(part for part in (_finding(verdict, regions, alignment, as_given), _done(alignment, tone)) if part)


def _finding(verdict: Verdict, regions: tuple[Region, ...], alignment: Alignment, as_given: Metrics) -> str:
    if not alignment.same_scene:
        return "Not the same scene: the two images have nothing in common."
    if verdict == "identical":
        return "No difference: every pixel is equal."
    if verdict == "equivalent":
        return f"No real difference; {_count(as_given.zero_norm, 'pixel')} of {as_given.pixels:,} are not exactly equal."
    area = sum(region.area for region in regions)
    return f"{_count(len(regions), 'difference')}, {_percent(changed_share(regions))} of the picture ({_count(area, 'pixel')})."


def _done(alignment: Alignment, tone: Tone) -> str:
    parts = []
    if alignment.model == "shift":
        parts.append(f"aligned by a shift of {alignment.matrix[0][2]:.4g} × {alignment.matrix[1][2]:.4g} px")
    elif alignment.inliers is not None and alignment.model != "none":
        parts.append(f"aligned by {_ARTICLES[alignment.model]} {alignment.model}")
    elif alignment.model != "none":
        parts.append("brought to the same size")
    if tone.applied and tone.reason:
        parts.append(tone.reason)
    words = "; ".join(parts)
    return f"{words[0].upper()}{words[1:]}." if words else ""


_ARTICLES = {"similarity": "a", "affine": "an", "homography": "a"}


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(share: float) -> str:
    """Keep a single pixel of a huge picture visible: never round a change to zero."""
    return f"{100 * share:.1f} %" if share >= 0.0005 else f"{100 * share:.2g} %"
