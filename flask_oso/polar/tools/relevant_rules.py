"""The rules that may have a part in the answer to a question, as far as its classes are known.

In go a rule, and for each argument a string, a class or nothing; out come the texts of all rules
that the solver may come to. A rule is left out only if its head cannot match: another string, or a
class that no instance shares. Two policies with the same relevant rules give the same answers.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..engine import Engine
from ..nodes import Parameter, Pattern, Rule, Value, Variable
from ..policy.policy import calls_in
from ..printer import rule_to_polar
from ..syntax.desugar import flattened

#: What is known of a value: its class, or one above it; the string itself; or nothing.
Kind = type | str | None
#: The relevant rules of each call: its name, its kinds, and the texts of rules in order.
Relevant = Mapping[tuple[str, tuple[Kind, ...]], tuple[str, ...]]
#: More calls than that are not told apart by their kinds.
_MOST = 5_000


def relevant_rules(engine: Engine, name: str, kinds: Sequence[Kind]) -> Relevant:
    """Give the rules that may answer a call, and the calls that they make."""
    found: dict[tuple[str, tuple[Kind, ...]], tuple[str, ...]] = {}
    waiting = [(name, tuple(kinds))]
    while waiting:
        call = waiting.pop()
        if len(found) > _MOST:
            call = call[0], (None,) * len(call[1])
        if call in found:
            continue
        rules = [*_matching(engine, *call)]
        found[call] = tuple(rule_to_polar(flattened(rule)) for rule in rules)
        waiting += [each for rule in rules for each in _calls(rule, call[1])]
    return found


def _matching(engine: Engine, name: str, kinds: tuple[Kind, ...]) -> Iterator[Rule]:
    for rule in engine.policy.rules.get(name, ()):
        if len(rule.parameters) == len(kinds) and all(
            _may_match(engine, parameter, kind)
            for parameter, kind in zip(rule.parameters, kinds, strict=True)
        ):
            yield rule


def _may_match(engine: Engine, parameter: Parameter, kind: Kind) -> bool:
    specializer = parameter.specializer
    if isinstance(kind, str):
        written = [each for each in (parameter.term, specializer) if isinstance(each, Value)]
        return all(each.value == kind for each in written)
    if kind is None or not isinstance(specializer, Pattern) or specializer.tag is None:
        return True
    wanted = engine.host.classes.get(specializer.tag)
    return wanted is None or _may_share(kind, wanted)


def _may_share(cls: type, wanted: type) -> bool:
    """Tell whether an instance of one class may be one of another."""
    if type(wanted).__instancecheck__ is not type.__instancecheck__:
        return True
    waiting, seen = [cls], set[type]()
    while waiting:
        each = waiting.pop()
        if wanted in each.__mro__:
            return True
        if each not in seen:
            seen.add(each)
            waiting += type.__subclasses__(each)
    return False


def _calls(rule: Rule, kinds: tuple[Kind, ...]) -> Iterator[tuple[str, tuple[Kind, ...]]]:
    """Give the calls in the body of a rule, with what is known of their arguments."""
    known: dict[str, Kind] = {}
    for parameter, kind in zip(rule.parameters, kinds, strict=True):
        if isinstance(parameter.term, Variable):
            # A variable that stands twice in a head has both kinds; one of them will do.
            known.setdefault(parameter.term.name, kind)
    for call in calls_in(rule.body):
        yield call.name, tuple(_kind(arg, known) for arg in call.args)


def _kind(term: t.Any, known: Mapping[str, Kind]) -> Kind:
    if isinstance(term, Variable):
        return known.get(term.name)
    if isinstance(term, Value) and isinstance(term.value, str):
        return term.value
    return None
