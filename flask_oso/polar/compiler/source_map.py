"""The source map: from the frames of compiled functions to the goals of the policy.

A frame has the current instruction of a function; the sites of the function give the goal of each
instruction. The goals of all frames of a question are its backtrace.
"""

from __future__ import annotations

import opcode
import types
import typing as t
from collections.abc import Iterator

from ..host.conversion import argument_to_term
from ..nodes import Call, Dictionary, List, Term, Value
from ..solver.backtrace import Step
from ..sources import Span
from .entry_points import QUESTION_FILE
from .scopes import Elsewhere, Passed, Site
from .snippets import Position, position_of

#: Whether code objects have columns, without which there is no source map.
HAS_POSITIONS = next(iter(compile("0", "", "eval").co_positions()))[2] is not None
#: Nested goals, outermost first, each with the rule whose body contains it.
GoalSteps = list[tuple[Term | None, str | None]]
#: The parameters of entry points that are no arguments of the rule.
_NO_ARGUMENTS = ("clock", "is_searched", "type", "simple")
_FOR_ITER = opcode.opmap["FOR_ITER"]
#: The cache entries after an instruction, where `f_lasti` may be while it runs.
_CACHE = opcode.opmap["CACHE"]


def frames_of(
    frame: types.FrameType | None, sites: dict[types.CodeType, t.Any]
) -> list[tuple[types.CodeType, int]]:
    """Return the running compiled functions of this question, outermost first."""
    found = []
    while frame is not None and not is_entry(frame.f_code):
        if frame.f_code in sites:
            found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return found[::-1]


def entry_call(frame: types.FrameType | None) -> Call | None:
    """Return the running question."""
    while frame is not None and not is_entry(frame.f_code):
        frame = frame.f_back
    if frame is None:
        return None
    names = frame.f_locals
    parameters = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    given = [names[name] for name in parameters if name not in _NO_ARGUMENTS]
    return Call(names["name"], tuple(map(argument_to_term, given)))


def is_entry(code: types.CodeType) -> bool:
    """Tell whether code is that of an entry point."""
    return code.co_filename == QUESTION_FILE


def until_next_entry(
    trace: types.TracebackType | None, sites: dict[types.CodeType, t.Any]
) -> Iterator[tuple[types.CodeType, int]]:
    """Yield the functions that an error passed through, up to the next entry point."""
    is_first = True
    while trace is not None:
        code = trace.tb_frame.f_code
        if is_entry(code) and not is_first:
            return
        is_first = False
        if code in sites:
            yield code, trace.tb_lasti
        trace = trace.tb_next


def chain(steps: GoalSteps, question: Call | None) -> Step | None:
    """Make the backtrace from nested goals."""
    step = Step(None, [], None, None, 0)
    if question is not None:
        step = Step(question, [], step, None, 0)
    for goal, rule in steps:
        step = Step(goal, [], step, rule, 0)
    return step


def with_spans(goal: Call, goals: list[Term | None]) -> Call:
    """Return a call with its span, and those of its literals.

    :param goals: the current goals of the compiled functions, innermost first.
    """
    # One term stays one term, wherever it occurs.
    placed: dict[int, Term] = {}
    for at, arg in enumerate(goal.args):
        known = Value(arg.value, span=argument_span(goals, at)) if type(arg) is Value else arg
        placed.setdefault(id(arg), known)
    args = tuple(placed[id(arg)] for arg in goal.args)
    return Call(goal.name, args, span=None if goals[0] is None else goals[0].span)


def argument_span(goals: list[Term | None], position: int) -> Span | None:
    """Return the span of an argument of a call, if it is a literal.

    :param goals: the call, the call of the rule around it, and so on.
    """
    found = argument_place(goals, position)
    return None if found is Elsewhere.FOUND else found


def argument_place(goals: list[Term | None], position: int) -> Span | Elsewhere | None:
    """Return the same, or that another function found the argument."""
    for goal in goals:
        called = getattr(goal, "term", goal)
        if not isinstance(called, Call) or position >= len(called.args):
            return None
        arg = called.args[position]
        if isinstance(arg, Passed) and arg.is_found:
            return Elsewhere.FOUND
        if not isinstance(arg, Passed) or arg.parameter is None:
            return arg.span if isinstance(arg, (Passed, Value, List, Dictionary)) else None
        position = arg.parameter
    return None


def sites_by_offset(code: types.CodeType, sites: dict[Position, Site]) -> dict[int, Site]:
    """Return the goal of each instruction of a function that has one."""
    found: dict[int, Site] = {}
    last: Site | None = None
    is_next = False
    nothing = position_of(None)
    # Python copies all instructions each time they are read.
    instructions = code.co_code
    for offset, position in zip(range(0, len(instructions), 2), code.co_positions(), strict=False):
        site = sites.get(t.cast(Position, position)) if position != nothing else None
        if instructions[offset] == _FOR_ITER:
            # The next element is requested by the goal whose iterator was made just before.
            is_next = True
        elif instructions[offset] != _CACHE:
            is_next = False
        if is_next:
            site = last
        if site is not None:
            found[offset] = last = site
    return found
