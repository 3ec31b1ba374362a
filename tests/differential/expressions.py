"""Polar expressions at random: values, patterns and conditions.

Each function takes a ``Writer`` and gives Polar text. A value is asked for by kind, and
now and then is of another, so that programs have type errors, too. What a family of
programs is about is the ``Profile``: how often each kind of condition is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .writer import Writer

KINDS = ("number", "string", "boolean", "list", "dictionary", "object")
#: Those with attributes, likely ones repeated; two have nothing but a name.
ANIMALS = ("misty", "fido", "ace", "misty", "fido", "ace", "misty", "fido", "rex", "bit")
CLASSES = ("Animal", "Dog", "Puppy", "Cat")
TAGS = ("Integer", "String", "Boolean", "Float", "List", "Dictionary")
#: Attributes of the animals that have more than a name.
ATTRIBUTES = {
    "number": ("age",),
    "string": ("name", "kind"),
    "boolean": ("tame",),
    "list": ("tags",),
    "dictionary": ("info",),
    "object": ("friend",),
}
_NUMBERS = ("1", "0", "2", "3", "-1", "1.0", "0.5", "2.5", "10")
_RARE_NUMBERS = ("inf", "nan", "9223372036854775807", "-0.0", "1e300", "4611686018427387904")
_STRINGS = ('"a"', '"b"', '"c"', '""', '"ab"', '"cat"', '"fido"')
_KEYS = ("a", "b", "c")

Condition = Callable[[Writer, "Profile", int], str]


@dataclass(frozen=True)
class Profile:
    """What a family of programs is about.

    :param conditions: the conditions with their weights.
    :param kinds: the kinds of values that its rules are about, likely ones repeated.
    :param parameters: how parameters are written, with weights.
    :param bare: percent of rules that have no body.
    :param rules: the rules there are to call: names with the kinds of their parameters.
    """

    conditions: tuple[tuple[int, Condition], ...]
    kinds: tuple[str, ...] = KINDS
    parameters: tuple[tuple[int, str], ...] = ((6, "variable"), (2, "literal"), (2, "matched"))
    bare: int = 25
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)


# -- values --------------------------------------------------------------------------


def value(w: Writer, kind: str, depth: int = 2) -> str:
    """Write a value of a kind, mostly: a variable that has one, a literal, an operation."""
    if w.often(w.slips):
        kind = w.pick(KINDS)
    if w.often(w.loose) and (names := w.unbound()):
        return w.pick(names)
    known = w.known(kind)
    if known and w.often(60):
        return w.pick(known)
    if depth > 0 and w.often(35):
        return _computed(w, kind, depth - 1)
    return literal(w, kind, depth)


def literal(w: Writer, kind: str, depth: int = 2) -> str:
    """Write a literal, or a constant, of a kind."""
    if kind == "number":
        return w.pick(_RARE_NUMBERS) if w.often(2) else w.pick(_NUMBERS)
    if kind == "string":
        return w.pick(_STRINGS)
    if kind == "boolean":
        return w.pick(("true", "false"))
    if kind == "list":
        items = [value(w, w.pick(("number", "string")), 0) for _ in w.several(0, 3)]
        return f"[{', '.join(items)}]"
    if kind == "dictionary":
        return dictionary(w, lambda: value(w, w.pick(("number", "string")), depth - 1))
    return w.weighted((12, w.pick(ANIMALS)), (1, "uno"), (1, "nil"), (1, "stray"), (1, "pair"))


def dictionary(w: Writer, make: Callable[[], str]) -> str:
    """Write a dictionary with different keys."""
    keys = _KEYS[: w.below(len(_KEYS) + 1)]
    return "{" + ", ".join(f"{key}: {make()}" for key in keys) + "}"


def _computed(w: Writer, kind: str, depth: int) -> str:
    if kind == "number" and w.often(60):
        return arithmetic(w, depth)
    if kind == "object" and w.often(30):
        return new(w)
    if kind == "list" and w.often(50):
        return open_list(w)
    if w.often(25):
        return _lookup_in_dictionary(w, depth)
    if w.often(20):
        return method(w, kind)
    return f"{_animal(w)}.{w.pick(ATTRIBUTES[kind])}"


def _animal(w: Writer) -> str:
    """Write what mostly has the attributes of an animal."""
    return value(w, "object", 0) if w.often(25) else w.pick(ANIMALS)


def arithmetic(w: Writer, depth: int) -> str:
    """Write a computation, in parentheses."""
    operator = w.weighted((4, "+"), (3, "-"), (3, "*"), (2, "/"), (2, "mod"), (2, "rem"))
    return f"({value(w, 'number', depth)} {operator} {value(w, 'number', depth)})"


def new(w: Writer) -> str:
    """Write a construction, which may lack arguments or be of an unknown class."""
    form = w.weighted(
        (6, "new {cls}({name})"),
        (3, "new {cls}(name: {name}, age: {number})"),
        (3, "new Num({number})"),
        (1, "new Num()"),
        (1, "new Nobody({number})"),
        (1, 'new Integer("5")'),
    )
    return form.format(cls=w.pick(CLASSES), name=w.pick(_STRINGS), number=w.pick(_NUMBERS))


def open_list(w: Writer) -> str:
    """Write a list whose end is a list that a variable holds."""
    items = [value(w, "number", 0) for _ in w.several(0, 2)]
    names = w.known("list")
    rest = [f"*{w.pick(names)}"] if names else []
    return f"[{', '.join(items + rest)}]"


def _lookup_in_dictionary(w: Writer, depth: int) -> str:
    key = w.pick(_KEYS)
    subject = w.weighted((3, ""), (2, "table"), (2, "misty.info")) or value(w, "dictionary", depth)
    return f'{subject}.("{key}")' if w.often(20) else f"{subject}.{key}"


def method(w: Writer, kind: str) -> str:
    """Write a call of a Python method; some of them raise."""
    subject = _animal(w)
    if w.often(8):
        call = w.pick(("boom()", "inner_attr()", "missing()", "bad_prop", "name()", "nothing()"))
    elif kind == "number":
        call = f"add({value(w, 'number', 0)}, {value(w, 'number', 0)})"
    elif kind == "string":
        call = w.pick(("cls_name()", f"echo({value(w, 'string', 0)})"))
    else:
        call = f"echo({value(w, kind, 0)})"
    return f"{subject}.{call}"


# -- patterns ------------------------------------------------------------------------


def pattern(w: Writer, kind: str, depth: int = 2) -> str:
    """Write a pattern that values of a kind may match."""
    if w.often(w.slips):
        kind = w.pick(KINDS)
    if kind == "object":
        return _class_pattern(w, depth)
    if kind == "dictionary":
        return "Dictionary" if w.often(12) else _fields(w, "dictionary", depth)
    if kind == "list":
        form = w.weighted((1, "List"), (2, ""), (2, "parts"))
        return _list_pattern(w, depth) if form == "parts" else form or literal(w, "list", 0)
    tag = {"number": "Integer", "string": "String", "boolean": "Boolean"}[kind]
    return w.weighted((4, tag), (1, w.pick(TAGS)), (3, "")) or literal(w, kind)


def _class_pattern(w: Writer, depth: int) -> str:
    likely = w.pick(("Animal", "Dog", *CLASSES))
    tag = w.weighted((40, likely), (1, w.pick(TAGS)), (1, "Num"), (1, "Nobody"))
    if depth <= 0 or not w.often(45):
        return tag
    return tag + _fields(w, "object", depth)


def _fields(w: Writer, of: str, depth: int) -> str:
    names = (
        _KEYS
        if of == "dictionary"
        else ("name", "age", "tame", "friend", "tags", "name", "age", "tame", "missing")
    )
    kinds = {"name": "string", "age": "number", "tame": "boolean", "friend": "object"}
    kinds |= {"tags": "list", "a": "number", "b": "string"}
    chosen = sorted({w.pick(names) for _ in w.several(1, 2)})
    parts = [f"{name}: {_nested(w, kinds.get(name, 'number'), depth - 1)}" for name in chosen]
    return "{" + ", ".join(parts) + "}"


def _nested(w: Writer, kind: str, depth: int) -> str:
    """Write what a field or an element must be: a class needs braces there."""
    if w.often(35):
        return w.fresh(kind)
    if known := (w.known(kind) if w.often(20) else []):
        return w.pick(known)
    if depth > 0 and kind == "object":
        return w.pick(CLASSES) + (_fields(w, "object", depth - 1) if w.often(40) else "{}")
    if w.often(10):
        return w.pick(TAGS) + "{}"
    return literal(w, kind, 0)


def _list_pattern(w: Writer, depth: int) -> str:
    items = [_nested(w, w.pick(("number", "string")), depth - 1) for _ in w.several(0, 2)]
    rest = [f"*{w.fresh('list')}"] if w.often(40) else []
    return f"[{', '.join(items + rest)}]"


# -- conditions ----------------------------------------------------------------------


def condition(w: Writer, profile: Profile, depth: int = 2) -> str:
    """Write a condition as the family has them."""
    write: Condition = w.weighted(*profile.conditions)
    return write(w, profile, depth)


def conjunction(w: Writer, profile: Profile, most: int, depth: int = 2) -> str:
    """Write some conditions that must all hold."""
    return " and ".join(condition(w, profile, depth) for _ in w.several(1, most))


def unification(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``=``, which compares or gives a variable its value."""
    kind = w.pick(profile.kinds)
    right = value(w, kind, depth)
    left = value(w, kind, depth - 1) if w.often(45) else _variable(w, kind)
    return f"{right} = {left}" if w.often(25) else f"{left} = {right}"


def _variable(w: Writer, kind: str) -> str:
    names = w.unbound()
    return w.bind(w.pick(names), kind) if names and w.often(40) else w.fresh(kind)


def assignment(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``:=``, mostly to a variable that has no value."""
    kind = w.pick(profile.kinds)
    right = value(w, kind, depth)
    known = w.known(kind) if w.often(20) else []
    return f"{w.pick(known) if known else w.fresh(kind)} := {right}"


def comparison(w: Writer, profile: Profile, depth: int) -> str:
    """Write an ordering or ``==``; of two kinds that have one, mostly."""
    kind = w.weighted((7, "number"), (3, "string"), (1, "boolean"), (1, "object"), (1, "list"))
    operator = w.weighted((3, "=="), (2, "!="), (3, "<"), (2, "<="), (3, ">"), (2, ">="))
    return f"{value(w, kind, depth)} {operator} {value(w, kind, depth)}"


def calculation(w: Writer, profile: Profile, depth: int) -> str:
    """Write a computation whose result is compared or kept."""
    result = w.fresh("number") if w.often(60) else value(w, "number", 0)
    return f"{result} = {arithmetic(w, depth)}"


def membership(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``in`` over a list, a dictionary, a text or a Python iterable."""
    source = w.weighted((5, "list"), (2, "dictionary"), (1, "string"), (2, "object"))
    if source == "dictionary":
        return f"[{_item(w, 'string')}, {_item(w, 'number')}] in {value(w, 'dictionary', depth)}"
    if source == "string":
        return f"{_item(w, 'string')} in {value(w, 'string', 0)}"
    if source == "object":
        subject = w.pick(ANIMALS)
        form = w.weighted((4, "{}.nums()"), (2, "pair"), (2, "{}.trouble()"), (1, "{}"))
        return f"{_item(w, 'number')} in {form.format(subject)}"
    if w.often(30):
        items = [value(w, "object", 0) for _ in w.several(1, 3)]
        return f"{_item(w, 'object')} in [{', '.join(items)}]"
    return f"{_item(w, 'number')} in {value(w, 'list', depth)}"


def _item(w: Writer, kind: str) -> str:
    return value(w, kind, 0) if w.often(40) else w.fresh(kind)


def matching(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``matches``."""
    kind = w.pick(profile.kinds)
    left = value(w, kind, 1)
    return f"{left} matches {pattern(w, kind, depth)}"


def lookup(w: Writer, profile: Profile, depth: int) -> str:
    """Write a condition on an attribute, or one that is an attribute."""
    kind = w.pick(("number", "string", "boolean", "list", "object"))
    subject = _animal(w)
    if w.often(4):
        return f"{subject}.missing = {value(w, kind, 0)}"
    if w.often(20):
        return f"{subject}.tame"
    side = w.fresh(kind) if w.often(40) else value(w, kind, 0)
    return f"{subject}.{w.pick(ATTRIBUTES[kind])} = {side}"


def host_call(w: Writer, profile: Profile, depth: int) -> str:
    """Write a condition on what a Python method gives."""
    kind = w.pick(("number", "string", "boolean", "list", "object"))
    side = w.fresh(kind) if w.often(50) else value(w, kind, 0)
    return f"{side} = {method(w, kind)}"


def negation(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``not``; what is inside binds nothing outside."""
    before = dict(w.variables)
    inner = condition(w, profile, depth - 1) if depth > 0 else comparison(w, profile, 0)
    w.variables = before
    # ``not`` cannot be doubled without parentheses, and binds tighter than ``and``.
    return f"not ({inner})"


def universal(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``forall``."""
    before = dict(w.variables)
    subject = membership(w, profile, 0)
    inner = condition(w, profile, 0)
    w.variables = before
    return f"forall({subject}, {inner})"


def alternatives(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``or``; what only one branch binds is not known afterwards."""
    if depth <= 0:
        return comparison(w, profile, 0)
    before = dict(w.variables)
    branches = []
    for _ in w.several(2, 3):
        w.variables = dict(before)
        branches.append(conjunction(w, profile, 2, depth - 1))
    w.variables = before
    return f"({' or '.join(f'({b})' if ' and ' in b else b for b in branches)})"


def cut(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``cut``, alone or in a group."""
    if depth > 0 and w.often(25):
        return f"({condition(w, profile, 0)} and cut)"
    return "cut"


def call(w: Writer, profile: Profile, depth: int) -> str:
    """Write a call of a rule of the program."""
    if not profile.rules:
        return comparison(w, profile, depth)
    name = w.pick(tuple(profile.rules))
    kinds = profile.rules[name]
    if w.often(2):
        kinds = kinds[1:]
    return f"{name}({', '.join(argument(w, kind) for kind in kinds)})"


def argument(w: Writer, kind: str) -> str:
    """Write an argument: a value, or a variable that the rule may bind."""
    if w.often(25):
        return "_" if w.often(15) else w.fresh(kind)
    return value(w, kind, 1)


def truth(w: Writer, profile: Profile, depth: int) -> str:
    """Write a condition that is a value."""
    return w.weighted((3, "true"), (1, "false"), (3, "")) or value(w, "boolean", 0)


def output(w: Writer, profile: Profile, depth: int) -> str:
    """Write ``print``."""
    return f"print({', '.join(value(w, w.pick(KINDS), 0) for _ in w.several(0, 2))})"
