"""Terms, goals, variables and events of a run as text, for traces and the debugger.

Unlike error messages these texts have the ``repr`` of objects. Nothing here changes a run.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence

from ..characters import with_escapes
from ..host.conversion import follow
from ..nodes import Origin, Slot, Unknown, Variable, is_ground, parts, with_parts
from ..printer import reveal, to_polar
from ..solver.backtrace import ClassName, Step
from ..solver.clauses import Clause, Frame, Template
from ..solver.observation import EventKind, ObservedFrame, RunView
from ..traversal import fold

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
    """A variable: its name in the policy, its name in the run, and its value or ``None``."""

    written: str
    name: str
    value: t.Any

    @property
    def label(self) -> str:
        """Both names if they differ: ``x@_x_3``."""
        return self.name if self.written == self.name else f"{self.written}@{self.name}"


def inspector_of(view: RunView) -> Inspector:
    """Return the inspector of a run."""
    return Inspector(view.host.class_name)


class Inspector:
    """Prints terms, goals and events of a run.

    :param class_name: returns the registered name of the class of an object.
    """

    def __init__(self, class_name: ClassName) -> None:
        self._class_name = class_name

    def term(self, term: t.Any, frame: Frame | None = None) -> str:
        """Print a term with values in place of variables."""
        return self._print(term, frame or [], by_name=False)

    def goal(self, term: t.Any, frame: Frame) -> str:
        """Print a term with the names that its variables have in the run."""
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
            # The printer prints values of variables, with a limit on their depth.
            return part, () if is_ground(part) else parts(part)

        return with_escapes(to_polar(fold(term, look, with_parts), self._class_name, _safe_repr))


def variables_of(frame: Frame) -> list[Named]:
    """Return the variables of the rule or query that has this frame, without helpers."""
    if isinstance(frame, ObservedFrame):
        slots = {slot.index: slot for term in _terms(frame.clause) for slot in _slots_in(term)}
        written = [slots[index] for index in sorted(slots) if slots[index].origin is Origin.WRITTEN]
        return [_look_up(slot, frame) for slot in written]
    unknowns = [item for item in frame if type(item) is Unknown]
    return [of_unknown(item) for item in unknowns if item.origin is Origin.WRITTEN]


def of_unknown(unknown: Unknown) -> Named:
    """Return a variable of the run with its name there."""
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
        # Observing a run must not change its result.
        return f"<{type(value).__name__} object>"
