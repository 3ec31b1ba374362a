"""The list of what is left to the solver: rule, place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_oso import Oso
from flask_oso.polar.tools.compiled_report import LeftOver
from tests.fuzz.witnesses import CLASSES
from tests.polar.compiler.test_programs import FOLLOWED, UNFOLLOWED
from tests.support.answers import count_functions
from tests.support.children import run_python

pytestmark = pytest.mark.usefixtures("compiling", "without_allow")


def listed(policy: str, compiled: bool = True) -> list[LeftOver]:
    oso = Oso(compiled=compiled)
    for cls in CLASSES:
        oso.register_class(cls)
    oso.load_str(policy)
    return oso.left_to_solver()


def test_line_names_file_place_rule_and_reason(tmp_path: Path) -> None:
    """Each line of the report begins with file, line and column, which editors can follow."""
    file = tmp_path / "page.polar"
    file.write_text("f(x) if x = 1;\n\n# Once.\n  g(x) if\n  x = 1 and print(x);\n", "utf-8")
    oso = Oso()
    oso.load_files([file])

    assert list(map(str, oso.left_to_solver())) == [f"{file}:5:13: g: 'print'"]


@pytest.mark.parametrize(("reason", "policy"), UNFOLLOWED.items(), ids=UNFOLLOWED)
def test_every_reason_is_listed(reason: str, policy: str) -> None:
    """Nobody has to ask the rule first."""
    assert reason in [each.reason for each in listed(policy)]


@pytest.mark.parametrize("policy", FOLLOWED.values(), ids=FOLLOWED)
def test_rules_that_are_compiled_are_not_listed(policy: str) -> None:
    """An empty list says that the solver is left with nothing."""
    assert listed(policy) == []


def test_list_is_in_the_order_of_the_policy() -> None:
    """However the rules depend on each other; each problem stands there once."""
    policy = "c(x) if b(x) and print(); a(x) if x > 1 and print(); b(x) if a(x) and print();"

    assert [(each.rule, each.place) for each in listed(policy)] == [
        ("c", "<policy>:1:18"),
        ("a", "<policy>:1:45"),
        ("b", "<policy>:1:71"),
    ]


def test_rule_for_one_string_of_many_is_listed() -> None:
    """A rule for one of hundreds of strings is listed, though its function is made when asked
    about.
    """
    facts = "".join(f'f("k{n}", x) if x.flag;' for n in range(300))

    found = listed(f'{facts} f("k300", x) if x.flag and print();')

    assert "'print'" in [each.reason for each in found]


def test_listing_leaves_the_engine_as_it_is() -> None:
    """What is compiled for the list is not kept."""
    oso = Oso()
    oso.load_str("".join(f"f{n}(x) if x.flag;" for n in range(400)))

    oso.left_to_solver()

    assert count_functions(oso) == 0


def test_list_does_not_depend_on_what_is_compiled() -> None:
    """The report of ``Oso(compiled=False)`` tells what could be compiled."""
    policy = "f(x) if x.flag and print();"

    assert listed(policy, compiled=False) == listed(policy) != []


def test_list_of_a_python_without_positions() -> None:
    """There nothing is compiled, and the list says so."""
    script = (
        "from flask_oso import Oso; o = Oso(); o.load_str('allow(_, _, _); f(1);');"
        "print(*o.left_to_solver(), sep='\\n')"
    )
    why = "all rules, since Python runs with -X no_debug_ranges or PYTHONNODEBUGRANGES"

    assert run_python(script, PYTHONNODEBUGRANGES="1").splitlines() == [
        f"<policy>: allow: {why}",
        f"<policy>: f: {why}",
    ]
