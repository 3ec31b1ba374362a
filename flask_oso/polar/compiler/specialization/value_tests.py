"""Tests of values of any class, as expressions: are they compared, searched for, small numbers?

In go values of a specialization; out come expressions that run no code of the application, and are
false, or call what raises ``NotSilent``, where they would.
"""

from __future__ import annotations

import ast
import enum
import typing as t
from collections.abc import Callable

from ...host.dictionaries import is_no_number
from ...host.numbers import INTEGER_MAX, INTEGER_MIN
from ...host.sandbox import ITERATED
from ...host.value_classes import inherits_comparisons
from ...nodes import Operator, Value
from ...sources import Span
from ..binding_analysis import NotCompilable, is_string
from ..classes.plain_classes import is_plain_object
from ..quotations import expr
from ..snippets import (
    all_of,
    any_of,
    call,
    compared,
    is_ascii,
    is_of,
    is_type,
    load,
    method_call,
    named_value,
    negate,
)
from .regions import Known

#: Classes of Polar's own values, beside dictionaries, that arguments may be of. Classes are looked
#: up by their hash: one that is compared with others asks its metaclass.
SCALARS: frozenset[type] = frozenset({str, int})
CONTAINERS: frozenset[type] = frozenset({dict, list})
VALUES: frozenset[type] = SCALARS | CONTAINERS
EQUATIONS = (Operator.EQ, Operator.NEQ)
_SETS = frozenset({set, frozenset})
#: Classes whose values need no check, wherever they are read.
_PLAIN = frozenset({str, int, bool, float, list, dict, set, frozenset, tuple})
#: Integers whose product has 64 bits.
SMALL = 2**31
#: The largest integer that has one digit in Python.
_FAST = 2**30 - 1
#: The operators of Python, and which integers they take.
ARITHMETIC_OF_PYTHON: dict[Operator, tuple[type[ast.operator], int]] = {
    Operator.ADD: (ast.Add, 2**62),
    Operator.SUB: (ast.Sub, 2**62),
    Operator.MUL: (ast.Mult, SMALL),
    # Floats have these integers, too.
    Operator.DIV: (ast.Div, 2**53),
    Operator.MOD: (ast.Mod, 2**62),
}
#: The methods of strings that take strings, or nothing.
OF_TEXTS = frozenset(
    {
        *("capitalize", "casefold", "count", "endswith", "find", "isalnum", "isalpha", "isascii"),
        *("isdigit", "islower", "isspace", "istitle", "isupper", "lower", "lstrip", "partition"),
        *("removeprefix", "removesuffix", "replace", "rfind", "rpartition", "rsplit", "rstrip"),
        *("split", "splitlines", "startswith", "strip", "swapcase", "title", "upper"),
    }
)


def is_comparable(
    unknown: list[Known], literal: Value | None, operator: Operator, kept: str
) -> ast.expr:
    """Write whether Python compares values, one of which may be a literal, without calls.

    :param kept: a name that is not used otherwise.
    """
    is_equation = operator in EQUATIONS
    kind = call("type", load(unknown[0].name))
    if literal is None:
        # A look into a set takes as long as several such tests. Two datetimes of one zone ask
        # nobody.
        usual = """
            ((K := type(X)) is type(Y)
                and (K is int or K in ordered or (K in moments and X.tzinfo is Y.tzinfo))
            ) or has_order(X, Y)
        """
        if is_equation:
            usual = """
                ((K := type(X)) is type(Y) and (K is int or K is str or K in simple)
                ) or comparable(X, Y)
            """
        return expr(usual, K=kept, X=unknown[0].name, Y=unknown[1].name)
    if type(literal.value) is str:
        tests = [is_type(unknown[0].name, "str")]
        others = compared(kind, ast.NotIn(), load("numbers"))
    else:
        # Most numbers are integers.
        tests = [is_type(unknown[0].name, "int"), compared(kind, ast.In(), load("numbers"))]
        others = negate(is_type(unknown[0].name, "str"))
    if is_equation:
        # A number differs from what is no number, such as a date: only strings are an error.
        tests.append(all_of([compared(kind, ast.In(), load("simple")), others]))
    return any_of([*tests, _slowly_comparable(unknown[0], literal, operator)])


def _slowly_comparable(unknown: Known, literal: Value, operator: Operator) -> ast.expr:
    function = "comparable" if operator in EQUATIONS else "has_order"
    return call(function, load(unknown.name), ast.Constant(literal.value))


def is_searched_at_once(item: Known, collection: Known) -> bool:
    """Tell whether a search in a collection is one operation, since nothing is bound by it."""
    if item.choices is not None or collection.literal is not None:
        return False
    is_one = collection.exact is None or collection.exact is list or collection.exact in ITERATED
    return is_one and collection.choices is None


def is_among(
    item: Known,
    collection: Known,
    *,
    is_known: bool,
    is_itself: bool = False,
    is_negated: bool = False,
) -> ast.expr:
    """Write that a value is searched for in a collection: a set finds most by their hash.

    :param is_known: whether a set finds the value by its hash, whatever it is.
    :param is_itself: whether the value equals itself alone.
    :param is_negated: whether another goal depends on it, so that all elements are looked at.
    """
    slowly = call("among", written(item), load(collection.name))
    if collection.is_of_texts and item.exact in (None, str):
        directly = compared(written(item), ast.In(), load(collection.name))
        is_text = is_string(item.literal) or item.exact is str
        return directly if is_text else ast.IfExp(is_type(item.name, "str"), directly, slowly)
    # For the pass that writes searches out.
    slowly.kind, slowly.is_itself = item.exact, is_itself  # type: ignore[attr-defined]
    slowly.is_negated = is_negated  # type: ignore[attr-defined]
    if collection.expected is not None:
        # A list of rows, which is none of Python's own.
        slowly.is_set = True  # type: ignore[attr-defined]
        return slowly
    is_other = item.exact is not int and (item.literal is not None or item.exact)
    if collection.exact is list or (is_other and not is_known):
        return slowly
    is_set = collection.exact in _SETS
    slowly.is_set = is_set  # type: ignore[attr-defined]
    hashed = [] if is_set else [is_of(collection.name, "sets")]
    # For Python, ``True`` is the number 1.
    is_no_boolean = expr("X > 1 or X < 0", X=item.name)
    if item.exact is int:
        hashed.append(is_no_boolean)
    elif not is_known:
        is_number = all_of([is_type(item.name, "int"), is_no_boolean])
        hashed.append(any_of([is_type(item.name, "str"), is_number]))
    in_set = compared(written(item), ast.In(), load(collection.name))
    return ast.IfExp(all_of(hashed), in_set, slowly) if hashed else in_set


def compared_by_fields(
    names: tuple[str, str],
    kind: ast.expr,
    fields: tuple[str, ...],
    otherwise: ast.expr,
    fresh: Callable[[str], str],
) -> ast.expr:
    """Write the comparison of two objects by fields: most are texts or numbers.

    :param otherwise: the comparison of all others.
    :param fresh: gives names.
    """
    tests = [compared(call("type", load(name)), ast.Is(), kind) for name in names]
    equal: list[ast.expr] = []
    for field in fields:
        read = {"MINE": fresh("p"), "THEIRS": fresh("p"), "K": fresh("p"), "FIELD": field}
        plain = "(K := type(MINE := X.FIELD)) is str or K is int or MINE is None"
        tests.append(expr(plain, X=names[0], **read))
        tests.append(expr("type(THEIRS := X.FIELD) is K", X=names[1], **read))
        equal.append(expr("MINE == THEIRS", **read))
    return ast.IfExp(all_of(tests), all_of(equal), otherwise)


def written(value: Known) -> ast.expr:
    """Write a value."""
    return load(value.name) if value.literal is None else ast.Constant(value.literal.value)


def is_small(name: str, limit: int) -> ast.expr:
    """Write whether a value is an integer whose result is one of 64 bits."""
    # Python compares small integers with each other in a quarter of the time.
    within: list[ast.expr] = [
        ast.Compare(ast.Constant(-most), [ast.Lt(), ast.Lt()], [load(name), ast.Constant(most)])
        for most in (_FAST, limit)
    ]
    return all_of([is_type(name, "int"), any_of(within)])


def is_small_literal(value: Known) -> bool:
    literal = value.literal
    if literal is None or type(literal.value) is float:
        return True
    return type(literal.value) is int and abs(literal.value) < SMALL


def is_modulus(value: Known) -> bool:
    literal = value.literal
    return literal is not None and type(literal.value) is int and literal.value > 0


def check_constant(value: t.Any, span: Span | None) -> None:
    """Refuse a constant that compares by code of its class.

    :raises NotCompilable: for such a constant.
    """
    if not is_plain_object(type(value)) and not is_listed_member(value):
        raise NotCompilable("a constant with an equality of its own", span)


def is_member(cls: type) -> bool:
    """Tell whether values of a class are members of an enumeration of texts or numbers.

    They are compared as these, and two members of one class are equal if they are one object:
    not where ``__new__`` gives several the same text, or the same number.
    """
    if not issubclass(cls, enum.Enum) or issubclass(cls, enum.Flag):
        return False
    if not issubclass(cls, int | str) or not inherits_comparisons(cls):
        return False
    members = {id(each): each for each in cls._member_map_.values()}
    plain: t.Any = str.__str__ if issubclass(cls, str) else int.__int__
    return len(set(map(plain, members.values()))) == len(members)


def is_listed_member(value: t.Any) -> bool:
    """Tell whether a value is one of the members of such an enumeration.

    ``_missing_`` may make others, of which two may be equal.
    """
    members = type(value)._member_map_.values() if is_member(type(value)) else ()
    return any(each is value for each in members)


def entry_or_default(owner: Known, key: Known, default: Known | None, kept: str) -> ast.expr:
    """Write ``d.get(key)`` or ``d.get(key, default)``. Most keys are texts, and many are there.

    :param kept: a name that is not used otherwise.
    """
    named = [] if default is None else [written(default)]
    others = call("entry_or_nil", load(owner.name), written(key), *named)
    if key.literal is not None and type(name := key.literal.value) is str and is_no_number(name):
        looked_up = method_call(load(owner.name), "get", written(key), *named)
        return ast.IfExp(is_type(owner.name, "dict"), looked_up, others)
    # What begins with a letter is how JSON writes no number, and a few words.
    usual = """
        (
            KEPT if (KEPT := D.get(KEY, missing)) is not missing
            else DEFAULT if KEY >= ":" and KEY not in words
            else OTHERS
        ) if FOUND else OTHERS
    """
    return expr(
        usual,
        KEPT=kept,
        D=owner.name,
        KEY=written(key),
        DEFAULT=ast.Constant(None) if default is None else written(default),
        OTHERS=others,
        FOUND=all_of(_are_found(owner, key)),
    )


def has_plain_entries(constant: dict[t.Any, t.Any]) -> bool:
    """Tell whether all keys of a constant are texts of ASCII, and its values need no check."""
    are_texts = all(type(key) is str and key.isascii() for key in constant)
    return are_texts and all(type(each) in _PLAIN for each in constant.values())


def is_list_of_texts(value: t.Any) -> bool:
    """Tell whether a value is a list that has texts and nothing else."""
    return type(value) is list and all(type(each) is str for each in value)


def entry_of_constant(owner: Known, key: Known, others: ast.expr, kept: str) -> ast.expr:
    """Write the entry of a constant dictionary, whose keys are texts of ASCII.

    :param others: finds the entry under anything else.
    :param kept: a name that is not used otherwise.
    """
    entry = method_call(load(owner.name), "get", load(key.name), load("missing"))
    is_there = compared(named_value(kept, entry), ast.IsNot(), load("missing"))
    is_known = any_of([is_there, is_ascii(key.name)])
    return ast.IfExp(all_of([is_type(key.name, "str"), is_known]), load(kept), others)


def is_key(item: Known, owner: Known) -> ast.expr:
    """Write ``x in d.keys()``. Most are texts that are there."""
    found = compared(written(item), ast.In(), load(owner.name))
    others = call("has_key", load(owner.name), written(item))
    return any_of([all_of([*_are_found(owner, item), found]), others])


def _are_found(owner: Known, key: Known) -> list[ast.expr]:
    """Write that a dictionary finds a text by its hash."""
    if key.literal is not None and type(key.literal.value) is not str:
        # For Python, a number may be a key.
        return [ast.Constant(False)]
    is_dictionary = is_type(owner.name, "dict")
    return [is_dictionary] if key.literal else [is_dictionary, is_type(key.name, "str")]


def is_of_polar(name: str, cls: type) -> ast.expr:
    """Write that an argument is a value that Polar has."""
    if cls is str:
        return is_ascii(name)
    least, most = ast.Constant(INTEGER_MIN), ast.Constant(INTEGER_MAX)
    return ast.Compare(least, [ast.LtE(), ast.LtE()], [load(name), most])
