"""W7 and the import: what only a fresh process shows.

In go texts of policies; out come milliseconds, those of the child alone: how long Python
takes to start is not among them.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from .contenders import CASBIN, CEDARPY, OSO, OURS, is_installed
from .facts import as_cedar, as_polar

AGAIN = "flask-oso again"
_ROOT = pathlib.Path(__file__).parents[1]
_TIMED = """
import sys, time
text = open(sys.argv[1]).read()
{before}
start = time.perf_counter()
{timed}
print((time.perf_counter() - start) * 1000)
"""
_POLAR = """
from {module} import Oso
class User:
    department = "department0"
class Document:
    level, secret = 0, False
oso = Oso()
oso.register_class(User)
oso.register_class(Document)
"""
_CEDAR = """
import cedarpy
a = 'Thing::"a"'
request = {"principal": a, "action": 'Action::"a"', "resource": a, "context": {}}
"""
_CASBIN = """
from casbin import Enforcer, Model
model = Model()
model.add_def("r", "r", "sub, obj, act")
model.add_def("p", "p", "sub, obj, act")
model.add_def("e", "e", "some(where (p.eft == allow))")
model.add_def("m", "m", "r.sub == p.sub && r.obj == p.obj && r.act == p.act")
"""
_LOADS = {
    OURS: (_POLAR.format(module="flask_oso"), "oso.load_str(text)"),
    OSO: (_POLAR.format(module="oso"), "oso.load_str(text)"),
    CEDARPY: (_CEDAR, "cedarpy.is_authorized(request, text, '[]')"),
    CASBIN: (
        _CASBIN,
        "enforcer = Enforcer(model)\n"
        "enforcer.add_policies([line.split(', ') for line in text.splitlines()])",
    ),
}


def load_facts(number: int, rounds: int) -> dict[str, list[float]]:
    """Load facts cold, each time in a new process."""
    facts = [(f"user{n}", "read", f"doc{n}") for n in range(number)]
    texts = {
        OURS: as_polar(facts),
        OSO: as_polar(facts),
        CEDARPY: as_cedar(facts),
        CASBIN: "\n".join(f"{a}, {c}, {b}" for a, b, c in facts),
    }
    return _load(texts, rounds)


def load_rules(number: int, rounds: int) -> dict[str, list[float]]:
    """Load rules with conditions cold. Only engines for Polar take part."""
    text = "\n".join(
        f'allow(user: User, "action{n}", document: Document) if\n'
        f'  user.department = "department{n}" and\n'
        f"  document.level <= {n} and not document.secret;"
        for n in range(number)
    )
    return _load({OURS: text, OSO: text}, rounds)


def _load(texts: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as directory:
        environment = {"OSO_CACHE_DIR": directory}
        paths = {name: pathlib.Path(directory, f"{name}.txt") for name in texts}
        for name, text in texts.items():
            paths[name].write_text(text)
        takers = [name for name in texts if name == OURS or is_installed(name)]
        # So that a policy is in the cache that others find there.
        _child(*_LOADS[OURS], paths[OURS], environment)
        times: dict[str, list[float]] = {name: [] for name in (OURS, AGAIN, *takers)}
        for _ in range(rounds):
            for name in takers:
                times[name].append(_child(*_LOADS[name], paths[name]))
            times[AGAIN].append(_child(*_LOADS[OURS], paths[OURS], environment))
    return times


def imports(rounds: int) -> dict[str, list[float]]:
    """Import each package in a new process that has imported Flask."""
    modules = {OURS: "flask_oso", OSO: "oso", CEDARPY: "cedarpy", CASBIN: "casbin"}
    takers = {n: m for n, m in modules.items() if n == OURS or is_installed(n)}
    times: dict[str, list[float]] = {name: [] for name in takers}
    for _ in range(rounds):
        for name, module in takers.items():
            times[name].append(_child("import flask", f"import {module}", pathlib.Path(__file__)))
    return times


def _child(
    before: str, timed: str, path: pathlib.Path, environment: Mapping[str, str] | None = None
) -> float:
    """Run a piece of code in a new process; give the milliseconds that its timed part took."""
    inherited = {name: value for name, value in os.environ.items() if name != "OSO_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(before=before, timed=timed), str(path)],
        env={**inherited, "PYTHONPATH": str(_ROOT), **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(json.loads(done.stdout.splitlines()[-1]))
