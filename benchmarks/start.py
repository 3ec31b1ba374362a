"""W11: what a process pays before it answers: ``Oso()`` and loading, the first question, all.

In goes a policy of a hundred lines, as an application of some size has it; out come
milliseconds, measured in fresh processes that have imported the package, and again with
another Oso in the same process.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

from .contenders import OSO, OURS, is_installed

#: What is measured, in the order in which it happens.
STEPS = {
    "load": "Oso() and a policy of 100 lines",
    "first": "its first question",
    "actions": "its first authorized_actions",
    "load again": "the same policy, another Oso in the process",
    "first again": "its first question",
    "prepare": "all of it, by prepare()",
}
_NAMES = ("Site", "Team", "Folder", "Page", "Issue")
_BLOCK = """
resource {name} {{
  permissions = ["read", "list", "edit", "share", "delete"];
  roles = ["reader", "writer", "owner"];
  relations = {{ parent: {parent} }};

  "read" if "reader";
  "list" if "reader";
  "edit" if "writer";
  "share" if "owner";
  "delete" if "owner";

  "reader" if "writer";
  "writer" if "owner";
  "owner" if "owner" on "parent";
}}
has_relation(parent: {parent}, "parent", child: {name}) if parent = child.parent;
"""
_HEAD = """
actor User {}
allow(actor, action, resource) if has_permission(actor, action, resource);
has_role(user: User, name: String, resource: Resource) if
  grant in user.grants and
  grant.name = name and
  grant.resource = resource;
has_permission(_: User, "read", page: Page) if
  page.is_public and
  not page.is_draft;
resource Org {
  roles = ["owner"];
}
"""
POLICY = _HEAD + "".join(
    _BLOCK.format(name=name, parent=parent)
    for name, parent in zip(_NAMES, ("Org", *_NAMES), strict=False)
)
_SCRIPT = """
import json, sys, time
from {module} import Oso
text = sys.stdin.read()
class User: pass
class Grant: pass
things = [type(name, (), dict(is_public=False, is_draft=False)) for name in {names}]
chain = [cls() for cls in things]
for parent, child in zip(chain, chain[1:]):
    child.parent = parent
user, grant = User(), Grant()
grant.name, grant.resource, user.grants = "owner", chain[1], [grant]
page = chain[4]
times = {{}}
def measure(name, act):
    start = time.perf_counter()
    found = act()
    times[name] = (time.perf_counter() - start) * 1000
    return found
def load():
    oso = Oso()
    for cls in (User, *things):
        oso.register_class(cls)
    oso.load_str(text)
    return oso
oso = measure("load", load)
assert measure("first", lambda: oso.is_allowed(user, "edit", page)) is True
assert "edit" in measure("actions", lambda: oso.authorized_actions(user, page))
oso = measure("load again", load)
assert measure("first again", lambda: oso.is_allowed(user, "edit", page)) is True
if hasattr(oso, "prepare"):
    oso = load()
    measure("prepare", oso.prepare)
print(json.dumps(times))
"""
_ROOT = pathlib.Path(__file__).parents[1]


def starts(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Measure each step; give milliseconds by step and contender."""
    modules = {OURS: "flask_oso", OSO: "oso"}
    takers = {name: m for name, m in modules.items() if name == OURS or is_installed(name)}
    times: dict[str, dict[str, list[float]]] = {step: {} for step in STEPS}
    for _ in range(rounds):
        for name, module in takers.items():
            for step, milliseconds in _child(module).items():
                times[step].setdefault(name, []).append(milliseconds)
    return times


def _child(module: str) -> dict[str, float]:
    """Run the steps in a new process."""
    inherited = {name: value for name, value in os.environ.items() if name != "OSO_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT.format(module=module, names=["Org", *_NAMES])],
        env={**inherited, "PYTHONPATH": str(_ROOT)},
        input=POLICY,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
