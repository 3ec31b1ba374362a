"""What one rule becomes: everything that the page ``one-rule.md`` shows, made by the code.

The rule and the models stand in the page itself; here they are read and followed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import typing as t
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import sqlite

from flask_oso import Oso
from flask_oso.polar.nodes import Call, Expression, Pattern, Rule, Slot, Value, Variable, parts
from flask_oso.polar.printer import rule_to_polar
from flask_oso.polar.solver.clauses import Clause, Template, prepare_rule
from flask_oso.polar.sources import Source
from flask_oso.polar.syntax.desugar import rewrite_rule
from flask_oso.polar.syntax.parser import parse_policy, read_tokens
from flask_oso.polar.tools.generated_code import show_with_stand_ins
from flask_oso.sqlalchemy import register_models

PAGE = Path(__file__).parents[2] / "docs" / "internals" / "one-rule.md"
QUESTION = 'allow(User, "edit", Note)'


def given(name: str) -> str:
    """Give a block of the page that is input."""
    pattern = rf"<!-- given: {name} -->\n```\w+\n(.*?)^```$"
    match = re.search(pattern, PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert match is not None, f"{PAGE.name} has no block {name!r}."
    return match[1]


def source() -> Source:
    """Give the rule as the text of a file."""
    return Source(given("policy"), "note.polar")


def rule() -> Rule:
    """Give the rule as it is parsed."""
    (statement,) = parse_policy(source()).statements
    assert isinstance(statement, Rule)
    return statement


@cache
def models() -> dict[str, t.Any]:
    """Give the models of the page."""
    names: dict[str, t.Any] = {}
    exec(compile(given("models"), "models.py", "exec", dont_inherit=True), names)
    return names


def make_oso() -> Oso:
    """Give an Oso that knows models and rule."""
    oso = Oso()
    register_models(oso, models()["Base"])
    with policy_file() as name:
        oso.load_files([name])
    return oso


@contextlib.contextmanager
def policy_file() -> Iterator[str]:
    """Go to a folder with the rule in a file, so that places have its name."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("note.polar").write_text(given("policy"), encoding="utf-8")
        yield "note.polar"


# -- what the stages give -------------------------------------------------------------------


def tokens() -> str:
    """Show the tokens of the rule."""
    found = read_tokens(source())
    return "\n".join(
        f"{each.span.line}:{each.span.column:<4}{each.type:<14}{each.text}" for each in found
    )


def nodes() -> str:
    """Show the rule as nodes."""
    return "\n".join(outline_rule(rule()))


def desugared() -> str:
    """Show the rule in the form that is evaluated."""
    return rule_to_polar(rewrite_rule(rule()))


def clause() -> str:
    """Show the clause."""
    made = prepare_rule(rewrite_rule(rule()), make_oso().host.constants)
    return "\n".join(outline_clause(made))


def trace() -> str:
    """Show what the solver prints of a run."""
    user, note = make_rows()
    output = io.StringIO()
    os.environ["POLAR_LOG"] = "info"
    try:
        with contextlib.redirect_stdout(output):
            next(make_oso().query_rule("allow", user, "edit", note))
    finally:
        del os.environ["POLAR_LOG"]
    lines = [line for line in output.getvalue().splitlines() if line.startswith("[oso]")]
    return "\n".join(re.sub(r"; TRACE.*", "", line).rstrip() for line in lines)


def entry() -> str:
    """Show the entry function."""
    return generated("The entry function")


def specialization() -> str:
    """Show the function for plain data."""
    return generated("The specialization")


def compiled() -> str:
    """Show the compiled rule."""
    return generated("A compiled rule")


def generated(title: str) -> str:
    """Give the generated function below a title."""
    text = show_with_stand_ins([source()], QUESTION).text
    match = re.search(rf"^# {title}[^\n]*\n(?:#[^\n]*\n)*(.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert match is not None, text
    return match[0].rstrip("\n")


def left() -> str:
    """Show what is left to others where the classes are the models."""
    _, title, lines = make_oso().generated_code(QUESTION).rpartition("# Left to the solver")
    return f"{title}{lines}".rstrip("\n")


def residual() -> str:
    """Show the condition on rows."""
    user, _ = make_rows()
    return str(make_oso().residual(user, "edit", models()["Note"]))


def sql() -> str:
    """Show the statement."""
    user, _ = make_rows()
    query = make_oso().authorized_query(user, "edit", models()["Note"])
    lines = str(query.compile(dialect=sqlite.dialect())).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def make_rows() -> tuple[t.Any, t.Any]:
    """Give a user and a note of theirs, stored and loaded."""
    names = models()
    engine = sa.create_engine("sqlite://")
    names["Base"].metadata.create_all(engine)
    with orm.Session(engine, expire_on_commit=False) as session:
        user = names["User"](id=7)
        note = names["Note"](id=1, author=user, locked=False)
        session.add(note)
        session.commit()
    engine.dispose()
    return user, note


MAKERS: dict[str, Callable[[], str]] = {
    each.__name__: each
    for each in (
        *(tokens, nodes, desugared, clause, trace),
        *(entry, specialization, compiled, left, residual, sql),
    )
}


# -- outlines -------------------------------------------------------------------------------


def outline_rule(node: Rule) -> list[str]:
    """Show a rule, one node a line."""
    lines = [f"Rule {node.name}"]
    for parameter in node.parameters:
        lines += ["  Parameter", *outline(parameter.term, 2)]
        if parameter.specializer is not None:
            lines += outline(parameter.specializer, 2)
    return [*lines, "  body", *outline(node.body, 2)]


def outline_clause(made: Clause) -> list[str]:
    """Show a clause, one node a line."""
    literals = [f"{at}: {made.parameters[at].term!r}" for at in made.literals]
    lines = [f"Clause size={made.size} literals={{{', '.join(literals)}}}"]
    for parameter in made.parameters:
        lines += ["  Parameter", *outline(parameter.term, 2)]
        if parameter.specializer is not None:
            lines += outline(parameter.specializer, 2)
    return [*lines, "  body", *outline(made.body, 2)]


def outline(term: t.Any, depth: int) -> list[str]:
    """Show a term and what is in it, each part below the whole."""
    lines = ["  " * depth + f"{type(term).__name__} {_label(term)}".rstrip()]
    for part in (term.term,) if isinstance(term, Template) else parts(term):
        lines += outline(part, depth + 1)
    return lines


def _label(term: t.Any) -> str:
    if isinstance(term, Expression):
        return term.operator.name
    if isinstance(term, Slot):
        return f"{term.index} ({term.name}, {term.origin.name})"
    if isinstance(term, Value):
        return repr(term.value)
    if isinstance(term, (Call, Variable)):
        return term.name
    return str(term.tag) if isinstance(term, Pattern) else ""
