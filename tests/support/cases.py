"""Read and run the cases in ``tests/polar/cases/*.polar``: policies that say what they expect.

A file is a series of cases. Each begins with a line ``##`` with its name and the fact it
shows, and goes on with the policy and one query::

    ## cut-callee-only: a cut does not reach the choices of the caller
    g(x) if x in [1, 2] and cut;
    f(x, y) if x in [1, 2] and g(y);
    #? f(x, y)
    #= x: 1, y: 1
    #= x: 2, y: 1

``#?``  the query; a case without one only loads its policy
``#=``  one result, its variables in alphabetical order; ``yes`` if it has none
``#!``  the error: its class, a colon, and a text its message contains
``#|``  a further line of that text
``#@``  ``accept_expression``; ``bind name: value``; ``prints text``; ``silent text``

No ``#=`` and no ``#!`` means: the query has no result, or the policy loads.
"""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask_oso import OsoError
from flask_oso.polar import Expression, Pattern, Variable

from .models.world import make_oso

CASES = pathlib.Path(__file__).parents[1] / "polar" / "cases"


@dataclass
class Case:
    """One case of a file."""

    name: str
    fact: str
    policy: str = ""
    query: str | None = None
    results: list[str] = field(default_factory=list)
    error: str | None = None
    error_text: str = ""
    accept_expression: bool = False
    bindings: dict[str, int] = field(default_factory=dict)
    prints: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


def read_cases() -> list[Case]:
    """Read all cases of all files."""
    return [case for path in sorted(CASES.glob("*.polar")) for case in _read_file(path)]


def _read_file(path: pathlib.Path) -> Iterator[Case]:
    parts = ("\n" + path.read_text(encoding="utf-8")).split("\n## ")
    for part in parts[1:]:
        header, _, body = part.partition("\n")
        name, _, fact = header.partition(": ")
        case = Case(f"{path.stem}-{name}", fact)
        policy = [line for line in body.splitlines() if not _take_line(case, line)]
        case.policy = "\n".join(policy).strip("\n")
        yield case


def _take_line(case: Case, line: str) -> bool:
    """Take a line that says something about the case; ``False`` for a line of the policy."""
    mark, _, text = line.partition(" ")
    if mark == "#?":
        case.query = text if case.query is None else f"{case.query}\n{text}"
    elif mark == "#=":
        case.results.append(text)
    elif mark == "#!":
        case.error, _, case.error_text = text.partition(": ")
    elif mark == "#|":
        case.error_text += "\n" + text
    elif mark == "#@":
        _take_option(case, text)
    else:
        return False
    return True


def _take_option(case: Case, text: str) -> None:
    option, _, value = text.partition(" ")
    if option == "accept_expression":
        case.accept_expression = True
    elif option == "bind":
        name, _, number = value.partition(": ")
        case.bindings[name] = int(number)
    elif option == "prints":
        case.prints.append(value)
    elif option == "silent":
        case.silent.append(value)
    else:
        raise ValueError(f"{case.name}: unknown option {option!r}.")


def run_case(case: Case) -> tuple[list[str], BaseException | None]:
    """Load the policy of a case and ask its query; give the results, and the error if any."""
    results: list[str] = []
    try:
        oso = make_oso()
        if case.policy:
            oso.load_str(case.policy)
        if case.query is not None:
            solutions = oso.query(
                case.query,
                bindings=case.bindings,
                accept_expression=case.accept_expression,
            )
            for solution in solutions:
                results.append(show_result(solution["bindings"]))
    except (OsoError, ValueError, TypeError, AttributeError) as error:
        return results, error
    return results, None


def show_result(bindings: dict[str, t.Any]) -> str:
    """Write a result as it stands behind ``#=``."""
    if not bindings:
        return "yes"
    return ", ".join(f"{name}: {show(bindings[name])}" for name in sorted(bindings))


def show(value: t.Any) -> str:
    """Write a Python value so that 1, 1.0 and true look different."""
    if isinstance(value, Variable):
        return f"?{str.__str__(value)}"
    if isinstance(value, Expression):
        return f"{value.operator}({', '.join(map(show, value.args))})"
    if isinstance(value, Pattern):
        fields = ", ".join(f"{key}: {show(item)}" for key, item in value.fields.items())
        return f"{value.tag or ''}{{{fields}}}"
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return str(value).lower()
    if type(value) in (int, float):
        return repr(value)
    if type(value) is str:
        escaped = value.encode("unicode_escape").decode() if not value.isprintable() else value
        return f'"{escaped}"'
    if type(value) is list:
        return f"[{', '.join(map(show, value))}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{key}: {show(item)}' for key, item in sorted(value.items()))}}}"
    if isinstance(value, type):
        return value.__name__
    return f"<{type(value).__name__}>"
