"""What a developer sees of a run: goals under the names of their variables, and values.

In go terms, frames and steps of a run; out comes text for traces and the debugger. Unlike
the texts of errors it shows objects by their ``repr``. Nothing here changes a run.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Sequence

from ..characters import with_escapes
from ..host.conversion import follow
from ..nodes import Unknown, Variable, is_ground, parts, with_parts
from ..printer import reveal, to_polar
from ..solver.backtrace import ClassName, Step
from ..solver.clauses import Clause, Frame, Slot, Template
from ..solver.observation import EventKind, ObservedFrame, RunView
from ..traversal import fold

#: Variables that rewriting makes, and anonymous ones.
_HELPER = re.compile(r"_((value|op|temp|instance)_)?\d+")


#: How an event is printed, with its terms.
_EVENTS = {
    EventKind.UNIFY: "Unify({}, {})",
    EventKind.MATCH: "MATCHES: {} matches {}",
    EventKind.BIND: "⇒ bind: {} ← {}",
    EventKind.LOOKUP: "LOOKUP: {}.{}",
    EventKind.CALL: "CALL: {}.{}",
    EventKind.RETURN: "=> {}",
    EventKind.BACKTRACK: "BACKTRACK",
    EventKind.HALT: "HALT",
}


class Named(t.NamedTuple):
    """A variable: as it is written, its name in the run, and its value or ``None``."""

    written: str
    name: str
    value: t.Any

    @property
    def label(self) -> str:
        """Both names, if they differ: ``x@_x_3``."""
        return self.name if self.written == self.name else f"{self.written}@{self.name}"


def inspector_of(view: RunView) -> Inspector:
    """Return what prints the terms of a run."""
    return Inspector(view.host.class_name)


class Inspector:
    """Prints what a run is made of.

    :param class_name: gives the registered name of an object's class.
    """

    def __init__(self, class_name: ClassName) -> None:
        self._class_name = class_name

    def term(self, term: t.Any, frame: Frame | None = None) -> str:
        """Print a term with values in the place of variables."""
        return self._print(term, frame or [], by_name=False)

    def goal(self, term: t.Any, frame: Frame) -> str:
        """Print a term under the names that its variables have in the run."""
        return self._print(term, frame, by_name=True)

    def bindings(self, step: Step, sign: str) -> str:
        """Print the variables of a goal that have a value: ``{a = 1, b = 2}``."""
        found = {variable.name: variable for variable in _variables_in(step.goal, step.frame)}
        shown = (
            f"{variable.name} {sign} {self.term(variable.value)}"
            for variable in found.values()
            if variable.value is not None
        )
        return "{" + ", ".join(shown) + "}"

    def event(self, kind: EventKind, terms: Sequence[t.Any]) -> str:
        """Print what happened, as traces and the debugger show it."""
        shown = [each if type(each) is str else self.term(each) for each in terms]
        return _EVENTS[kind].format(*shown)

    def _print(self, term: t.Any, frame: Frame, by_name: bool) -> str:
        def look(part: t.Any) -> tuple[t.Any, Sequence[t.Any]]:
            if type(part) is Template:
                part = part.term
            if type(part) is Slot:
                variable = _look_up(part, frame)
                is_named = by_name or variable.value is None
                return Variable(variable.name) if is_named else variable.value, ()
            if type(part) is Unknown and by_name:
                return Variable(part.name), ()
            # What a variable is bound to is for the printer, which stops somewhere.
            return part, () if is_ground(part) else parts(part)

        return with_escapes(to_polar(fold(term, look, with_parts), self._class_name, _safe_repr))


def variables_of(frame: Frame) -> list[Named]:
    """Return the variables of the rule or query that has this frame, without helpers."""
    if isinstance(frame, ObservedFrame):
        slots = {slot.index: slot for term in _terms(frame.clause) for slot in _slots_in(term)}
        named = [_look_up(slots[index], frame) for index in sorted(slots)]
    else:
        named = [of_unknown(item) for item in frame if type(item) is Unknown]
    return [variable for variable in named if not _HELPER.fullmatch(variable.written)]


def of_unknown(unknown: Unknown) -> Named:
    """Return a variable of the run, under the name it has there."""
    end = follow(unknown)
    return Named(unknown.name, unknown.name, None if end is unknown else end)


def _terms(clause: Clause) -> Iterator[t.Any]:
    for parameter in clause.parameters:
        yield parameter.term
        yield parameter.specializer
    yield clause.body


def _slots_in(term: t.Any) -> Iterator[Slot]:
    return (part for part in _leaves(term) if type(part) is Slot)


def _variables_in(term: t.Any, frame: Frame) -> Iterator[Named]:
    for part in _leaves(term):
        if type(part) is Slot:
            yield _look_up(part, frame)
        elif type(part) is Unknown:
            yield of_unknown(part)


def _leaves(term: t.Any) -> Iterator[t.Any]:
    stack = [term]
    while stack:
        part = stack.pop()
        if type(part) is Template:
            stack.append(part.term)
            continue
        yield part
        if not is_ground(part):
            stack.extend(reversed(list(parts(part))))


def _look_up(slot: Slot, frame: Frame) -> Named:
    value = frame[slot.index] if slot.index < len(frame) else None
    if type(value) is Unknown:
        return of_unknown(value)._replace(written=slot.name)
    given = frame.names[slot.index] if isinstance(frame, ObservedFrame) else None
    return Named(slot.name, given or slot.name, value)


def _safe_repr(value: t.Any) -> str:
    try:
        return reveal(value)
    except Exception:
        # Looking at a run must not change what it gives.
        return f"<{type(value).__name__} object>"
