"""The functions that take a question: they look at the arguments, and choose who answers.

What needs the solver goes there: a value that is neither a plain object nor a plain text,
and whatever was taken for impossible when a function was written.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .snippets import (
    all_hold,
    any_holds,
    assign,
    call,
    compared,
    function_of,
    load,
    negate,
    returned,
    type_test,
)
from .specialization.dispatch import Specializations

#: How many steps are taken between two looks at the clock.
CLOCK_INTERVAL = 64


class SolverNeeded(Exception):
    """What was taken for impossible when a function was written: the solver has to answer."""


#: So many facts are compared one by one.
_FEW = 2
_NOT_LOGGED = compared(load("log_variable"), ast.NotIn(), load("environment"))
#: The file name of the functions that take a question.
QUESTION_FILE = "<question>"


@dataclass(frozen=True)
class EntryPointWriter:
    """Writes the function that takes a question: it looks at the arguments, and chooses.

    :param rule: the constant that is the name of the rule.
    :param function: the function that answers.
    :param table: the parameter to choose another function by, and the table of those.
    :param texts: the parameters that are most likely strings.
    :param facts: all strings for which the answer is yes, with the name of their set.
    :param specializations: the functions for plain data, with the name of their table.
    :param is_searched: whether all solutions are looked for: what answers is a generator, and
        an error behind the first solution comes out, too.
    """

    rule: str
    parameters: list[str]
    texts: frozenset[str]
    function: str
    table: tuple[int, str] | None = None
    is_searched: bool = False
    specializations: tuple[str, Specializations] | None = None
    facts: tuple[str, list[tuple[str, ...]]] | None = None

    def write(self) -> ast.FunctionDef:
        """Write the function."""
        is_logged = compared(load("log_variable"), ast.In(), load("environment"))
        odd = ast.BoolOp(ast.Or(), [is_logged, *map(self._is_odd, self.parameters)])
        handlers = [
            ast.ExceptHandler(load("AttributeError"), "error", self._explained()),
            ast.ExceptHandler(load("unforeseen"), None, [self._by_solver()]),
            ast.ExceptHandler(load("StopIteration"), "error", [self._stopped()]),
        ]
        clock = ast.List([ast.Constant(CLOCK_INTERVAL), *[ast.Constant(None)] * 2], ast.Load())
        body = [
            *self._listed(),
            *self._specializations(),
            assign("name", load(self.rule)),
            ast.If(odd, [self._by_solver()], []),
            assign("clock", clock),
            ast.Try([ast.Return(self._answer())], handlers, [], []),
        ]
        return function_of("question", self.parameters, body)

    def _specializations(self) -> list[ast.stmt]:
        """Write that a function for plain data answers, if there is one and it can."""
        if self.specializations is None:
            return []
        table, specializations = self.specializations
        name = self.parameters[specializations.at]
        by_class = ast.Subscript(load(table), load(name), ast.Load())
        kind = call("type", load(self.parameters[specializations.by]))
        chosen = ast.Subscript(by_class, kind, ast.Load())
        answer = ast.Call(chosen, [*map(load, self.parameters)], [])
        is_known = compared(load("answer"), ast.IsNot(), ast.Constant(None))
        inside: list[ast.stmt] = [
            assign("answer", answer),
            ast.If(is_known, [ast.Return(load("answer"))], []),
        ]
        return [ast.If(ast.BoolOp(ast.And(), [type_test(name, "str"), _NOT_LOGGED]), inside, [])]

    def _listed(self) -> list[ast.stmt]:
        """Write that strings are looked up where there are nothing but facts about strings."""
        if self.facts is None:
            return []
        name, facts = self.facts
        tests = [type_test(parameter, "str") for parameter in self.parameters]
        if len(facts) <= _FEW:
            found: ast.expr = any_holds([self._is_fact(fact) for fact in facts])
        else:
            found = compared(self._arguments(), ast.In(), load(name))
        # A string with surrogates is refused; no fact has one.
        ascii_only = all_hold([_method(load(p), "isascii") for p in self.parameters])
        inside: list[ast.stmt] = [
            ast.If(found, [returned(True)], []),
            ast.If(ascii_only, [returned(False)], []),
        ]
        return [ast.If(ast.BoolOp(ast.And(), [*tests, _NOT_LOGGED]), inside, [])]

    def _is_fact(self, fact: tuple[str, ...]) -> ast.expr:
        tests = [
            compared(load(name), ast.Eq(), ast.Constant(text))
            for name, text in zip(self.parameters, fact, strict=True)
        ]
        return all_hold(tests)

    def _arguments(self) -> ast.expr:
        return ast.Tuple([load(name) for name in self.parameters], ast.Load())

    def _by_solver(self) -> ast.stmt:
        return ast.Return(call("by_solver", load("name"), self._arguments()))

    def _stopped(self) -> ast.stmt:
        """Write that a ``StopIteration`` ends nothing quietly, such as the caller's ``map``."""
        message = ast.Constant("A Python object that the policy reads raised StopIteration.")
        return ast.Raise(call("RuntimeError", message), load("error"))

    def _explained(self) -> list[ast.stmt]:
        """Write that an attribute that is missing is an error of the policy."""
        problem = call("problem_of", load("error"), load("name"), self._arguments())
        is_none = compared(load("problem"), ast.Is(), ast.Constant(None))
        return [
            assign("problem", problem),
            ast.If(is_none, [ast.Raise(None, None)], []),
            ast.Raise(load("problem"), load("error")),
        ]

    def _is_odd(self, name: str) -> ast.expr:
        """Write that an argument needs the solver: it is neither an object nor a plain text."""
        ascii_only = ast.Call(ast.Attribute(load(name), "isascii", ast.Load()), [], [])
        tests: list[ast.expr] = [
            compared(call("type", load(name)), ast.NotIn(), load("plain")),
            negate(ast.BoolOp(ast.And(), [type_test(name, "str"), ascii_only])),
        ]
        if name in self.texts:
            # What is usual is looked at first.
            tests.reverse()
        return ast.BoolOp(ast.And(), [*tests, negate(call("is_simple", load(name)))])

    def _answer(self) -> ast.expr:
        chosen = load(self.function)
        if self.table is not None:
            position, table = self.table
            arg = load(self.parameters[position])
            found = ast.Subscript(load(table), arg, ast.Load())
            chosen = ast.IfExp(type_test(self.parameters[position], "str"), found, chosen)
        args = [*map(load, self.parameters), ast.Constant(0), load("clock")]
        answer = ast.Call(chosen, args, [])
        return call("searched", answer) if self.is_searched else answer


def _method(owner: ast.expr, name: str, *args: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(owner, name, ast.Load()), list(args), [])
