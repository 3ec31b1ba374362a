"""The table of shapes, worst first, and how it compares with the goals."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..contenders import versions
from ..report import machine
from .measuring import Measured


@dataclass(frozen=True)
class Goal:
    """A figure over all shapes, and what it may be at most."""

    title: str
    figure: float
    most: float

    @property
    def is_reached(self) -> bool:
        return self.figure <= self.most


def goals(shapes: Sequence[Measured]) -> list[Goal]:
    """Compare the ratios of all shapes with the goals."""
    ratios = sorted(shape.ratio for shape in shapes)
    growths = [shape.growth for shape in shapes if shape.growth is not None]
    return [
        Goal("median", quantile(ratios, 0.5), 2.5),
        Goal("90th percentile", quantile(ratios, 0.9), 5.0),
        Goal("worst", ratios[-1], 12.0),
        Goal("growth against by hand", max(growths, default=1.0), 1.6),
    ]


def quantile(figures: Sequence[float], part: float) -> float:
    """Give the figure of sorted ones below which a part of them lies."""
    at = part * (len(figures) - 1)
    below = int(at)
    above = min(below + 1, len(figures) - 1)
    return figures[below] + (figures[above] - figures[below]) * (at - below)


def lines(shapes: Iterable[Measured]) -> list[str]:
    """Give the lines of the table, and of the summary."""
    ordered = sorted(shapes, key=lambda shape: shape.ratio, reverse=True)
    header = ["shape", "sizes", "ours µs", "by hand", "ratio", "exponent", "growth", "first ms"]
    cells = [header, *(_cells(shape) for shape in ordered)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = [_aligned(row, widths) for row in cells]
    return [*table, "", *_summary(ordered)]


def _summary(shapes: Sequence[Measured]) -> list[str]:
    count = f"{len(shapes)} shapes, ours / by hand:"
    compared = [
        f"  {goal.title:23} {shown(goal.figure):>9}   goal at most {goal.most:g}"
        f"{'' if goal.is_reached else '   missed'}"
        for goal in goals(shapes)
    ]
    steep = sum(1 for shape in shapes if shape.growth is not None and shape.growth > 1.6)
    over = sum(1 for shape in shapes if shape.ratio > 12)
    return [
        count,
        *compared,
        f"  {over} shapes above 12, {steep} that grow with more than 1.6.",
        f"{machine()}, Python {versions()['python']}.",
    ]


def _cells(shape: Measured) -> list[str]:
    sizes = sorted(shape.times)
    exponent, growth = shape.exponent, shape.growth
    return [
        shape.name,
        "-" if len(sizes) == 1 else ", ".join(f"{size:,}" for size in sizes),
        ", ".join(shown(shape.times[size].ours) for size in sizes),
        ", ".join(shown(shape.times[size].by_hand) for size in sizes),
        shown(shape.ratio),
        "-" if exponent is None else f"{exponent:.2f}",
        "-" if growth is None else f"{growth:.2f}",
        shown(shape.first),
    ]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *figures = [
        cell.ljust(width) if number == 0 else cell.rjust(width)
        for number, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join([name, *figures])


def shown(figure: float) -> str:
    """Write a figure with three digits, or all before the point."""
    if figure < 10:
        return f"{figure:.2f}"
    return f"{figure:.1f}" if figure < 100 else f"{figure:,.0f}"


def as_json(shapes: Sequence[Measured]) -> dict[str, t.Any]:
    """Give the results as plain data, worst first."""
    return {
        "machine": machine(),
        "versions": versions(),
        "shapes": [
            {
                "name": shape.name,
                "ratio": shape.ratio,
                "exponent": shape.exponent,
                "growth": shape.growth,
                "first_ms": shape.first,
                "sizes": {
                    str(size): {"ours_us": each.ours, "by_hand_us": each.by_hand}
                    for size, each in sorted(shape.times.items())
                },
            }
            for shape in sorted(shapes, key=lambda shape: shape.ratio, reverse=True)
        ],
        "goals": [
            {"title": goal.title, "figure": goal.figure, "most": goal.most}
            for goal in goals(shapes)
        ],
    }
