"""The rules that cannot be compiled for some calls, and why."""

from __future__ import annotations

import typing as t

from ..compiler.programs import CompiledProgram
from ..compiler.source_map import HAS_POSITIONS
from ..engine import Engine
from ..sources import Span

_NO_POSITIONS = "all rules, since Python runs with -X no_debug_ranges or PYTHONNODEBUGRANGES"


class LeftOver(t.NamedTuple):
    """A rule of which the solver answers some calls.

    Its text is one line: ``page.polar:12:5: has_role: 'print'``.
    """

    #: The name of the rule.
    rule: str
    #: File, line and column of the reason; ``<policy>`` if the policy was no file.
    place: str
    #: What cannot be compiled, in the words of policies.
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.rule}: {self.reason}"


def list_left_over(engine: Engine) -> list[LeftOver]:
    """Compile all rules; give those that cannot be compiled, in the order of the policy.

    The functions are made for this list alone; the engine keeps its own.
    """
    if not HAS_POSITIONS:
        return [LeftOver(name, "<policy>", _NO_POSITIONS) for name in engine.policy.rules]
    program = CompiledProgram(engine)
    for name in engine.policy.rules:
        for arity in engine.clauses(name) or ():
            program.answer(name, arity, waits=True)
    # The questions of `authorized_actions` and `authorized_fields`.
    program.string_searches.questions("allow", 3, 1, waits=True)
    program.string_searches.questions("allow_field", 4, 3, waits=True)
    program.make_all()
    reasons = [
        *program.not_compiled.items(),
        *((variant, each) for variant, left in program.partly_compiled.items() for each in left),
    ]
    found = {
        (_order(span := reason.span or _first(engine, variant.name)), variant.name): LeftOver(
            variant.name, _place(span), reason.reason
        )
        for variant, reason in reasons
    }
    return [found[key] for key in sorted(found)]


def _first(engine: Engine, name: str) -> Span | None:
    rules = engine.policy.rules.get(name)
    return rules[0].span if rules else None


def _order(span: Span | None) -> tuple[str, int]:
    return ("", 0) if span is None else (span.source.name or "", span.start)


def _place(span: Span | None) -> str:
    if span is None:
        return "<policy>"
    return f"{span.source.name or '<policy>'}:{span.line}:{span.column}"
