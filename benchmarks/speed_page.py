"""The table of single checks on the page about speed: the run that the chart shows, as Markdown.

In goes the page and the run; out comes the page with the table of this run between two marks.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .contenders import CASBIN, CEDARPY, HAND, OSO, OURS, SOLVER

BEGIN, END = "<!-- the run: begin -->\n", "<!-- the run: end -->\n"
_COLUMNS = {
    HAND: "by hand",
    OURS: "flask-oso",
    SOLVER: "solver alone",
    OSO: "oso",
    CEDARPY: "cedarpy",
    CASBIN: "casbin",
}


def with_run(page: str, run: Mapping[str, t.Any], titles: Mapping[str, str]) -> str:
    """Give the page with the table of a run.

    :param titles: the workloads of the table by their names in the run, as the page calls them.
    """
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{_table(run, titles)}\n{_about(run)}\n{END}{after}"


def _table(run: Mapping[str, t.Any], titles: Mapping[str, str]) -> str:
    rows = {row["id"]: row["times"] for row in run["rows"]}
    lines = [["", *_COLUMNS.values()], ["---"] * (1 + len(_COLUMNS))]
    for key, title in titles.items():
        if key in rows:
            lines.append([title, *(_shown(rows[key].get(name)) for name in _COLUMNS)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(time: Mapping[str, float] | None) -> str:
    if time is None:
        return "-"
    best = time["best"]
    return f"{best:.2g}" if best < 10 else f"{best:,.0f}"


def _about(run: Mapping[str, t.Any]) -> str:
    known = run["versions"]
    names = {"python": "CPython", "flask": "Flask"}
    there = [
        f"{names.get(name, name)} {known[name]}"
        for name in ("python", "flask", OSO, CEDARPY, CASBIN)
        if known.get(name, "missing") != "missing"
    ]
    return f"{run['machine']}; {', '.join(there)}; {run['date']}.\n"
