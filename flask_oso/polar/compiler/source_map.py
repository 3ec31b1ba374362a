"""Where compiled functions are: Python's frames, and the goals of the policy they stand for.

A frame tells how far its function is; the function's sites tell which goals that is, and
those of all frames of a question which way led there.
"""

from __future__ import annotations

import opcode
import types
import typing as t
from collections.abc import Iterator

from ..host.conversion import to_term
from ..nodes import Call, Term, Value
from ..solver.backtrace import Step
from ..sources import Span
from .entry_points import QUESTION_FILE
from .scopes import Passed, Site
from .snippets import Position, position_of

#: Goals in each other, outermost first, each with the rule it stands in.
GoalSteps = list[tuple[Term | None, str | None]]
_FOR_ITER = opcode.opmap["FOR_ITER"]
#: What stands behind an instruction, where the interpreter may be while it is carried out.
_CACHE = opcode.opmap["CACHE"]


def frames_of(
    frame: types.FrameType | None, sites: dict[types.CodeType, t.Any]
) -> list[tuple[types.CodeType, int]]:
    """Return the compiled functions under way in this question, outermost first."""
    found = []
    while frame is not None and not is_entry(frame.f_code):
        if frame.f_code in sites:
            found.append((frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return found[::-1]


def entry_call(frame: types.FrameType | None) -> Call | None:
    """Return the question that is under way."""
    while frame is not None and not is_entry(frame.f_code):
        frame = frame.f_back
    if frame is None:
        return None
    names = frame.f_locals
    args = tuple(to_term(names[f"a{n}"]) for n in range(frame.f_code.co_argcount))
    return Call(names["name"], args)


def is_entry(code: types.CodeType) -> bool:
    """Tell whether a frame with this code is a question that compiled rules answer."""
    return code.co_filename == QUESTION_FILE


def until_next_entry(
    trace: types.TracebackType | None, sites: dict[types.CodeType, t.Any]
) -> Iterator[tuple[types.CodeType, int]]:
    """Return the functions that an error came through, up to where another question began."""
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
    """Make the steps of a run from the goals around a place."""
    step = Step(None, [], None, None, 0)
    if question is not None:
        step = Step(question, [], step, None, 0)
    for goal, rule in steps:
        step = Step(goal, [], step, rule, 0)
    return step


def with_spans(goal: Call, goals: list[Term | None]) -> Call:
    """Return a call its place, and its literals theirs.

    :param goals: the goals that compiled functions are at, innermost first.
    """
    # What is one term stays one, wherever it stands.
    placed: dict[int, Term] = {}
    for at, arg in enumerate(goal.args):
        known = Value(arg.value, span=argument_span(goals, at)) if type(arg) is Value else arg
        placed.setdefault(id(arg), known)
    args = tuple(placed[id(arg)] for arg in goal.args)
    return Call(goal.name, args, span=None if goals[0] is None else goals[0].span)


def argument_span(goals: list[Term | None], position: int) -> Span | None:
    """Tell where an argument of a call was written, if it is a literal.

    :param goals: the call, the call that it is part of, and so on.
    """
    for goal in goals:
        called = getattr(goal, "term", goal)
        if not isinstance(called, Call) or position >= len(called.args):
            return None
        arg = called.args[position]
        if not isinstance(arg, Passed) or arg.parameter is None:
            return arg.span if isinstance(arg, (Passed, Value)) else None
        position = arg.parameter
    return None


def sites_by_offset(code: types.CodeType, sites: dict[Position, Site]) -> dict[int, Site]:
    """Return the goal that each instruction of a function stands for, if it stands for one."""
    found: dict[int, Site] = {}
    last: Site | None = None
    is_next = False
    nothing = position_of(None)
    for offset, position in zip(range(0, len(code.co_code), 2), code.co_positions(), strict=False):
        site = sites.get(t.cast(Position, position)) if position != nothing else None
        if code.co_code[offset] == _FOR_ITER:
            # The next element is asked for where the loop's source was made, just before.
            is_next = True
        elif code.co_code[offset] != _CACHE:
            is_next = False
        if is_next:
            site = last
        if site is not None:
            found[offset] = last = site
    return found
