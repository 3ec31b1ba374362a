"""One policy after another: the answers are those of the last that was accepted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

from flask_oso import Oso, OsoError

from ..choices import Choices
from ..oracle import sandbox

IS_TEXT = False
_MOST_STEPS = 25
_ACTORS, _ACTIONS, _RESOURCES = ("ann", "bob"), ("read", "write"), ("page", "note")
_FACTS = tuple(itertools.product(_ACTORS, _ACTIONS, _RESOURCES))
_FAULTS = (
    "f(",
    "allow(_, _, _) if g();",
    "?= 1 = 2;",
    "?= nosuch(1);",
    "allow(_, _, x: Nosuch) if y;",
    "type f(_: Integer); f(_: String);",
    "resource Nosuch {}",
    "allow(_, _, _) if x = 9223372036854775808;",
    "allow(_, _, _) if \u202e x = 1;\u0000",
    "?= (1).nosuch = 1;",
    'allow("a", "b" "c");',
    "allow(_, _, _); ?= forall(x in [1], x = 2);",
)

_Facts = frozenset[tuple[str, str, str]]


def seeds() -> Iterable[bytes]:
    """Give some rows of choices."""
    return [bytes(byte * step % 256 for byte in range(80)) for step in (1, 3, 7, 31)]


def target(data: bytes) -> None:
    """Load, refuse, clear and ask as the input says, beside a set of facts."""
    choices = Choices(data)
    oso = Oso()
    facts: _Facts | None = None
    with sandbox():
        for _ in range(_MOST_STEPS):
            if not choices.are_left:
                break
            facts = choices.pick(_STEPS)(choices, oso, facts)
            _check(oso, facts)


def _check(oso: Oso, facts: _Facts | None) -> None:
    for question in _FACTS:
        try:
            answer: bool | None = oso.is_allowed(*question)
        except OsoError:
            answer = None
        expected = None if facts is None else question in facts
        assert answer is expected, f"{question}: {answer}, not {expected}"


def _chosen_facts(choices: Choices) -> _Facts:
    # At least one, since a policy without rules is not the policy that allows nothing.
    chosen = choices.number(2 ** len(_FACTS))
    return frozenset(fact for at, fact in enumerate(_FACTS) if chosen >> at & 1) or frozenset(
        _FACTS[:1]
    )


def _text(choices: Choices, facts: _Facts) -> str:
    """Write facts as rules of different forms."""
    forms = (
        'allow("{}", "{}", "{}");',
        'allow(x, "{1}", "{2}") if x = "{0}";',
        'allow("{0}", x, "{2}") if x in ["{1}", 1];',
        'allow(a, b, c) if [a, b, c] = ["{0}", "{1}", "{2}"];',
        'allow("{0}", "{1}", x) if x = "{2}" or x = 1 and not x = "{2}";',
    )
    return "\n".join(choices.pick(forms).format(*fact) for fact in sorted(facts))


def _load(choices: Choices, oso: Oso, facts: _Facts | None) -> _Facts | None:
    new = _chosen_facts(choices)
    try:
        oso.load_str(_text(choices, new))
    except OsoError:
        assert facts is not None, "a good policy was refused"
        return facts
    assert facts is None, "rules were added to those in force"
    return new


def _replace(choices: Choices, oso: Oso, facts: _Facts | None) -> _Facts | None:
    oso.clear_rules()
    return _load(choices, oso, None)


def _load_broken(choices: Choices, oso: Oso, facts: _Facts | None) -> _Facts | None:
    pieces = [_text(choices, _chosen_facts(choices)), choices.pick(_FAULTS)]
    try:
        oso.load_str("\n".join(pieces if choices.flag() else reversed(pieces)))
    except OsoError as error:
        assert str(error)
        return facts
    raise AssertionError("a broken policy was accepted")


def _clear(choices: Choices, oso: Oso, facts: _Facts | None) -> None:
    oso.clear_rules()


def _register(choices: Choices, oso: Oso, facts: _Facts | None) -> _Facts | None:
    oso.register_constant(choices.number(256), choices.pick(("limit", "most", "Limit")))
    return facts


_Step = Callable[[Choices, Oso, _Facts | None], _Facts | None]
_STEPS: tuple[_Step, ...] = (_load, _replace, _load_broken, _load_broken, _clear, _register)
