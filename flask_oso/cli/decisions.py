"""``flask oso explain``, ``actions``, ``who`` and ``sql``: decisions about objects, and lists."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

import click
from flask import current_app

from ..enforcement.authorizer import Authorizer
from ..guards.object_words import is_quoted, word_for
from ..oso import Oso
from ..polar.characters import with_escapes
from ..polar.exceptions import OsoError, UnsupportedError
from ..request_state import this_app
from .terminal.objects import NOTATION, find_class, find_object, hints, hints_of_order
from .terminal.output import (
    echo,
    format_option,
    limit_option,
    show_json,
    show_table,
    tell_of_more,
    with_short_paths,
)
from .terminal.running import Exit, MisuseError, this_oso, this_state, with_app

_EXPLAIN = f"""Explain whether ACTOR may do ACTION to RESOURCE.

Exits with 0 if it is allowed, with 1 if it is denied, and with 3 if the evaluation failed.

\b
  flask oso explain User:2 edit Issue:1
  flask oso explain anonymous read Repository:2 --format json
  flask oso explain User:2 GET Request:/admin

{NOTATION}"""

_ACTIONS = f"""List the actions that ACTOR may do to RESOURCE.

Exits with 1 if there are none.

\b
  flask oso actions User:2 Issue:1

{NOTATION}"""

_WHO = f"""List the actors who may do ACTION to RESOURCE.

They are rows of a class, found in one statement. Exits with 1 if there are none. Whether the
anonymous actor may do it, too, is told beside them.

\b
  flask oso who edit Issue:1
  flask oso who read Page:3 --class Account --limit 10

{NOTATION}"""

_SQL = f"""Print the SQL that lists what ACTOR may do ACTION to.

It is one statement, which selects rows of CLASS. The plan of the database follows, if the session
of the application has one of this dialect. Nothing is read. Exits with 2 if no statement can be
made of the policy.

\b
  flask oso sql User:1 read Post
  flask oso sql anonymous read Post --dialect cockroachdb
  flask oso sql User:1 read Post --format json

{NOTATION}"""

_LAYOUT = format_option("text", "json", help="For people, or for programs.")


@click.command("explain", help=_EXPLAIN)
@click.argument("actor")
@click.argument("action")
@click.argument("resource")
@_LAYOUT
@with_app
def explain(actor: str, action: str, resource: str, layout: str) -> Exit:
    """Print a proof."""
    question = find_object(actor), _text(action), find_object(resource)
    redacted = current_app.config.get("OSO_REDACT") or ()
    proof = this_oso().explain(*question, redact=redacted)
    if layout == "json":
        show_json(proof.to_dict())
    else:
        echo(with_short_paths(str(proof).rstrip("\n")))
    codes = {"allowed": Exit.GOOD, "denied": Exit.NO}
    code = codes.get(proof.outcome.value, Exit.BROKEN)
    if code is Exit.NO:
        # The proof itself tells of the action.
        about_objects = hints(None, (actor, question[0]), (resource, question[2]))
        _tell([*hints_of_order(question[1]), *about_objects])
    return code


@click.command("actions", help=_ACTIONS)
@click.argument("actor")
@click.argument("resource")
@_LAYOUT
@with_app
def actions(actor: str, resource: str, layout: str) -> Exit:
    """List actions, one a line."""
    asked = find_object(actor), find_object(resource)
    allowed = this_oso().authorized_actions(*asked, allow_wildcard=True)
    shown = sorted(map(str, allowed))
    if layout == "json":
        show_json(shown)
    elif shown:
        echo("\n".join(map(with_escapes, shown)))
    else:
        _tell(["Nothing is allowed.", *hints(None, (actor, asked[0]), (resource, asked[1]))])
    return Exit.GOOD if shown else Exit.NO


@click.command("who", help=_WHO)
@click.argument("action")
@click.argument("resource")
@click.option(
    "--class",
    "class_name",
    metavar="NAME",
    help="The class of the actors; by default that of the actor block, or 'User'.",
)
@limit_option("actors")
@_LAYOUT
@with_app
def who(action: str, resource: str, class_name: str | None, limit: int, layout: str) -> Exit:
    """List actors."""
    oso = this_oso()
    cls = find_class(class_name or _actor_class())
    question = _text(action), find_object(resource)
    try:
        query = oso.actors_query(*question, cls)
    except UnsupportedError as error:
        raise MisuseError(
            f"{error}\nNo statement can say who. Ask about one actor at a time:"
            f" flask oso explain {cls.__name__}:KEY {action} {resource}"
        ) from None
    loaders = this_state().part(Authorizer).loaders
    rows = loaders.read(this_app(), oso, query, limit + 1)
    shown, has_more = rows[:limit], len(rows) > limit
    if layout == "json":
        show_json([*map(word_for, shown)])
    elif shown:
        echo("\n".join(with_escapes(word_for(each)) for each in shown))
    else:
        why = hints(question[0], (resource, question[1]))
        _tell([f"No {cls.__name__}.", *hints_of_order(question[0]), *why])
    if has_more:
        tell_of_more(limit)
    if _is_open(oso, *question):
        _tell(["'anonymous' may: whoever is not logged in."])
    return Exit.GOOD if shown else Exit.NO


def _is_open(oso: Oso, action: t.Any, resource: t.Any) -> bool:
    """Tell whether the anonymous actor may do it, who is no row."""
    try:
        return oso.is_allowed(None, action, resource)
    except OsoError:
        # The rules are about users, and fail for nobody.
        return False


@click.command("sql", help=_SQL)
@click.argument("actor")
@click.argument("action")
@click.argument("class_name", metavar="CLASS")
@click.option(
    "--dialect",
    metavar="NAME",
    help="Such as postgresql, mysql, cockroachdb, citus, yugabytedb, tidb or vitess; by default"
    " that of the session.",
)
@click.option("--plan/--no-plan", default=True, show_default=True, help="Ask for the plan.")
@_LAYOUT
@with_app
def sql(
    actor: str, action: str, class_name: str, dialect: str | None, plan: bool, layout: str
) -> Exit:
    """Print a statement with its parameters and its plan."""
    oso = this_oso()
    cls, who, asked = find_class(class_name), find_object(actor), _text(action)
    try:
        statement = oso.authorized_query(who, asked, cls)
    except UnsupportedError as error:
        raise MisuseError(f"{error}\nNo statement can list these rows.") from None
    loaders = this_state().part(Authorizer).loaders
    _tell(hints(asked, (actor, who)))
    printed = loaders.printed(this_app(), statement, dialect, has_plan=plan)
    if layout == "json":
        show_json(printed._asdict())
        return Exit.GOOD
    echo(printed.sql)
    if printed.parameters:
        echo()
        rows = [[name, repr(value)] for name, value in printed.parameters.items()]
        show_table(["PARAMETER", "VALUE"], rows)
    if plan:
        echo()
        echo("\n".join(printed.plan) if printed.plan else f"No plan: {printed.no_plan}")
    return Exit.GOOD


def _tell(lines: Iterable[str]) -> None:
    """Print lines for people, beside the output for programs."""
    for line in lines:
        echo(line, err=True)


def _text(action: str) -> t.Any:
    """Give an action, which may be quoted like a resource."""
    return find_object(action) if is_quoted(action) else action


def _actor_class() -> str:
    oso = this_oso()
    declared = oso.actor_classes()
    if len(declared) == 1:
        return declared[0]
    if "User" in (declared or oso.host.classes):
        return "User"
    known = ", ".join(declared) or "none"
    raise click.UsageError(f"Which class do actors have? Say it with '--class'; declared: {known}.")
