"""``flask oso sql``: the statement of a list, and the plan of a database for it."""

from __future__ import annotations

import click

from ..enforcement.authorizer import Authorizer
from ..polar.exceptions import UnsupportedError
from ..request_state import this_app
from .decisions import text_of
from .objects import NOTATION, find_object
from .output import echo, show_json, show_table
from .running import Exit, MisuseError, this_oso, this_state, with_app

_SQL = f"""Print the statement that lists the rows of CLASS to which ACTOR may do ACTION.

The plan of the database follows, if the session of the application has one of this dialect.
Nothing is read. Exits with 2 if no statement can be made of the policy.

\b
  flask oso sql User:1 read Post
  flask oso sql anonymous read Post --dialect cockroachdb
  flask oso sql User:1 read Post --format json

{NOTATION}"""


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
@click.option(
    "--format",
    "layout",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, or for programs.",
)
@with_app
def sql(
    actor: str, action: str, class_name: str, dialect: str | None, plan: bool, layout: str
) -> Exit:
    """Print a statement with its parameters and its plan."""
    oso = this_oso()
    cls, who = oso.get_class(class_name), find_object(actor)
    try:
        statement = oso.authorized_query(who, text_of(action), cls)
    except UnsupportedError as error:
        raise MisuseError(f"{error}\nNo statement can list these rows.") from None
    loaders = this_state().part(Authorizer).loaders
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
