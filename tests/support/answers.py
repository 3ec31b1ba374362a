"""How an Oso answers a question: by the solver, by compiled rules, or by a specialization.

This module alone reads what the engine and its compiled program keep to themselves.
"""

from __future__ import annotations

import ast
import contextlib
import threading
import types
import typing as t
from collections.abc import Iterator

from flask_oso import Oso, OsoError
from flask_oso.polar import Engine, Polar
from flask_oso.polar.compiler.programs import CompiledProgram
from flask_oso.polar.compiler.specialization.tables.drafts import Asked


def may_read(oso: Oso, actor: t.Any, row: t.Any) -> bool:
    """Ask for one row; an error is no allow."""
    try:
        return oso.is_allowed(actor, "read", row)
    except OsoError:
        return False


def outcome_of(oso: Oso, *question: t.Any) -> t.Any:
    """Give the answer of ``is_allowed``, or the class and the text of what is raised."""
    try:
        return oso.is_allowed(*question)
    except Exception as error:
        return type(error), str(error)


# -- what is compiled --------------------------------------------------------------------


def is_compiling(oso: Polar) -> bool:
    """Tell whether rules are compiled at all."""
    return oso.engine._program is not None


def is_watched(oso: Polar) -> bool:
    """Tell whether something watches each question, so that nothing is compiled."""
    return bool(list(oso.engine._observers))


def program_of(oso: Polar) -> CompiledProgram:
    """Give the compiled program of an Oso that compiles."""
    program = oso.engine._program
    assert program is not None
    return program


def complete_program_of(oso: Polar) -> CompiledProgram:
    """Give the compiled program, with all that the functions made so far may call."""
    program = program_of(oso)
    program.make_all()
    return program


def left_over(oso: Polar) -> list[str]:
    """Give the reasons why calls of rules that were asked about are left to the solver."""
    program = complete_program_of(oso)
    partly = [each.reason for left in program.partly_compiled.values() for each in left]
    return [*(each.reason for each in program.not_compiled.values()), *partly]


def count_answers(engine: Engine) -> int:
    """Count the functions that answer calls of rules."""
    program = engine._program
    return 0 if program is None else len(program._made) - len(program.not_compiled)


def count_functions(oso: Polar) -> int:
    """Count all functions that were made for an engine."""
    program = program_of(oso)
    return len(program._sites) + len(program._made)


def codes_of(oso: Polar) -> list[types.CodeType]:
    """Give the code of all functions of a complete program."""
    return list(complete_program_of(oso)._sites)


def specializations_of(engine: Engine) -> t.Any:
    """Give the functions for plain data that answer ``allow``, by action and class.

    ``None`` where there is none.
    """
    program = engine._program
    return None if program is None else program.specializations("allow", 3)


def specialized(engine: Engine, actor: t.Any, action: t.Any, resource: t.Any) -> bool | None:
    """Give what the function for plain data answers; ``None`` where it leaves it to others."""
    made = specializations_of(engine)
    if made is None or made.maker.is_in_order((actor, action, resource)):
        return None
    functions: t.Any = made[action] if type(action) is str else made.of_objects
    return t.cast("bool | None", functions[type(resource)](actor, action, resource))


def is_told_apart(engine: Engine, actor: t.Any, action: str, resource: t.Any) -> bool:
    """Tell whether the function for a question is found by both classes at once."""
    made = specializations_of(engine)
    return bool(type(actor) in made[action]._by_first.get(type(resource), {}))


def is_replaced(engine: Engine, *args: t.Any, rule: str = "allow") -> bool:
    """Tell whether another function has the place of one that gave up again and again."""
    program = engine._program
    made = None if program is None else program.specializations(rule, len(args))
    if made is None:
        return False
    table = made.others if made.at is None else made[args[made.at]]
    first, *_, last = (type(args[at]) for at in made.maker.positions)
    functions = table._by_first.get(last)
    found = table.get(last) if functions is None else functions.get(first)
    return found is not None and found in made.maker._better.values()


def is_comparison_kept(oso: Polar, left: type, right: type) -> bool:
    """Tell whether functions for plain data know how objects of two classes are compared."""
    alike: t.Any = program_of(oso)._names["alike"]
    return (left, right) in alike.__self__._ways


def attempts_instead(engine: Engine, *question: t.Any) -> t.Any:
    """Give how often the function in the place of another one gave up."""
    made = specializations_of(engine).maker
    return made._in_order[id(made._better[made._asked(question)])]


def is_given_up(oso: Oso, *question: t.Any) -> bool:
    """Tell whether the function for plain data gives a question up that it might have answered.

    Fails where there is no such function, which then asks the compiled rules.
    """
    outcome_of(oso, *question)
    attempts = specializations_of(oso.engine).maker.attempts(question)
    assert attempts is not None, "There is no such function."
    attempts.in_vain = 0
    outcome_of(oso, *question)
    return bool(attempts.in_vain > 0)


def function_with_a_call(
    oso: Polar, action: str, classes: tuple[type, ...]
) -> ast.FunctionDef | None:
    """Give the function for plain data that makes one call of the application, if there is one."""
    made = specializations_of(oso.engine)
    with compiling_here(oso):
        return None if made is None else made.maker.drafts.observing(Asked(action, classes))


@contextlib.contextmanager
def evaluating_nothing(oso: Polar) -> Iterator[None]:
    """Fail meanwhile where a list is no template that is filled in, but evaluated on its own."""

    def refuse(*_: t.Any, **__: t.Any) -> t.NoReturn:
        raise AssertionError("No template of the list was filled in.")

    made = oso.engine._partial
    oso.engine._partial = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        oso.engine._partial = made  # type: ignore[method-assign]


# -- who compiles ------------------------------------------------------------------------


@contextlib.contextmanager
def compiling_here(oso: Polar) -> Iterator[None]:
    """Be what makes functions meanwhile."""
    with program_of(oso).turns.take():
        yield


@contextlib.contextmanager
def compiling_elsewhere(oso: Polar, deadline: float | None = None) -> Iterator[None]:
    """Have another thread make functions meanwhile.

    :param deadline: when these have to be made.
    """
    program = program_of(oso)
    begun, over = threading.Event(), threading.Event()

    def compile_long() -> None:
        with program.turns.take(deadline, waits=True):
            begun.set()
            over.wait(30)

    thread = threading.Thread(target=compile_long)
    thread.start()
    begun.wait(30)
    try:
        yield
    finally:
        over.set()
        thread.join()


def is_left_to_solver(oso: Polar, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
    """Tell whether the solver takes part in an answer of compiled rules."""
    program = program_of(oso)
    taken: list[t.Any] = []
    go_on = program._go_on
    program._go_on = lambda *given: taken.append(given) or go_on(*given)  # type: ignore[method-assign]
    try:
        oso.engine.allow(actor, action, resource)
    finally:
        del program._go_on
    return bool(taken)


def is_answered_at_once(oso: Polar, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
    """Tell whether ``is_allowed`` answers by a function that it looks up itself."""
    return oso.engine.usual_answer(actor, action, resource) is not None


def strings_at_once(oso: Polar, name: str, at: int, *args: t.Any) -> set[str] | None:
    """Give the strings of one argument as one function finds them; ``None`` if it gives up."""
    kinds = [type(arg) for position, arg in enumerate(args) if position != at]
    search = oso.engine.searches[name, at, *kinds]
    return getattr(search, "at_once", search)(*args)
