"""``flask oso …``: inspect the policy of an application, and ask it questions.

The group is an entry point of ``flask.commands``, so every ``flask`` command imports it; the
module of a command is imported when that command runs.

``terminal``
    what the commands share.
``routes``, ``check``, ``linting``, ``policy_tests``, ``fmt``
    the routes and their guards; findings about the policy; rules that are wrong in themselves; the
    tests in policies; the canonical style.
``decisions``, ``queries``, ``compiled``
    decisions about objects, and lists; queries in Polar; the Python that a question became.
``init``, ``diff``, ``migrate``
    a first policy from models; who gains and loses rows by a change; programs for oso 0.27.
"""

from __future__ import annotations

import importlib
import typing as t

import click

_HELP = """Inspect the policy of this application, and ask it questions.

The exit code tells the result, for scripts and CI:

\b
  0  good, or allowed
  1  denied, or a finding: a gap, a problem, a file to format
  2  misconfigured: wrong options, no application, no such file or object
  3  broken: the policy cannot be loaded, or its evaluation failed
  130, 141  interrupted by Ctrl-C, or because the output was closed

\b
  flask oso init                          how could a first policy begin?
  flask oso routes --gaps                 which routes are not guarded?
  flask oso check                         does the policy have errors?
  flask oso lint                          is a rule wrong in itself?
  flask oso test                          do the tests in the policy pass?
  flask oso diff main                     what does my change of the policy change?
  flask oso explain User:2 edit Post:1    why may they, or why not?
  flask oso who edit Post:1               who may?
"""

#: The commands and their modules.
COMMANDS = {
    "actions": "decisions",
    "check": "check",
    "compiled": "compiled",
    "diff": "diff",
    "explain": "decisions",
    "fmt": "fmt",
    "init": "init",
    "lint": "linting",
    "migrate-check": "migrate",
    "query": "queries",
    "routes": "routes",
    "shell": "queries",
    "sql": "decisions",
    "test": "policy_tests",
    "who": "decisions",
}


class _Commands(click.Group):
    """A group that imports a command when it is used."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: t.Any,
    ) -> click.Context:
        """Parse the command line."""
        from .terminal.termination import run

        return run(lambda: super(_Commands, self).make_context(info_name, args, parent, **extra))

    def invoke(self, ctx: click.Context) -> t.Any:
        """Run the command, and exit with a code that tells the result."""
        from .terminal.termination import run

        return run(lambda: super(_Commands, self).invoke(ctx))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command; ``None`` if there is none of this name."""
        return find_command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; for a misspelt one name what was meant."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            from ..polar.spelling import nearest

            meant = nearest(args[0], COMMANDS)
            if meant is not None:
                ctx.fail(f"No such command {args[0]!r}. Did you mean {meant!r}?")
        return super().resolve_command(ctx, args)


def find_command(name: str) -> click.Command:
    """Give a command, whose module is imported now."""
    module = importlib.import_module(f".{COMMANDS[name]}", __package__)
    return t.cast(click.Command, getattr(module, name.replace("-", "_")))


oso = _Commands("oso", help=_HELP)
