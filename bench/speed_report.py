"""The table and the plot of ``bench.speed``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.speed import Row


def _ratio(a: float | None, b: float | None) -> str:
    return f"{a / b:.2f}" if a is not None and b else ""


def line(row: Row) -> str:
    """Give one row as it is measured."""
    stages = " ".join(f"{name} {value:.0f}" for name, value in row.stages_ms.items())
    rivals = "".join(
        f", {label} {_ratio(value, row.ours)} × ours"
        for label, value in (("scikit-image", row.scikit), ("odiff", row.odiff))
        if value
    )
    return (
        f"{row.name}: ours {1000 * row.ours:.0f} ms = {_ratio(row.ours, row.decode)} × decode{rivals}, "
        f"{row.bytes_per_pixel:.0f} B/px, {row.verdict} {row.regions} {row.model} [{stages}]"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Give the Markdown table."""
    head = (
        "pair", "MP", "MB a file", "ours, ms", "decode, ms",
        "ours / decode", "scikit-image / ours", "odiff / ours", "bytes per px"
    )  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for row in rows:
        cells = (
            row["name"], f"{row['megapixels']:.1f}", f"{row['megabytes']:.1f}",
            f"{1000 * row['ours']:.0f}", f"{1000 * row['decode']:.0f}",
            _ratio(row["ours"], row["decode"]), _ratio(row["scikit"], row["ours"]), _ratio(row["odiff"], row["ours"]),
            f"{row['bytes_per_pixel']:.0f}",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(path: Path, rows: list[dict[str, Any]]) -> None:
    """Draw time against megapixels, a line per kind of pair, decode and rivals dashed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FixedLocator, NullFormatter, StrMethodFormatter

    figure = Figure(figsize=(8, 5))
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        series.setdefault(f"{row['variant']} {row['format']}", []).append((row["megapixels"], row["ours"]))
        rivals = (("scikit-image way", row["scikit"]), ("odiff", row["odiff"]))
        if row["variant"] in ("aligned", "screenshot"):
            rivals = (*rivals, (f"decode only, {row['variant']} {row['format']}", row["decode"]))
        for name, value in rivals:
            if value and (name != "scikit-image way" or row["format"] == "PNG"):
                series.setdefault(name, []).append((row["megapixels"], value))
    colours: dict[str, str] = {}  # decoding alone has that of its pair: there are only ten
    for name, points in series.items():
        colour = colours.setdefault(name.removeprefix("decode only, "), f"C{len(colours)}")
        style = "--" if name.startswith(("decode", "scikit", "odiff")) else "-"
        xs, ys = zip(*sorted(points), strict=True)
        axes.plot(xs, ys, style, color=colour, marker="o", markersize=3, label=name)
    axes.set(xscale="log", yscale="log", xlabel="megapixels of one image", ylabel="seconds (median)")
    for axis, ticks in ((axes.xaxis, (0.3, 1, 2, 4, 12, 24, 50)), (axes.yaxis, (0.01, 0.03, 0.1, 0.3, 1, 3, 10))):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))  # 0.3 instead of 3 × 10⁻¹
        axis.set_minor_formatter(NullFormatter())
    axes.set_title("Time of a whole evaluation")
    axes.grid(True, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.savefig(path, dpi=120, bbox_inches="tight")


def write(folder: Path, rows: list[dict[str, Any]], picture: Path | None = None) -> None:
    """Write speed.md, speed.json and speed.svg, and the plot once more where it is asked for."""
    (folder / "speed.md").write_text(table(rows) + "\n")
    (folder / "speed.json").write_text(json.dumps(rows, indent=1))
    plot(folder / "speed.svg", rows)
    if picture is not None:
        plot(picture, rows)
    print("\n" + table(rows))
