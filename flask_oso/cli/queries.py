"""``flask oso query`` and ``shell``: queries in Polar."""

from __future__ import annotations

import itertools
import re
import typing as t

import click

from ..guards.object_words import word_for
from ..polar.exceptions import ParserError, ValidationError
from .terminal.objects import NOTATION, find_object
from .terminal.output import echo, format_option, limit_option, show_json, show_table, tell_of_more
from .terminal.running import Exit, this_oso, with_app

_QUERY = f"""Run a QUERY, and list its solutions.

Exits with 1 if there is none. Names on the left of '=' are constants in the query.

\b
  flask oso query 'allow("ana", action, "report")'
  flask oso query 'has_role(user, role, org)' user=User:2 org=Organization:1

{NOTATION}"""

_SHELL = f"""Run queries at a prompt, one a line, until Ctrl-D.

Names on the left of '=' are constants; 'help' at the prompt tells more.

\b
  flask oso shell ana=User:1 issue=Issue:3
  query> allow(ana, action, issue)

{NOTATION}"""

#: An object, as it is written elsewhere on a command line.
_OBJECT = re.compile(r"\b[A-Z]\w*:\w+")


@click.command("query", help=_QUERY)
@click.argument("query")
@click.argument("objects", nargs=-1, metavar="[NAME=OBJECT]...")
@limit_option("solutions")
@format_option("table", "json", help="A table of the variables, or JSON.")
@with_app
def query(query: str, objects: tuple[str, ...], limit: int, layout: str) -> Exit:
    """List solutions."""
    given = _named(objects)
    try:
        solutions = this_oso().query(query.rstrip("; \n"), bindings=given, accept_expression=True)
        found = list(itertools.islice(solutions, limit + 1))
    except (ParserError, ValidationError) as error:
        if (word := _OBJECT.search(query)) is not None:
            error.add_note(f"An object is given a name behind the query: NAME={word[0]}")
        raise
    shown = [_shown(result["bindings"], given) for result in found[:limit]]
    if layout == "json":
        show_json(shown)
    else:
        _show(shown)
    if len(found) > limit:
        tell_of_more(limit)
    return Exit.GOOD if shown else Exit.NO


@click.command("shell", help=_SHELL)
@click.argument("objects", nargs=-1, metavar="[NAME=OBJECT]...")
@with_app
def shell(objects: tuple[str, ...]) -> Exit:
    """Run the REPL."""
    this_oso().repl(constants=_named(objects))
    return Exit.GOOD


def _named(objects: tuple[str, ...]) -> dict[str, t.Any]:
    named = {}
    for each in objects:
        name, sign, word = each.partition("=")
        if not sign or not name.isidentifier():
            raise click.UsageError(f"{each!r} is not NAME=OBJECT, as in 'ana=User:1'.")
        if name in this_oso().host.constants:
            raise click.UsageError(f"The policy has a {name!r} already. Choose another name.")
        named[name] = find_object(word)
    return named


def _shown(bindings: dict[str, t.Any], given: dict[str, t.Any]) -> dict[str, str]:
    return {name: word_for(value) for name, value in bindings.items() if name not in given}


def _show(solutions: list[dict[str, str]]) -> None:
    names = list(dict.fromkeys(name for solution in solutions for name in solution))
    if names:
        show_table(names, [[solution.get(name, "") for name in names] for solution in solutions])
    else:
        echo("True" if solutions else "False")
