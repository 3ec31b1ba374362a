"""Functions that call themselves once, as loops: what the pass writes, and what it leaves alone."""

from __future__ import annotations

import ast
import textwrap

import pytest

from flask_oso.polar.compiler.passes.recursion.loops import Recursion, written_as_loop


def plain(text: str) -> str:
    return ast.unparse(ast.parse(textwrap.dedent(text)))


def looped(text: str, parameters: str = "a", result: str = "solutions") -> str | None:
    """Give the loop that a function becomes which calls itself."""
    body = ast.parse(textwrap.dedent(text)).body
    made = written_as_loop(Recursion("g", [*parameters], result, 9, body))
    if made is None:
        return None
    return ast.unparse(ast.fix_missing_locations(ast.Module(made, [])))


_CALL = """
v = a.up
if v is not None:
    w = g(v, level + 1, memo)
    if w is None:
        return None
    if w:
"""
_END = """
if v is None:
    solutions.append(1)
"""


def calling(then: str, end: str = _END) -> str:
    """Give statements with a call, behind which something is done."""
    return _CALL + textwrap.indent(textwrap.dedent(then).strip(), " " * 8) + end


def test_what_is_passed_on_is_added_in_the_next_turn() -> None:
    """Nothing has to be done behind the call."""
    made = looped(calling("solutions.extend(w)"))

    assert made == plain("""
        solutions = []
        for level in range(level, 10):
            v = a.up
            if v is not None:
                a = v
                continue
            if v is None:
                solutions.append(1)
            break
        else:
            return None
        return solutions
    """)


def test_what_holds_under_a_condition_goes_to_another_list() -> None:
    """The call is made all the same."""
    made = looped(calling("if a.open:\n    solutions.extend(w)"))

    assert made is not None
    assert "if not passes:\n            solutions = []\n        a = v" in made
    assert made.endswith("return result")


def test_a_value_is_computed_on_the_way_back() -> None:
    """From what was kept of each turn."""
    made = looped(
        calling("for x in w:\n    if x < 9:\n        y = x + a.b\n        solutions.append(y)")
    )

    assert made is not None
    assert "frames.append(a)\n        a = v\n        continue" in made
    assert made.endswith(
        plain("""
            for a in reversed(frames):
                if value < 9:
                    y = value + a.b
                    value = y
                    continue
                return []
            return [value]
        """)
    )


@pytest.mark.parametrize(
    ("then", "end"),
    [
        ("for x in w:\n    y = x + 1\n    solutions.append(y)", "\nsolutions.append(1)"),
        ("for x in w:\n    for y in a.b:\n        z = x + y\n        solutions.append(z)", _END),
        ("for x in w:\n    for y in a.b:\n        z = x + y\n        solutions.append(z)", "\n"),
        ("v = 1\nfor x in w:\n    y = x + 1\n    solutions.append(y)", _END),
        ("for x in w:\n    y = x + 1\n    solutions.append(y)", _END.replace("is None", "is w")),
        ("solutions.extend(w)", "\nif w:\n    solutions.append(2)"),
        ("solutions.extend(w)\ng(w)", _END),
    ],
)  # fmt: skip
def test_a_function_that_is_no_chain_keeps_its_calls(then: str, end: str) -> None:
    """Where there may be two values, or where what is done depends on more than one call."""
    assert looped(calling(then, end)) is None


@pytest.mark.parametrize(
    ("one", "other", "is_single"),
    [
        ("v is not None", "v is None", True),
        ("v is not None and v.x", "v is None", True),
        ("len(v) >= 2", "len(v) == 1", True),
        ("len(v) >= 1", "len(v) == 1", False),
        ("v > 0", "v <= 0", True),
        ("v >= 0", "v <= 0", False),
        ("v == 'a'", "v == 'b'", True),
        ("v == 'a'", "v == 1", False),
        ("v is not None", "b is None", False),
    ],
)
def test_conditions_that_exclude_each_other(one: str, other: str, is_single: bool) -> None:
    """Then there is one value at most."""
    then = "for x in w:\n    y = x + a.b\n    solutions.append(y)"
    text = calling(then, f"\nif {other}:\n    solutions.append(1)")
    made = looped(text.replace("if v is not None", f"if {one}", 1))

    assert (made is not None) is is_single


#: A function that calls itself for the rest of a list.
ALONG = """
        if len(a) >= 1:
            u = a[0]
            v = a[1:]
            if {test}:
                w = g(v, level + 1, memo)
                if w is None:
                    return None
                if w:
                    solutions.extend(w)
        if len(a) == 0:
            solutions.append(1)
    """


def test_a_loop_over_rests_goes_along_the_list() -> None:
    """No rest is made."""
    made = looped(ALONG.format(test="u"))

    assert made is not None
    assert made.startswith("left_of_a = len(a)")
    assert "u = a[-left_of_a]" in made
    assert "left_of_a = left_of_a - 1\n            continue" in made
    assert "a[1:]" not in made


def test_a_rest_that_is_needed_is_made() -> None:
    """The list is cut where something else is done with its rest."""
    made = looped(ALONG.format(test="not 1 in v"))

    assert made is not None
    assert "a = v\n            continue" in made


_SUM = """
if len(a) >= 1:
    u = a[0]
    v = a[1:]
    w = g(v, level + 1, memo)
    if w is None:
        return None
    if w:
        for x in w:
            if (type(x) is int and x < 99 or type(x) is float) and (
                type(u) is int and u < 99 or type(u) is float
            ):
                y = x + u
                if not type(y) is int and not y == y:
                    return None
                solutions.append(y)
            else:
                return None
if len(a) == 0:
    solutions.append(0)
"""


def test_a_sum_of_integers_is_added_at_once() -> None:
    """A list is gone through once, and integers are looked at as such first."""
    made = looped(_SUM)

    assert made is not None
    assert "frames = a\n" in made
    assert "        value = value + u\n        continue\n" in made


def test_a_number_of_links_is_multiplied() -> None:
    """What is added for each link needs no loop."""
    made = looped(
        _SUM.replace("x + u", "x + 2")
        .replace("u = a[0]", "pass")
        .replace(
            " and (\n                type(u) is int and u < 99 or type(u) is float\n            )",
            "",
        )
        .replace("if (type(x)", "if ((type(x)")
        .replace("is float):", "is float)):")
    )

    assert made is not None
    assert "value = value + (level - first_level) * 2" in made


def test_a_value_that_is_tested_for_more_kinds_is_no_sum() -> None:
    """What is no arithmetic of numbers is left as it is."""
    test = "if type(x) in simple or type(x) is bool:"
    made = looped(calling(f"for x in w:\n    {test}\n        y = x\n        solutions.append(y)"))

    assert made is not None
    assert "if type(value) in simple or type(value) is bool:" in made
