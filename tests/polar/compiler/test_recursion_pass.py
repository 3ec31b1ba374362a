"""Functions that call themselves once, as loops: what the pass writes, and what it leaves alone."""

from __future__ import annotations

import ast
import itertools
import random
import textwrap
import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.passes.recursion.loops import Recursion, written_as_loop
from flask_oso.polar.compiler.passes.recursion.remembered_classes import remember_classes
from flask_oso.polar.compiler.programs import CompiledProgram
from tests.support.answers import outcome_of, specialized


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


def test_what_does_not_depend_on_the_call_is_read_before_it() -> None:
    """So what is kept of each turn is the value alone, and its class may be known."""
    then = "for x in w:\n    c = a\n    b = c.b\n    y = x + b\n    solutions.append(y)"

    made = looped(calling(then))

    assert made is not None
    assert "c = a\n        b = c.b\n        frames.append(b)\n        a = v" in made


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


_OF_NONE = "if len(a) == 0:\n    solutions.append(0)\n"


@pytest.mark.parametrize(
    "text", [_SUM, _OF_NONE + _SUM.replace(_OF_NONE, "")], ids=["empty last", "empty first"]
)
def test_a_sum_of_integers_is_added_at_once(text: str) -> None:
    """A list is gone through once, and integers are looked at as such first."""
    made = looped(text)

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


# -- classes that are asked for once -----------------------------------------------------------


def remembered(text: str) -> str:
    """Give what becomes of a loop."""
    module, numbers = ast.parse(textwrap.dedent(text)), itertools.count()
    remember_classes(module.body, lambda letter: f"{letter}{next(numbers)}")
    return ast.unparse(ast.fix_missing_locations(module))


_ALONG = """
for level in k:
    v = a.up if type(a) in k1 else a['up'] if type(a) is dict else k2.read(a, 'up')
    if b == a if (p is type(a) or type(a) in simple) and x else alike(b, a):
        found = True
    if v is not None:
        if type(v) not in told and (not is_told(type(v))):
            return None
        a = v
        continue
    break
"""


def test_class_is_compared_with_the_last_one() -> None:
    """What is asked of a class is asked again where another one is met, and for dictionaries."""
    assert remembered(_ALONG) == plain("""
        c0 = None
        c2 = None
        for level in k:
            if type(a) is c0:
                v = a.up
            else:
                v = a.up if type(a) in k1 else a['up'] if type(a) is dict else k2.read(a, 'up')
                c0 = None if type(a) is dict else type(a)
                s1 = (p is type(a) or type(a) in simple) and x
            if b == a if s1 else alike(b, a):
                found = True
            if v is not None:
                if type(v) is not c2:
                    if type(v) not in told and (not is_told(type(v))):
                        return None
                    c2 = type(v)
                a = v
                continue
            break
    """)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("and x else", "and v else"),
        ("and x else", "and y(a) else"),
        ("and x else", "and a else"),
        ("and x else", "and (y := x) else"),
        ("    if b == a", "    a = v\n    if b == a"),
        ("    if b == a", "    p = v\n    if b == a"),
    ],
    ids=["read", "call", "the object", "named", "another object", "another class"],
)
def test_comparison_that_depends_on_more_stays(old: str, new: str) -> None:
    """It is not the same for all objects of a class."""
    assert old in _ALONG
    test = next(each for each in _ALONG.replace(old, new).splitlines() if "if b == a" in each)

    assert plain(f"while 1:\n{test}\n        pass").splitlines()[1] in remembered(
        _ALONG.replace(old, new)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("not in told and (not is_told(type(v)))", "not in told and x"),
        ("not in told and (not is_told(type(v)))", "not in others"),
        ("not is_told(type(v))", "not is_told(type(a))"),
    ],
    ids=["another test", "another set", "another object"],
)
def test_other_tests_stay(old: str, new: str) -> None:
    """They may depend on more than the class."""
    assert old in _ALONG
    line = next(each for each in _ALONG.splitlines() if old in each).replace(old, new)

    assert f"    if v is not None:\n{plain_line(line)}" in remembered(_ALONG.replace(old, new))


def plain_line(line: str) -> str:
    header, _ = plain(f"{line.strip()} pass").split("\n")
    return " " * 8 + header


class Folder:
    """What is in another one."""

    def __init__(self, parent: t.Any = None) -> None:
        self.parent = parent


class Drive(Folder):
    """Another class with the same attribute."""


class Same(Folder):
    """Compares as it likes."""

    def __eq__(self, other: object) -> bool:
        return other == 1 or self is other

    __hash__ = Folder.__hash__


class Asked:
    """Who asks."""

    def __init__(self, wanted: t.Any) -> None:
        self.folders = [wanted]


def _chain(kinds: t.Sequence[t.Any]) -> list[t.Any]:
    """Give objects of some classes, of which each is in the next."""
    made: list[t.Any] = [Folder()]
    for kind in kinds:
        made.append({"parent": made[-1]} if kind is dict else kind(made[-1]))
    return made


@pytest.mark.parametrize("seed", range(6))
def test_chain_of_several_classes_is_followed_as_by_the_solver(seed: int) -> None:
    """Classes that are met in turn, of which some are dictionaries, or compare in their own way."""
    choose = random.Random(seed)
    policy = """
        allow(u: Asked, "read", f: Folder) if x in u.folders and within(f, x);
        within(x, y) if x = y or (x.parent != nil and within(x.parent, y));
    """
    osos = []
    for compiled in (True, False):
        oso = Oso(compiled=compiled)
        for cls in (Folder, Drive, Same, Asked):
            oso.register_class(cls)
        oso.load_str(policy)
        osos.append(oso)
    for _ in range(12):
        kinds = [choose.choice([Folder, Folder, Drive, Drive, dict, Same]) for _ in range(7)]
        chain = _chain([*kinds, Folder])
        for wanted in (*chain, Folder(), Drive(), 1, "a", None):
            outcomes = [outcome_of(oso, Asked(wanted), "read", chain[-1]) for oso in osos]
            assert outcomes[0] == outcomes[1]


def test_one_function_follows_a_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it begins with is of a class that is known, and the rest of any."""
    defined, define = list[str](), CompiledProgram.define
    monkeypatch.setattr(
        CompiledProgram,
        "define",
        lambda self, *args: defined.append(args[0]) or define(self, *args),
    )
    oso = Oso(compiled=True)
    for cls in (Folder, Asked):
        oso.register_class(cls)
    oso.load_str("""
        allow(u: Asked, "read", f: Folder) if x in u.folders and within(f, x);
        within(x, y) if x = y or (x.parent != nil and within(x.parent, y));
    """)
    chain = _chain([Folder] * 9)
    assert oso.is_allowed(Asked(chain[0]), "read", chain[-1])

    assert specialized(oso.engine, Asked(chain[0]), "read", chain[-1]) is True
    assert specialized(oso.engine, Asked(Folder()), "read", chain[-1]) is False
    assert len(defined) == 1


_TWICE = """
for level in k:
    v = a.up if type(a) in k1 else a['up'] if type(a) is dict else k2.read(a, 'up')
    w = a.own if type(a) in k1 else a['own'] if type(a) is dict else k2.read(a, 'own')
    if type(v) not in harmless:
        return None
    if w is u:
        return True
    if v is not None:
        if type(v) not in told:
            return None
        a = v
        continue
    break
"""


def test_two_questions_about_one_class_are_asked_together() -> None:
    """Two reads of one object, and two tests of the class of what comes next."""
    assert remembered(_TWICE) == plain("""
        c0 = None
        c1 = None
        for level in k:
            if type(a) is c0:
                v = a.up
                w = a.own
            else:
                v = a.up if type(a) in k1 else a['up'] if type(a) is dict else k2.read(a, 'up')
                w = a.own if type(a) in k1 else a['own'] if type(a) is dict else k2.read(a, 'own')
                c0 = None if type(a) is dict else type(a)
            if type(v) is not c1:
                if type(v) not in harmless:
                    return None
                if type(v) not in told:
                    return None
                c1 = type(v)
            if w is u:
                return True
            if v is not None:
                a = v
                continue
            break
    """)


def test_what_is_nil_is_told_from_what_is_asked() -> None:
    """Behind a test for nil, too, and where nothing else stands there."""
    nil = _TWICE.replace("if v is not None:", "if v is None:\n        return w\n    elif b:")
    nil = nil.replace("elif b:", "else:")
    alone = _TWICE.replace("        a = v\n        continue\n", "")

    assert remembered(nil).count("type(v) is not c") == 1
    assert "if v is not None:\n        pass" in remembered(alone)


def test_class_is_asked_again_of_another_value_of_the_name_or_behind_another_test() -> None:
    """There the value may be of one class alone, or is another one."""
    again = _TWICE.replace("if v is not None", "if type(v) is not k3")
    other = _TWICE.replace("    if w is u:", "    v = w\n    if w is u:")

    assert remembered(again).count("type(v) is not c") == 2
    assert remembered(other).count("type(v) is not c") == 2


_LIST = """
if len(a) >= 1:
    v = a[0]
    w = a[1:]
    u = g(w, level + 1, memo)
    if u is None:
        return None
    if u:
        b = v.amount
        if type(b) is not int:
            return None
        for x in u:
            y = x + b
            solutions.append(y)
if len(a) == 0:
    solutions.append(0)
"""


def test_list_is_gone_through_where_each_turn_goes_on() -> None:
    """What is done with each element is done in a loop over the list."""
    made = looped(_LIST)

    assert made is not None
    assert (
        plain("""
        level = level + left_of_a
        if level > 9:
            return None
        for v in a:
            b = v.amount
            if type(b) is not int:
                return None
            frames.append(b)
        left_of_a = 0
    """)
        in made
    )


def test_turn_that_may_not_go_on_counts_what_is_left() -> None:
    """Where a condition fails, the call is not made."""
    text = _LIST.replace("    w = a[1:]", "    if v.open:\n        return None\n    w = a[1:]")
    open_one = _LIST.replace("if len(a) >= 1:", "if len(a) >= 1 and a[0].open:")

    assert "for v in a:" in str(looped(text))
    assert "for v in a:" not in str(looped(open_one))
