"""``python -m flask_oso [FILE.polar ...]``: load policies and ask them questions.

``python -m flask_oso compiled FILE.polar ... QUESTION`` prints the Python that a question became,
``python -m flask_oso test FILE.polar ...`` runs the tests of policies,
``python -m flask_oso lint FILE.polar ...`` finds what is wrong with them,
``python -m flask_oso fmt FILE.polar ...`` formats them,
``python -m flask_oso migrate-check [PATH ...]`` what a program for oso 0.27 has to change.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import click

from flask_oso.cli import COMMANDS, find_command
from flask_oso.cli.terminal.output import echo, with_short_paths
from flask_oso.cli.terminal.running import Exit, OutputError, code_of

# Absolute, since this also runs as the main module of 'oso' and 'polar' (compat.py).
from flask_oso.cli.terminal.termination import run
from flask_oso.oso import Oso
from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.output import say
from flask_oso.polar.spelling import nearest

_DESCRIPTION = "Load policy files, then ask them questions, one a line."
_EPILOG = """\
a session:
  $ python -m flask_oso roles.polar
  query> role("ana", role)
  role = 'owner'
  role = 'member'
  query> role("zoe", _)
  False

Variables are printed with their values, once for each solution; True and False answer
a query without variables. 'help' at the prompt tells more, Ctrl-D leaves.

To look into a query: write debug() into a rule, or 'debug() and' in front of the query,
and answer the prompt 'debug> ' with 'help'; or set POLAR_LOG=info (or trace) in the
environment to have the evaluation printed.

To ask about the classes and objects of an application:
  $ flask oso shell ana=User:1

To run the tests that stand in a policy:
  $ python -m flask_oso test roles.polar

To find rules that add nothing, never apply or allow too much:
  $ python -m flask_oso lint roles.polar

To put them into the canonical style:
  $ python -m flask_oso fmt roles.polar

To see the Python that a question is compiled to:
  $ python -m flask_oso compiled roles.polar 'allow(User, "read", Note)'

To find what a program for oso 0.27 has to change:
  $ python -m flask_oso migrate-check
"""
#: The commands of ``flask oso`` that need no application.
_STANDALONE = ("fmt", "lint", "migrate-check", "test")
_COMPILED = ("compiled", "explain-compiled")
_OURS = (*_STANDALONE, *_COMPILED)
_COMPILED_DESCRIPTION = """\
Print the Python that answers a question, with the places of the policy as comments.

First comes the function that takes the question; then the specialization, one function for
objects of these classes, which answers most questions; then the compiled rules, which are
asked where it gives None. At the end stands what none of them can answer, and why: the
solver answers that.
"""
_COMPILED_EPILOG = """\
how to write a question:
  User            an object of this class
  "read"          this text
  nil             nobody: None
  _               anything

  $ python -m flask_oso compiled policy.polar 'allow(User, "read", Note)'
  $ python -m flask_oso compiled policy.polar 'has_role(User, "owner", Organization)'

The application is not asked for its classes: each class that the policy or the question
names is made on the spot, a plain class with the attributes that the policy reads. With the
application's own classes: 'flask oso compiled'. Inline queries (?=) are not run.

The exit code is 0, 2 if a file cannot be read or there is no such question, and 3 if a file
is no policy.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the REPL.

    :param arguments: file names and options; those of the command line by default.
    :return: the status for the shell: that of ``flask oso``, so 2 if a file cannot be read
        and 3 if it is no policy.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in _STANDALONE:
        return _invoke(given[0], given[1:])
    if given and given[0] in _COMPILED:
        return _show_compiled(given[1:])
    if given and given[0] in COMMANDS:
        files = ", or 'flask oso check FILE.polar' without one" if given[0] == "check" else ""
        say(f"'{given[0]}' needs the application: flask oso {given[0]}{files}", sys.stderr)
        return Exit.MISCONFIGURED
    if given and (meant := _meant_command(given[0])):
        say(f"There is no command '{given[0]}'. Did you mean '{meant}'?", sys.stderr)
        return Exit.MISCONFIGURED
    parser = _parser("python -m flask_oso", _DESCRIPTION, _EPILOG)
    parser.add_argument("files", metavar="FILE.polar", nargs="*", help="a policy file")
    files = parser.parse_args(given).files
    return _run(lambda: _ask(files))


def _meant_command(word: str) -> str | None:
    """Give the command that a word is misspelt for; ``None`` if it names a file, or an option."""
    if not word.replace("-", "").isalpha() or word.startswith("-"):
        return None
    return nearest(word, [*_OURS, *COMMANDS])


def _parser(prog: str, description: str, epilog: str) -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    return argparse.ArgumentParser(
        prog=prog, description=description, epilog=epilog, formatter_class=formatter
    )


def _invoke(name: str, arguments: Sequence[str]) -> int:
    """Run a command of ``flask oso``, without an application."""
    command = find_command(name)

    def invoke() -> None:
        # Not 'main', which would end the process where the output is closed.
        with command.make_context(f"python -m flask_oso {name}", [*arguments]) as context:
            command.invoke(context)

    return _run(invoke)


def _show_compiled(arguments: Sequence[str]) -> int:
    """Print the Python that a question is compiled to."""
    parser = _parser("python -m flask_oso compiled", _COMPILED_DESCRIPTION, _COMPILED_EPILOG)
    parser.add_argument("files", metavar="FILE.polar", nargs="+", help="a policy file")
    parser.add_argument("question", metavar="QUESTION", help="a rule call")
    given = parser.parse_args(arguments)
    return _run(lambda: _print_code(given.files, given.question))


def _print_code(files: Sequence[str], question: str) -> None:
    # Imported late: the compiler is not needed for the prompt.
    from flask_oso.polar.polar import read_source
    from flask_oso.polar.tools.generated_code import show_with_stand_ins

    shown = show_with_stand_ins([read_source(file) for file in files], question)
    for warning in shown.warnings:
        say(f"[warning] {warning}", sys.stderr)
    echo(with_short_paths(shown.text.rstrip("\n")))


def _ask(files: Sequence[str]) -> None:
    oso = Oso()
    oso.load_files(files)
    oso.repl()


def _run(function: Callable[[], None]) -> int:
    """Run a command; give its status for the shell."""
    try:
        return run(lambda: _code_of(function))
    except click.exceptions.Exit as end:
        return end.exit_code


def _code_of(function: Callable[[], None]) -> int:
    try:
        function()
    except OsoError as error:
        for text in (str(error), *getattr(error, "__notes__", ())):
            say(text.rstrip("\n"), sys.stderr)
        return code_of(error)
    except OutputError:
        raise
    except (OSError, UnicodeError) as error:
        say(str(error), sys.stderr)
        return Exit.MISCONFIGURED
    return Exit.GOOD


if __name__ == "__main__":
    sys.exit(main())
