"""``flask oso compiled``: the Python that the policy became."""

from __future__ import annotations

import click

from .output import echo, with_short_paths
from .running import Exit, this_oso, with_app

_HELP = """Print the Python that answers QUESTION, with the places of the policy as comments.

A class in the question stands for an object of it, a string for itself, 'nil' for nobody, and
'_' for anything. First comes the function that takes the question; then the specialization, one
function for objects of these classes, which answers most questions; then the compiled rules,
which are asked where it gives None. At the end stands what none of them can answer, and why: the
solver answers that.

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
