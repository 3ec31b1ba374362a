"""The chart: who takes how long for one check, on a logarithmic axis, as SVG.

In goes the file of a run, ``--json``; out comes a picture that is readable on light pages and
on dark ones. A mark stands for each contender: its colour and its form differ.
"""

from __future__ import annotations

import argparse
import json
import math
import pathlib
import sys
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from . import speed_page
from .contenders import CASBIN, CEDARPY, HAND, OSO, OURS

_IMAGES = pathlib.Path(__file__).parents[1] / "docs" / "images"
_RUN = _IMAGES / "benchmark.json"
_PICTURE = _IMAGES / "benchmark.svg"
#: Has the figures of the same run as a table.
_PAGE = _IMAGES.parent / "explanation" / "speed.md"
#: The workloads that are one check each, and how the chart calls them.
TITLES = {
    "W1": "one fact",
    "W2": "roles in organizations",
    "W3": "attributes",
    "W4": "folders 10 deep",
    "W5-10": "among 10 rules",
    "W5-10000": "among 10,000 rules",
    "W6-10": "actor with 10 roles",
    "W6-1000": "actor with 1,000 roles",
}
_EPILOG = """\
examples:
  python -m benchmarks --only W1,W2,W3,W4,W5,W6 --json docs/images/benchmark.json
  python -m benchmarks chart
  python -m benchmarks chart results.json --output picture.svg
"""

_WIDTH, _ROW = 860, 34
_LEFT, _RIGHT, _TOP, _BOTTOM = 190, 150, 92, 58
_STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif }
  .back { fill: #ffffff; stroke: #d5dae1 }
  text { fill: #1f2933 } .minor { fill: #5b6773; font-size: 12px }
  .title { font-size: 16px; font-weight: 600 } .ours { font-weight: 600 }
  .grid { stroke: #e3e7ec } .row { stroke: #eef1f4 }
  .hand { fill: none; stroke: #5b6773; stroke-width: 2 }
  .flask-oso { fill: #0b66c3 } .oso { fill: #c2410c } .casbin { fill: #15803d }
  .cedarpy { fill: #8b2fb5 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #14181d; stroke: #313a44 }
    text { fill: #e6eaef } .minor { fill: #a3afbb }
    .grid { stroke: #2a323b } .row { stroke: #20262d }
    .hand { stroke: #a3afbb }
    .flask-oso { fill: #58a6ff } .oso { fill: #fb8b4c } .casbin { fill: #4ac26b }
    .cedarpy { fill: #d08bf0 }
  }
"""


def _circle(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6"'


def _ring(x: float, y: float) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"'


def _square(x: float, y: float) -> str:
    return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10"'


def _triangle(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 6:.1f} l6.5 11 h-13 z"'


def _diamond(x: float, y: float) -> str:
    return f'<path d="M{x:.1f} {y - 7:.1f} l7 7 l-7 7 l-7 -7 z"'


#: The form of each contender's mark, and its class in the style.
_MARKS: Mapping[str, tuple[Callable[[float, float], str], str]] = {
    OSO: (_square, "oso"),
    CASBIN: (_triangle, "casbin"),
    CEDARPY: (_diamond, "cedarpy"),
    OURS: (_circle, "flask-oso"),
    HAND: (_ring, "hand"),
}
_LEGEND = {HAND: "by hand", OURS: "flask-oso", OSO: "oso", CASBIN: "casbin", CEDARPY: "Cedar"}


@dataclass(frozen=True)
class Line:
    """One workload: microseconds of a check by contender."""

    title: str
    times: Mapping[str, float]


@dataclass(frozen=True)
class _Axis:
    """Microseconds from one power of ten to another."""

    first: int
    last: int

    def x(self, microseconds: float) -> float:
        part = (math.log10(microseconds) - self.first) / (self.last - self.first)
        return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)

    @property
    def powers(self) -> range:
        return range(self.first, self.last + 1)


class NothingToDrawError(Exception):
    """The run has none of the workloads of the chart."""


def lines_of(run: Mapping[str, t.Any]) -> list[Line]:
    """Give the workloads of a run that the chart shows, in its order."""
    rows = {row["id"]: row["times"] for row in run["rows"]}
    return [
        Line(title, {name: rows[key][name]["best"] for name in _MARKS if name in rows[key]})
        for key, title in TITLES.items()
        if key in rows
    ]


def draw(run: Mapping[str, t.Any]) -> str:
    """Draw the chart of a run.

    :raises NothingToDrawError: if the run has none of its workloads.
    """
    lines = lines_of(run)
    if not lines:
        raise NothingToDrawError(f"The run has none of the workloads {', '.join(TITLES)}.")
    axis = _axis(lines)
    height = _TOP + _ROW * len(lines) + _BOTTOM
    body = [*_frame(lines, axis, height), *_grid(lines, axis), *_legend(lines)]
    for number, line in enumerate(lines):
        body += _row(line, axis, _TOP + _ROW * (number + 0.5))
    body.append(_text(_LEFT, height - 14, _about(run), "minor"))
    body.append("</svg>")
    return "\n".join(body) + "\n"


def _axis(lines: Sequence[Line]) -> _Axis:
    figures = [figure for line in lines for figure in line.times.values()]
    first, last = math.floor(math.log10(min(figures))), math.ceil(math.log10(max(figures)))
    return _Axis(first, max(last, first + 1))


def _frame(lines: Sequence[Line], axis: _Axis, height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" role="img" aria-labelledby="title desc">'
    )
    yield '<title id="title">Time of one authorization check</title>'
    told = "; ".join(
        f"{line.title}: "
        + ", ".join(f"{_LEGEND[name]} {shown(line.times[name])}" for name in _shown_of(line))
        for line in lines
    )
    yield f'<desc id="desc">{escape(told)}.</desc>'
    yield f"<style>{_STYLE}</style>"
    yield f'<rect class="back" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>'
    yield _text(20, 32, "Time of one check, logarithmic: left is faster", "title")
    yield _text(_WIDTH - 20, _TOP - 10, "flask-oso, times by hand", "minor", anchor="end")


def _grid(lines: Sequence[Line], axis: _Axis) -> Iterator[str]:
    bottom = _TOP + _ROW * len(lines)
    for number in range(len(lines) + 1):
        y = _TOP + _ROW * number
        yield f'<path class="row" d="M20 {y} H{_WIDTH - 20}"/>'
    for power in axis.powers:
        x = axis.x(10.0**power)
        yield f'<path class="grid" d="M{x:.1f} {_TOP} V{bottom}"/>'
        yield _text(x, bottom + 18, shown(10.0**power), "minor", anchor="middle")


def _legend(lines: Sequence[Line]) -> Iterator[str]:
    x = float(_LEFT)
    for name, label in _LEGEND.items():
        if any(name in line.times for line in lines):
            mark, kind = _MARKS[name]
            yield f'{mark(x, 58)} class="{kind}"/>'
            yield _text(x + 14, 62, label, "ours" if name == OURS else "")
            x += 36 + 7.5 * len(label)


def _row(line: Line, axis: _Axis, y: float) -> Iterator[str]:
    yield _text(20, y + 4, line.title, "")
    # Those drawn last lie on top: ours, and by hand as a ring around what is as fast.
    for name, (mark, kind) in _MARKS.items():
        if name in line.times:
            told = f"{_LEGEND[name]}, {line.title}: {shown(line.times[name])}"
            x = axis.x(line.times[name])
            yield f'{mark(x, y)} class="{kind}"><title>{escape(told)}</title>{_end(mark(x, y))}'
    if OURS in line.times and HAND in line.times:
        ratio = f"{shown(line.times[OURS])}, {line.times[OURS] / line.times[HAND]:.1f} x"
        yield _text(_WIDTH - 20, y + 4, ratio, "ours", anchor="end")


def _end(mark: str) -> str:
    return f"</{mark[1:].partition(' ')[0]}>"


def _shown_of(line: Line) -> list[str]:
    return [name for name in _LEGEND if name in line.times]


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named} text-anchor="{anchor}">{escape(text)}</text>'


def shown(microseconds: float) -> str:
    """Write a time in the unit that fits it."""
    if microseconds < 0.9995:
        return f"{_digits(microseconds * 1000)} ns"
    if microseconds < 999.5:
        return f"{_digits(microseconds)} µs"
    if microseconds < 999_500:
        return f"{_digits(microseconds / 1000)} ms"
    return f"{_digits(microseconds / 1_000_000)} s"


def _digits(figure: float) -> str:
    return f"{figure:.2g}" if figure < 10 else f"{figure:.0f}"


def _about(run: Mapping[str, t.Any]) -> str:
    known = run["versions"]
    there = [f"{name} {known[name]}" for name in (OSO, CASBIN, CEDARPY) if _is_there(known, name)]
    return ", ".join([f"CPython {known['python']}", *there, run["date"]])


def _is_there(versions: Mapping[str, str], name: str) -> bool:
    return versions.get(name, "missing") != "missing"


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the chart of a run; give the exit code: 2 without a run.

    The run of the documentation is written into its page about speed, too.
    """
    options = _parser().parse_args(arguments)
    try:
        text = options.run.read_text(encoding="utf-8")
    except FileNotFoundError:
        print(f"There is no run in {options.run}. See --help for how to make one.", file=sys.stderr)
        return 2
    try:
        picture = draw(json.loads(text))
    except NothingToDrawError as error:
        print(error, file=sys.stderr)
        return 2
    options.output.write_text(picture, encoding="utf-8")
    print(f"{options.output} is drawn.", file=sys.stderr)
    if options.run == _RUN:
        page = _PAGE.read_text(encoding="utf-8")
        page = speed_page.with_run(page, json.loads(text), TITLES)
        _PAGE.write_text(page, encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks chart",
        description="Draw the chart of a run: by hand, flask-oso and the peers that took part.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "run", metavar="FILE", nargs="?", type=pathlib.Path, default=_RUN, help="the file of a run"
    )
    parser.add_argument(
        "--output", metavar="FILE", type=pathlib.Path, default=_PICTURE, help="where to draw"
    )
    return parser
