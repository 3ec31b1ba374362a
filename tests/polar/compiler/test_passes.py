"""Passes over the statements of a specialization: what they write, and what they leave alone."""

from __future__ import annotations

import abc
import ast
import itertools
import textwrap
import typing as t
from collections.abc import Callable

import pytest

from flask_oso import Oso
from flask_oso.polar.compiler.passes.exclusion import ask_one_class
from flask_oso.polar.compiler.passes.flags import replace_flags
from flask_oso.polar.compiler.passes.hoisting import hoist
from flask_oso.polar.compiler.passes.indexing import index
from flask_oso.polar.compiler.passes.searches import write_out_searches
from flask_oso.polar.compiler.passes.shortening import (
    look_up_once,
    shorten_counts,
    shorten_end,
    shorten_names,
    unpack_pairs,
)
from tests.support.answers import specialized
from tests.support.models.people import Alike, Folder, Thing, User
from tests.support.policies import make_oso

Pass = Callable[[list[ast.stmt]], object]


def rewritten(text: str, do: Pass) -> str:
    """Give what a pass makes of statements."""
    module = ast.parse(textwrap.dedent(text))
    do(module.body)
    return ast.unparse(ast.fix_missing_locations(module))


def plain(text: str) -> str:
    return ast.unparse(ast.parse(textwrap.dedent(text)))


def hoisted(statements: list[ast.stmt]) -> None:
    numbers = itertools.count()
    hoist(statements, lambda letter: f"{letter}{next(numbers)}")


def indexed(statements: list[ast.stmt]) -> None:
    numbers = itertools.count()
    index(statements, lambda letter: f"{letter}{next(numbers)}")


def searched(statements: list[ast.stmt]) -> None:
    numbers = itertools.count()
    write_out_searches(statements, lambda letter: f"{letter}{next(numbers)}")


# -- classes ---------------------------------------------------------------------------------

CLASS_TESTS = """
    if type(v) is {one}:
        found = v.x
    elif type(v) not in harmless or isinstance(v, {one}):
        return None
    if type(v) is {other}:
        found = v.y
    elif type(v) not in harmless or isinstance(v, {other}):
        return None
"""


class Abstract(abc.ABC):  # noqa: B024  # what is registered needs no methods
    """Others may be registered as its subclasses."""


def with_classes(classes: dict[str, type]) -> Pass:
    """Have tests of classes known as such, as the writers of tests do it."""

    def do(statements: list[ast.stmt]) -> None:
        for each in ast.walk(ast.Module(statements, [])):
            match each:
                case ast.If(ast.Compare(_, [ast.Is()], [ast.Name(name)]) as test):
                    if name in classes:
                        test.of_class = "v", classes[name]  # type: ignore[attr-defined]
        ask_one_class(statements)

    return do


def test_value_of_one_class_is_tested_for_no_other() -> None:
    """What gives up for another class stands behind all tests."""
    text = CLASS_TESTS.format(one="User", other="Folder")

    made = rewritten(text, with_classes({"User": User, "Folder": Folder}))

    assert made == plain(
        """
        if type(v) is User:
            found = v.x
        elif type(v) is Folder:
            found = v.y
        else:
            if type(v) not in harmless or isinstance(v, User):
                return None
            if type(v) not in harmless or isinstance(v, Folder):
                return None
        """
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [(Thing, User), (User, Thing), (Thing, Abstract), (Abstract, Thing), (Thing, Thing)],
)
def test_value_that_may_be_of_both_classes_is_tested_for_both(one: type, other: type) -> None:
    """An object of a derived class, or of one that is registered, is an instance of both."""
    text = CLASS_TESTS.format(one="One", other="Other")

    made = rewritten(text, with_classes({"One": one, "Other": other}))

    assert made == plain(text)


def test_value_that_changes_between_two_tests_is_tested_for_both() -> None:
    """The next object of a chain may be of the other class."""
    text = CLASS_TESTS.format(one="User", other="Folder").replace("found = v.x", "v = v.x")

    made = rewritten(text, with_classes({"User": User, "Folder": Folder}))

    assert made == plain(text)


@pytest.mark.parametrize(("kind", "is_known"), [("dict", True), ("User", True), ("Other", False)])
def test_value_of_a_class_that_passes_the_sandbox_is_not_checked(
    kind: str, *, is_known: bool
) -> None:
    """The check stands behind the test of the class, unless that is of no pattern."""
    text = f"""
    if type(v) not in harmless:
        return None
    if type(v) is {kind}:
        found = True
    elif is_odd(v):
        return None
    """
    behind = f"""
    if type(v) is {kind}:
        found = True
    else:
        if type(v) not in harmless:
            return None
        if is_odd(v):
            return None
    """

    made = rewritten(text, with_classes({"User": User}))

    assert made == plain(behind if is_known else text)


# -- searches --------------------------------------------------------------------------------

SEARCH = """
if a in v if type(v) in sets and type(a) is str else among(a, v):
    x()
"""


def test_short_list_is_searched_where_it_stands() -> None:
    """Whatever else is searched stays as it was."""
    assert rewritten(SEARCH, searched) == plain(
        """
        b2 = False
        if ((p0 := type(v)) is list or p0 is tuple) and (
            (p1 := type(a)) is str or p1 in simple
        ):
            for v3 in [*v]:
                if type(v3) is not p1 and type(v3) not in simple:
                    b2 = among(a, v)
                    break
                if v3 == a:
                    b2 = True
        elif a in v if (p0 is set or p0 in sets) and type(a) is str else among(a, v):
            b2 = True
        if b2:
            x()
        """
    )


def test_much_behind_a_search_stands_there_once() -> None:
    """Also where it ends the function, and where something is done that finds nothing."""
    much = "; ".join(["x()"] * 7)
    text = SEARCH.replace("x()", f"{much}; return True")

    assert rewritten(text, searched).count("x()") == 7
    assert rewritten(text, searched_first).count("x()") == 7
    assert rewritten(f"{text}else: y()", searched).count("y()") == 1
    assert rewritten(text, searched_first).count("for v3 in [*v]") == 1


def test_loop_notes_what_is_found_where_nothing_else_is_done() -> None:
    """It may be noted already, by another search."""
    text = SEARCH.replace("x()", "found = True")

    assert "for v3 in [*v]" in rewritten(text, searched)
    assert "b2" not in rewritten(text, searched)
    assert "    if among(a, v):" in rewritten(text, searched)


@pytest.mark.parametrize(
    "text",
    [
        "if not among(a, v): x()",
        "if among(None, v): x()",
        "if among(a, v) and b: x()",
        "b = among(a, v)",
    ],
    ids=["negated", "nil", "two conditions", "value"],
)
def test_search_stays(text: str) -> None:
    """Only a condition that is a search for a text or a number is written out."""
    assert rewritten(text, searched) == plain(text)


def searched_first(statements: list[ast.stmt]) -> None:
    numbers = itertools.count()
    for each in statements:
        each.test.orelse.is_negated = False  # type: ignore[attr-defined]
    write_out_searches(statements, lambda letter: f"{letter}{next(numbers)}", may_end=True)


def test_what_ends_the_function_stands_in_the_search() -> None:
    """Where all solutions are searched for, the call looks at all elements."""
    assert rewritten(SEARCH.replace("x()", "return True"), searched_first) == plain(
        """
        if ((p0 := type(v)) is list or p0 is tuple) and (
            (p1 := type(a)) is str or p1 in simple
        ):
            for v3 in [*v]:
                if type(v3) is not p1 and type(v3) not in simple:
                    if among_first(a, v, is_searched):
                        return True
                    break
                if v3 == a:
                    if is_searched and (not among_first(a, v, is_searched)):
                        break
                    return True
        elif a in v if (p0 is set or p0 in sets) and type(a) is str else among_first(
            a, v, is_searched
        ):
            return True
        """
    )


def test_values_of_a_dictionary_are_searched_while_they_are_read() -> None:
    """They are no list, and have no order in which one of them comes first."""
    text, read = "v = entries(d, 'values')" + SEARCH, SEARCH + "b = v"

    assert rewritten(text, searched) == plain("if among_values(a, d):\n    x()")
    assert rewritten(text.replace(SEARCH, read), searched) == plain(text.replace(SEARCH, read))


def test_many_searches_stay() -> None:
    """The function does not grow with each of them."""
    text = rewritten(SEARCH * 9, searched)

    assert text.count("for ") == 4


# -- names and counts ------------------------------------------------------------------------

ELEMENT = """
for v in vs:
    o = v
    if type(v) is not c:
        o = fields_of(v)
    found = o.name
"""


def test_element_has_one_name() -> None:
    """An element whose attributes alone are read needs no second name for its entries."""
    after = """
    for v in vs:
        if type(v) is not c:
            v = fields_of(v)
        found = v.name
    """

    assert rewritten(ELEMENT, shorten_names) == plain(after)


@pytest.mark.parametrize(
    "text",
    [
        f"{ELEMENT}    held = v is x\n",
        ELEMENT.replace("for v in vs:\n", "for v in vs:\n  for w in ws:\n").replace("    ", "   "),
    ],
    ids=["it is needed itself", "another loop is around"],
)
def test_element_keeps_two_names(text: str) -> None:
    """An element that is needed once more keeps its own name."""
    assert rewritten(text, shorten_names) == plain(text)


def test_text_has_one_name() -> None:
    """A value whose text alone is needed becomes its text."""
    before = """
    v = x.name
    w = v if type(v) is str or v is None else text_of(v)
    found = w == 'a'
    """
    after = """
    v = x.name
    if not type(v) is str and v is not None:
        v = text_of(v)
    found = v == 'a'
    """

    assert rewritten(before, shorten_names) == plain(after)


def test_value_and_text_have_two_names() -> None:
    """A value that is needed as it is keeps its name."""
    text = """
    v = x.name
    w = v if type(v) is str or v is None else text_of(v)
    found = w == 'a' and v is y
    """

    assert rewritten(text, shorten_names) == plain(text)


PAIRS = """
v = entries_of(d)
for e in [*v]:
    a = e[0]
    b = e[1]
    if a == 'x':
        found = b
"""


@pytest.mark.parametrize(
    ("old", "new", "loop"),
    [
        ("", "", "for a, b in v:\n    if a == 'x':\n        found = b"),
        ("    a = e[0]\n", "", "for e, b in v:\n    if a == 'x':\n        found = b"),
        (
            "entries_of(d)",
            "entries_with(d, k)",
            "for a, b in v:\n    if a == 'x':\n        found = b",
        ),
    ],
    ids=["both parts", "one part", "with a key"],
)
def test_pairs_are_unpacked(old: str, new: str, loop: str) -> None:
    """Nobody else has what is gone through, and nothing needs a pair as a whole."""
    begun = ast.unparse(ast.parse(PAIRS.replace(old, new)).body[0]) + "\n"

    assert rewritten(PAIRS.replace(old, new), unpack_pairs) == plain(begun + loop)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("entries_of(d)", "d.x"),
        ("v = entries_of(d)", "v = entries_of(d)\nv = d.x"),
    ],
    ids=["a list of the application", "two lists"],
)
def test_other_lists_are_copied(old: str, new: str) -> None:
    """Another thread may change a list of the application."""
    text = PAIRS.replace(old, new)

    assert rewritten(text, unpack_pairs) == plain(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("found = b", "found = e"),
        ("b = e[1]", "b = e[0]"),
        ("b = e[1]", "b = e[k]"),
        ("    b = e[1]\n    if a == 'x':\n", "    if a == 'x':\n        b = e[1]\n"),
        ("a = e[0]\n    b = e[1]", "a = e[0]\n    b = b + 1\n    b = e[1]"),
        ("found = b", "e = b"),
    ],
    ids=["the pair", "one part twice", "another index", "under a condition", "changed", "written"],
)
def test_pair_that_is_needed_is_not_unpacked(old: str, new: str) -> None:
    """Only the list of the pairs is not copied then."""
    assert old in PAIRS
    text = PAIRS.replace(old, new)

    assert rewritten(text, unpack_pairs) == plain(text.replace("[*v]", "v"))


def test_texts_that_are_looked_up_once_become_no_set() -> None:
    """To make a set of a list takes longer than to look one text up in the list."""
    once = "v = all_texts(x)\nif a in v: found = True"
    twice = f"{once}\nif b in v: found = True"

    assert rewritten(once, look_up_once) == plain(once.replace("(x)", "(x, True)"))
    assert rewritten(twice, look_up_once) == plain(twice)


COUNTED = """
if v:
    count = count + len(v)
    if count > 9:
        return None
    for e in v: pass
"""


def in_function(text: str) -> str:
    return "def f():\n" + textwrap.indent(text.strip("\n"), "    ")


def count_shortened(text: str) -> tuple[str, bool]:
    module = ast.parse(in_function(text))
    function = t.cast(ast.FunctionDef, module.body[0])
    counts = shorten_counts(function.body)
    return ast.unparse(module), counts


def test_one_loop_has_no_count() -> None:
    """One loop makes as many steps as the list has elements."""
    after = COUNTED.replace("    count = count + len(v)\n", "").replace("if count >", "if len(v) >")

    assert count_shortened(COUNTED) == (plain(in_function(after)), False)


@pytest.mark.parametrize(
    "text", [COUNTED * 2, "for x in y:\n" + textwrap.indent(COUNTED, "    ")], ids=["two", "inner"]
)
def test_more_loops_are_counted(text: str) -> None:
    """Several loops have one limit, and so has a loop in a loop."""
    assert count_shortened(text) == (plain(in_function(text)), True)


def test_links_of_a_chain_are_not_counted() -> None:
    """A chain alone is as long as its range."""
    text = (
        "for level in levels:\n    count = count + 1\n    if count > 9:\n        return None\n    x"
    )

    assert count_shortened(text) == (
        plain(in_function("for level in levels:\n    x")),
        False,
    )


def shortened_end(text: str) -> str:
    module = ast.parse(in_function(text))
    shorten_end(t.cast(ast.FunctionDef, module.body[0]).body)
    return ast.unparse(module)


def test_name_that_nothing_needs_gets_no_value() -> None:
    """One that is read, or written again, gets its first value."""
    text = "c = None\nd = missing\ne = None\nf = None\ne = f\nif p: found = True"

    assert shortened_end(f"found = False\n{text}\nreturn found") == plain(
        in_function("e = None\nf = None\ne = f\nif p: return True\nreturn False")
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("if p: found = True", "if p: return True"),
        ("if p:\n  pass\nelif q: found = True", "if p:\n  pass\nelif q: return True"),
        (
            "if p:\n  if is_searched:\n    found = True\n  else:\n    return True",
            "if p: return True",
        ),
    ],
    ids=["once", "otherwise", "in a search for all"],
)
def test_solution_at_the_end_is_the_answer(before: str, after: str) -> None:
    """A solution behind which nothing is looked at is the answer, and none is the other one."""
    text = f"found = False\n{before}\nreturn found"

    assert shortened_end(text) == plain(in_function(f"{after}\nreturn False"))


@pytest.mark.parametrize(
    "inside",
    [
        "if p: found = True\nif q: return None",
        "for v in vs:\n  if p: found = True",
        "if p:\n  if is_searched: found = True\n  else: return True\nif q: return None",
    ],
    ids=["something is looked at", "other elements are looked at", "in a search for all"],
)
def test_solution_before_the_end_is_noted(inside: str) -> None:
    """A solution is noted where something is looked at behind it."""
    text = f"found = False\n{inside}\nreturn found"

    assert shortened_end(text) == plain(in_function(text))


# -- flags -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            """
            b = False
            if p:
                if q:
                    b = True
            if not b:
                x = 1
            """,
            """
            if p:
                if q:
                    pass
                else:
                    x = 1
            else:
                x = 1
            """,
        ),
        (
            """
            b = False
            if p:
                y = 2
                b = True
            elif q:
                return None
            if b:
                x = 1
            """,
            """
            if p:
                y = 2
                x = 1
            elif q:
                return None
            """,
        ),
        (
            """
            g = False
            if p:
                g = True
            elif q:
                return None
            if held:
                found = True
            if not g:
                break
            """,
            """
            if held:
                found = True
            if p:
                pass
            elif q:
                return None
            else:
                break
            """,
        ),
    ],
    ids=["not", "so", "later"],
)
def test_what_depends_on_a_flag_takes_its_place(before: str, after: str) -> None:
    """A flag that is read once is not needed."""
    place = "def f():\n  while True:\n" + " " * 4
    texts = [place + textwrap.indent(textwrap.dedent(text), " " * 4) for text in (before, after)]

    assert rewritten(texts[0], replace_flags) == plain(texts[1])


@pytest.mark.parametrize(
    "text",
    [
        "b = False\nif p:\n    b = True\nif not b:\n    x = 1\ny = b",
        "b = False\nfor e in v:\n    b = True\nif not b:\n    x = 1",
        "b = False\nif v:\n    for e in v:\n        b = True\nif not b:\n    x = 1",
        "b = False\nif p:\n    b = True\nif q:\n    b = True\nif not b:\n    x = 1",
        "b = False\nif p:\n    b = True\n    y = 2\nif not b:\n    x = 1",
        "b = False\nif p:\n    b = True\np = 3\nif not b:\n    x = 1",
        "b = False\nif p:\n    y = 2\n    b = True\nz = y\nif not b:\n    x = 1",
        "b = False\nif p:\n    b = True\nelse:\n    return\nif q:\n    return True\nif b:\n    x",
        "b = False\nif p:\n    b = True\nif q:\n    break\nif b:\n    x = 1",
        "b = False\nif p:\n    b = True\nfor e in v:\n    return True\nif b:\n    x = 1",
        "b = False\nif p:\n    b = True\nelse:\n    break\nif b:\n    x = 1",
        "b = False\nif p:\n    if q:\n        b = True\nif not b:\n    x = 1\n" + "    y = 2\n" * 9,
    ],
    ids=[
        *("read again", "in a loop", "in an inner loop", "set twice", "set before", "depends"),
        *("is needed", "before an answer", "before an end", "before an answer in a loop"),
        *("an end", "long"),
    ],
)
def test_flag_stays(text: str) -> None:
    """A flag that is needed elsewhere stays, and no test comes behind an answer."""
    place = "def f():\n  while True:\n" + textwrap.indent(text, " " * 4)

    assert rewritten(place, replace_flags) == plain(place)


# -- what is the same for all elements -----------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "before", "after"),
    [
        ("w = a.x\nfound = e is w", "w = a.x", "found = e is w"),
        ("if type(w) in known: found = e", "x0 = type(w) in known", "if x0: found = e"),
        ("if type(e) is type(w): found = e", "x0 = type(w)", "if type(e) is x0: found = e"),
        (
            "if (p := type(w)) is type(e) and p in known: found = e",
            "p = type(w)\nx0 = p in known",
            "if p is type(e) and x0: found = e",
        ),
        (
            "if type(e) is type(w) and type(e) in known: found = e",
            "x0 = type(w)\nx1 = type(w) in known",
            "if type(e) is x0 and x1: found = e",
        ),
        (
            "if (p := type(e)) is type(w) and (p is int or p in known): found = e",
            "x0 = type(w)\nx1 = type(w) is int or type(w) in known",
            "if type(e) is x0 and x1: found = e",
        ),
        (
            "if e.ok:\n    if type(w) is not c: found = e",
            "x0 = type(w) is not c",
            "if e.ok:\n    if x0: found = e",
        ),
        (
            "if among(e, w): found = e",
            "x0 = found_once(w, v)",
            "if e in x0 if x0 is not None and (type(e) is str or type(e) in alone)"
            " else among(e, w): found = e",
        ),
        (
            "if e in w if type(w) in sets else among(e, w): found = e",
            "x0 = found_once(w, v)",
            "if e in x0 if x0 is not None and (type(e) is str or type(e) in alone) else"
            " (e in w if type(w) in sets else among(e, w)): found = e",
        ),
    ],
)
def test_what_is_the_same_is_looked_at_once(inside: str, before: str, after: str) -> None:
    """A read or a class test of another value comes before the loop, behind the test for one."""
    loop = "if v:\n{}    for e in v:\n{}"
    text = loop.format("", textwrap.indent(inside, " " * 8))
    wanted = loop.format(textwrap.indent(before, "    ") + "\n", textwrap.indent(after, " " * 8))

    assert rewritten(text, hoisted) == plain(wanted)


@pytest.mark.parametrize(
    "inside",
    [
        "w = e.x\nfound = w",
        "if e.ok:\n    w = a.x\n    found = w",
        "if g:\n    if type(w) is c: found = e",
        "if type(e) is c: found = e",
        "c = e.x\nif type(w) is c: w = e",
        "w = e.x\nif among(e, w): found = e",
        "if among(a, w): found = e",
    ],
    ids=[
        *("of the element", "under a condition", "under a flag", "its class", "what changes"),
        *("a search in what changes", "a search for what does not"),
    ],
)
def test_what_differs_stays_in_the_loop(inside: str) -> None:
    """What depends on the element, or is bound under a condition, is not looked at before."""
    text = "if v:\n    for e in v:\n" + textwrap.indent(inside, " " * 8)

    assert rewritten(text, hoisted) == plain(text)


# -- lists that are gone through for each object of a chain --------------------------------------

CHAIN = """
if v:
    first = v0
    for level in levels:
        v1 = v0.parent
        if xs:
            for e in xs:
                w = e.of
                if w is v0:
                    if e.ok:
                        found = True
                elif type(w) not in simple:
                    return None
        v0 = v1
    v0 = first
"""
INDEX = """
h0 = {}
if xs:
    for e in xs:
        w = e.of
        if type(w) not in simple:
            return None
        if e.ok:
            h0[id(w)] = w
"""
LOOKED_UP = """
if v:
    first = v0
    for level in levels:
        v1 = v0.parent
        if h0 and not found and id(v0) in h0:
            found = True
        v0 = v1
    v0 = first
"""
FIRST = """
if xs:
    for e2 in xs:
        w2 = e2.of
        if w2 is a2:
            if e2.ok:
                found = True
        elif type(w2) not in simple:
            return None
"""


def index_of(text: str) -> str:
    module = ast.parse(in_function(text))
    indexed(t.cast(ast.FunctionDef, module.body[0]).body)
    return ast.unparse(ast.fix_missing_locations(module))


def test_list_is_gone_through_once() -> None:
    """A chain looks into an index that is made before it."""
    start, behind = LOOKED_UP.split("    first", 1)
    after = start + textwrap.indent(INDEX, "    ") + "    first" + behind

    assert index_of(CHAIN) == plain(in_function(after))


def test_first_object_is_in_the_same_index() -> None:
    """The same loop for the object with which the chain begins needs no second index."""
    after = INDEX + LOOKED_UP + "\nif h0 and not found and id(a2) in h0:\n    found = True"

    assert index_of(CHAIN + FIRST) == plain(in_function(after))


def test_loop_before_the_chain_is_in_the_same_index() -> None:
    """An index is made before all that looks into it."""
    found = "\nif h0 and not found and id(a2) in h0:\n    found = True\n"

    assert index_of(FIRST + CHAIN) == plain(in_function(INDEX + found + LOOKED_UP))


@pytest.mark.parametrize(
    "between", ["xs = b.x", "simple = x", "for e in v:\n    xs = e.x"], ids=str
)
def test_loop_before_what_changes_its_list_has_no_index(between: str) -> None:
    """What the index is made of is not known there."""
    assert plain(FIRST) in textwrap.dedent(index_of(FIRST + between + CHAIN).split("\n", 1)[1])


ENDED = "if is_searched: found = True\nelse: return True"
FIRST_ENDED = "if is_first: return True\nelse: found = True"


@pytest.mark.parametrize("ended", [ENDED, FIRST_ENDED], ids=["a search", "a function"])
def test_chain_ends_at_what_is_in_the_index(ended: str) -> None:
    """Where a solution of the loop ended the function, what is looked up does."""
    text = CHAIN.replace("found = True", textwrap.indent(ended, " " * 24).strip())
    after = LOOKED_UP.replace(" and not found", "")
    after = after.replace("found = True", textwrap.indent(ended, " " * 12).strip())
    start, behind = after.split("    first", 1)

    assert index_of(text) == plain(
        in_function(start + textwrap.indent(INDEX, "    ") + "    first" + behind)
    )


def test_chain_of_which_some_solutions_end_goes_on() -> None:
    """What is in the index does not tell by which condition it is there."""
    sides = f"if e.ok:\n{textwrap.indent(ENDED, '    ')}\nif e.fine:\n    found = True"
    whole = "if e.ok:\n                        found = True"
    made = index_of(CHAIN.replace(whole, textwrap.indent(sides, " " * 20).strip()))

    assert "if h0 and (not found) and (id(v0) in h0):" in made
    assert "return True" not in made


@pytest.mark.parametrize(
    "first",
    [
        FIRST.replace("if e2.ok", "if e2.fine"),
        FIRST.replace("type(w2)", "type(e2)"),
        FIRST.replace("xs", "ys"),
        FIRST.replace("w2 is a2", "w2 is not a2"),
        FIRST.replace("found = True", "return True"),
    ],
    ids=["another condition", "another test", "another list", "not", "an answer"],
)
def test_another_loop_keeps_its_elements(first: str) -> None:
    """A loop that asks anything else of the elements is no search in the same index."""
    assert plain(first) in textwrap.dedent(index_of(CHAIN + first).split("\n", 1)[1])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if xs", "xs = v0.of\n        if xs"),
        ("e.ok", "e.ok is v0"),
        ("e.ok", "e.ok is v1"),
        ("w is v0", "w == v0"),
        ("if e.ok:", "for x in e.ok:"),
        ("        v0 = v1", "            found = True\n        v0 = v1"),
        ("found = True", "return True"),
        ("found = True", "break"),
        ("found = True", "found = x"),
        ("v0 = v1", "v0 = v1\n        x = w"),
    ],
)
def test_loop_that_depends_on_the_chain_stays(old: str, new: str) -> None:
    """An index is made only of what is the same for all objects of the chain."""
    text = CHAIN.replace(old, new)

    assert index_of(text) == plain(in_function(text))


ROW_CHAIN = """
for level in levels:
    v1 = v0.parent
    if xs:
        for e in xs:
            w = e['of'] if 'of' in e else unloaded
            if w is v0:
                b = True
            elif type(w) is k:
                b = (p := w.key) == v0.key and p is not None
            elif w is unloaded:
                b = by_key(e, v0)
                if b is None:
                    return None
            else:
                if w is not None:
                    return None
                b = False
            if b:
                if e['ok']:
                    found = True
    v0 = v1
"""


def test_rows_are_looked_up_by_their_keys() -> None:
    """Those that are not loaded are left for later, with or without the other condition."""
    module = ast.parse(in_function("first = v0\n" + ROW_CHAIN))
    numbers = itertools.count()
    index(
        t.cast(ast.FunctionDef, module.body[0]).body,
        lambda letter: f"{letter}{next(numbers)}",
        {"by_key": "rows_by_key"},
    )

    assert ast.unparse(ast.fix_missing_locations(module)) == plain(
        in_function(
            """
h0 = {}
r1 = []
r2 = []
if xs:
    for e in xs:
        w = e['of'] if 'of' in e else unloaded
        if not type(w) is k:
            if w is unloaded:
                r1.append(e)
            elif w is not None:
                return None
        if e['ok']:
            if w is unloaded:
                r2.append(e)
            elif w is not None:
                h0[id(w) if (p4 := w.key) is None else p4] = w
if r1:
    r1 = rows_by_key(r1, r2)
first = v0
for level in levels:
    v1 = v0.parent
    if h0 and (not found) and ((id(v0) if (p3 := v0.key) is None else p3) in h0):
        found = True
    if r1:
        b = r1.holds(v0)
        if b is None:
            return None
        if b:
            found = True
    v0 = v1
"""
        )
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("e['ok']", "e['ok'] is v0"),
        ("by_key(e, v0)", "by_key(e, v1)"),
        ("by_key", "another"),
        ("type(w) is k:", "type(e) is k:"),
        ("== v0.key", "== v1.key"),
        ("p := w.key", "p := e.key"),
        ("== v0.key", "< v0.key"),
        ("p is not None", "p is None"),
        ("b = False", "b = True"),
        ("if b:", "if not b:"),
    ],
)
def test_other_comparisons_of_rows_stay(old: str, new: str) -> None:
    """Only the comparison of keys that an index answers is replaced by one."""
    text = in_function("first = v0\n" + ROW_CHAIN.replace(old, new))
    module = ast.parse(text)
    lists = {"by_key": "rows_by_key"}
    index(t.cast(ast.FunctionDef, module.body[0]).body, lambda letter: letter, lists)

    assert ast.unparse(ast.fix_missing_locations(module)) == plain(text)


POLICY = """
actor User {}
resource Folder {
  permissions = ["read"]; roles = ["viewer"]; relations = { parent: Folder };
  "read" if "viewer"; "viewer" if "viewer" on "parent";
}
has_relation(parent: Folder, "parent", folder: Folder) if parent = folder.parent;
has_role(user: User, name: String, folder: Folder) if
  grant in user.grants and grant.folder = folder and grant.role = name;
allow(actor, action, folder: Folder) if has_permission(actor, action, folder);
"""
TOP = Folder(parent=None)
BELOW = Folder(parent=TOP)
APART = Folder(parent=None)
VIEWER, EDITOR = ({"role": role} for role in ("viewer", "editor"))


def load(*, compiled: bool = True) -> Oso:
    return make_oso(POLICY, User, Folder, compiled=compiled)


@pytest.mark.parametrize(
    ("grants", "may", "is_plain"),
    [
        ([], False, True),
        ([Thing(folder=TOP, **VIEWER)], True, True),
        ([Thing(folder=BELOW, **VIEWER)], True, True),
        ([Thing(folder=APART, **VIEWER)], False, True),
        ([Thing(folder=TOP, **EDITOR)], False, True),
        ([Thing(folder=None, **VIEWER), Thing(folder=TOP, **VIEWER)], True, True),
        ([Thing(folder=TOP, **EDITOR), Thing(folder=TOP, **VIEWER)], True, True),
        ([{"folder": TOP, **VIEWER}], True, True),
        ([{"folder": APART, **VIEWER}, Thing(folder=TOP, **EDITOR)], False, True),
        ([Thing(folder=Alike(), **VIEWER)], True, False),
        ([Thing(folder=Alike(), **EDITOR)], False, False),
        ([Thing(folder=APART)], False, False),
    ],
)
def test_roles_at_the_user_are_those_of_the_solver(
    grants: list[t.Any], may: bool, is_plain: bool
) -> None:
    """An index of roles answers as the solver does, or leaves the answer to the rules."""
    oso, user = load(), User(grants=grants)

    answers = [each.is_allowed(user, "read", BELOW) for each in (oso, load(compiled=False))]

    assert answers == [may, may]
    assert specialized(oso.engine, user, "read", BELOW) is (may if is_plain else None)


def test_role_of_any_folder_is_a_role_at_each() -> None:
    """A list that is only looked at for an element needs no index."""
    any_role = POLICY.replace("grant.folder = folder and grant.role = name", "grant = grant")
    any_role = any_role.replace("name: String, folder: Folder) if\n", "_: String, _: Folder) if\n")
    oso = Oso()
    oso.register_class(User)
    oso.register_class(Folder)
    oso.load_str(any_role)

    assert oso.is_allowed(User(grants=[1]), "read", BELOW)
    assert not oso.is_allowed(User(grants=[]), "read", BELOW)


def test_role_at_a_folder_that_was_let_go_is_no_role_at_another() -> None:
    """Nothing but the folder itself has the place of a folder in the index."""
    grant = Thing(folder=None, **VIEWER)
    oso, user = load(), User(grants=[grant])
    chain = BELOW
    for _ in range(50):
        vars(grant)["folder"] = Folder(parent=None)
        chain = Folder(parent=chain)

        assert not oso.is_allowed(user, "read", chain)
