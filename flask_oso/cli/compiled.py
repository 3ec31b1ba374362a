"""``flask oso compiled``: the generated Python code of a question."""

from __future__ import annotations

import click

from .terminal.output import echo, with_short_paths
from .terminal.running import Exit, this_oso, with_app

_HELP = """Print the Python code that answers QUESTION.

Comments in it name the places of the policy.

In the question a class means an object of it, a string itself, 'nil' nobody, and '_' anything.
The output begins with the entry function of the question; then follows the specialization, one
function for objects of these classes, which answers most questions; then the compiled rules,
which are called if the specialization returns None. At the end are the calls that are left to
the solver, with the reasons.

\b
  flask oso compiled 'allow(User, "read", Note)'
  flask oso compiled 'has_role(User, "owner", Organization)'
  flask oso compiled 'allow(_, "create", _)'
"""


@click.command("compiled", help=_HELP)
@click.argument("question")
@with_app
def compiled(question: str) -> Exit:
    """Print generated functions."""
    echo(with_short_paths(this_oso().generated_code(question).rstrip("\n")))
    return Exit.GOOD
