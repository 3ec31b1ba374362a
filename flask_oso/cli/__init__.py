"""``flask oso …``: look at the policy of an app, and ask it questions.

The group is the entry point of ``flask.commands``, so every ``flask`` command imports it:
each command imports what it needs when it runs. ``running`` has what they have in common,
``output`` how they print, ``objects`` how they find what ``User:1`` stands for.
"""

from __future__ import annotations

import click

from .routes import routes

_HELP = """Look at the policy of this application, and ask it questions.

The exit code tells what came out, for scripts and CI:

\b
  0  good, or allowed
  1  denied, or something was found: a gap, a problem, a file to format
  2  misconfigured: wrong options, no application, no such file or object
  3  broken: the policy cannot be loaded, or failed while it was asked

\b
  flask oso routes --gaps           which routes does nothing guard?
  flask --app shop oso COMMAND --help    an example of each command
"""


@click.group("oso", help=_HELP)
def oso() -> None:
    """Hold the commands."""


for command in (routes,):
    oso.add_command(command)
