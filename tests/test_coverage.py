"""Tools that follow Python line by line follow policies: coverage.py, profilers."""

from __future__ import annotations

import cProfile
import json
import pstats
import subprocess
import sys
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest

from flask_oso import Oso
from flask_oso.coverage import PolarPlugin, is_measuring
from tests.docs.examples import DOCS, read_examples
from tests.support.answers import is_watched
from tests.support.children import plain_environment

pytestmark = pytest.mark.slow

PAGE = DOCS / "how-to" / "coverage.md"

POLICY = """\
actor User {}
resource Page {
  permissions = ["read", "edit"];
  roles = ["viewer", "owner"];

  "read" if "viewer";
  "edit" if "owner";
}

# The lines of a rule are those where its head and its conditions begin.
has_role(user: User, "viewer", page: Page) if
  not (
    page.is_secret = true or
    page.is_old = true
  ) and
  forall(name in page.banned,
    name != user.name
  );
has_role(user: User, "owner", page: Page) if
  user.name =
    page.owner;

type allow(actor, action, resource);
allow(user, action, page) if
  has_permission(user, action, page);
allow("root", _, _);
allow("guest", _, _);
?= not allow("eve", "read", "page");
"""
#: What there is to reach, and what the program below does not.
LINES = {6, 7, 11, 12, 13, 14, 16, 17, 19, 20, 24, 25, 26, 27, 28}
MISSED = {7, 17, 19, 20, 27}
PROGRAM = """\
import sys
from flask_oso import Oso

class User:
    name = "ana"

class Page:
    is_secret = is_old = False
    banned = []
    owner = "ben"

oso = Oso()
oso.register_class(User)
oso.register_class(Page)
oso.load_files(["page.polar"])
assert oso.is_allowed(User(), "read", Page())
assert oso.is_allowed("root", "read", Page())
"""
CONFIG = "[run]\nsource = .\nplugins = flask_oso.coverage\n"
Coverage = Callable[..., str]


@pytest.fixture
def coverage(tmp_path: Path) -> Coverage:
    """Run coverage.py in a directory with a policy and a program."""
    files = {"page.polar": POLICY, "program.py": PROGRAM, ".coveragerc": CONFIG}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "coverage", *arguments],
            cwd=tmp_path,
            env=plain_environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def measured(coverage: Coverage, name: str = "page.polar") -> dict[str, t.Any]:
    """Give what the report says of a file."""
    found: dict[str, t.Any] = json.loads(coverage("json", "-q", "-o", "-"))["files"][name]
    return found


@pytest.mark.parametrize("option", ["--source=.", "--branch"])
def test_lines_of_a_policy_are_hit_or_missed(coverage: Coverage, option: str) -> None:
    """By facts, rules, shorthand rules, conditions and inline queries."""
    coverage("run", option, "program.py")

    report = measured(coverage)

    assert set(report["missing_lines"]) == MISSED
    assert set(report["executed_lines"]) == LINES - MISSED


def test_lines_of_python_are_counted_beside_them(coverage: Coverage) -> None:
    """The plugin takes nothing from what coverage.py does by itself."""
    coverage("run", "program.py")

    assert measured(coverage, "program.py")["missing_lines"] == []


def test_policy_that_is_never_loaded_is_missed(coverage: Coverage, tmp_path: Path) -> None:
    """A policy that is never loaded is in the report, with all its lines missed."""
    (tmp_path / "other.polar").write_text("f(1);\n\nf(2);\n", encoding="utf-8")
    coverage("run", "program.py")

    assert measured(coverage, "other.polar")["missing_lines"] == [1, 3]


def test_policy_outside_of_the_source_is_left_out(coverage: Coverage, tmp_path: Path) -> None:
    """What is to be measured is coverage.py's to say."""
    coverage("run", "--omit=page.*", "program.py")

    assert list(json.loads(coverage("json", "-q", "-o", "-"))["files"]) == ["program.py"]


def test_report_of_a_policy_with_a_mistake(coverage: Coverage, tmp_path: Path) -> None:
    """What can be read of it is reported."""
    coverage("run", "program.py")
    (tmp_path / "page.polar").write_text("f(1);\nf(;\nf(2);\n", encoding="utf-8")

    assert measured(coverage)["missing_lines"] == [1, 3]


def test_without_the_plugin_policies_are_not_watched(coverage: Coverage, tmp_path: Path) -> None:
    """coverage.py alone changes nothing: rules are compiled."""
    (tmp_path / ".coveragerc").write_text("[run]\nsource = .\n", encoding="utf-8")
    (tmp_path / "program.py").write_text(
        f"{PROGRAM}from tests.support.answers import is_compiling\nassert is_compiling(oso)\n",
        encoding="utf-8",
    )

    coverage("run", "program.py")

    assert list(json.loads(coverage("json", "-q", "-o", "-"))["files"]) == ["program.py"]


def test_importing_the_plugin_measures_nothing() -> None:
    """The plugin measures in a run of coverage.py that was told of it, and in no other."""
    assert not is_measuring()
    assert not is_watched(Oso())


def test_lines_to_reach(tmp_path: Path) -> None:
    """The lines to reach are those where something begins that a run can come to."""
    path = tmp_path / "page.polar"
    path.write_text(POLICY, encoding="utf-8")

    assert PolarPlugin().file_reporter(str(path)).lines() == LINES


def test_page_shows_how_to_configure_coverage(coverage: Coverage, tmp_path: Path) -> None:
    """What the page puts into the configuration counts the lines of policies."""
    (shown,) = (each.text for each in read_examples(PAGE) if each.language == "ini")
    (tmp_path / ".coveragerc").write_text(shown, encoding="utf-8")

    coverage("run", "program.py")

    assert set(measured(coverage)["missing_lines"]) == MISSED


def test_profile_shows_the_policy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profiler that knows nothing of policies says which file takes the time."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    file = tmp_path / "profiled.polar"
    file.write_text("allow(x, _, _) if is_good(x);\nis_good(x) if x.real = 1;\n", encoding="utf-8")
    oso = Oso()
    oso.load_files([file])

    with cProfile.Profile() as profile:
        oso.is_allowed(1.0, "read", "page")

    assert str(file) in {name for name, _, _ in pstats.Stats(profile).stats}  # type: ignore[attr-defined]
