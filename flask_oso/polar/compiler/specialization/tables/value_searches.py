"""Searches for the texts that data give for an argument, such as ``action in user.scopes``.

In go a rule and the classes of its other arguments; out comes a function that finds all texts at
once, on plain data. It gives up where a rule may bind the argument to something else.
"""

from __future__ import annotations

import ast
import typing as t

from ...passes.names import FOUND
from ...snippets import assign, call, function_of, is_ascii, is_none, load, negate
from ..observation import FREQUENT
from ..regions import give_up_if
from ..solution_functions import SolutionFunctions
from ..solution_keys import SolutionKey
from ..specialization import attempted
from .drafts import SpecializingProgram


def value_search(
    program: SpecializingProgram, name: str, at: int, classes: t.Mapping[int, type]
) -> t.Any:
    """Compile a function that finds the texts of one argument.

    :param classes: the classes of the other arguments, which the caller has tested.
    :raises NotCompilable: if it cannot be written, as for a rule that leaves the argument open.
    """
    functions = SolutionFunctions(program)
    kinds = tuple([classes.get(n) for n in range(len(classes) + 1)])
    found = functions.name_of(SolutionKey(name, kinds))
    functions.write()
    functions.keep()
    parameters = [f"a{n}" for n in range(len(kinds))]
    given: list[ast.expr] = [load(each) for n, each in enumerate(parameters) if n != at]
    asked = call(found, *given, ast.Constant(0), ast.Dict([], []))
    odd = [negate(is_ascii(f"a{n}")) for n, cls in classes.items() if cls is str]
    body = [
        *(give_up_if(each) for each in odd),
        assign(FOUND, asked),
        give_up_if(is_none(load(FOUND))),
        ast.Return(call("texts_found", load(FOUND))),
    ]
    tried = [attempted(body, "gives_up_or_deep")]
    return program.compiled_specialization(function_of("search", parameters, tried, FREQUENT), name)
