"""``python -m flask_oso [FILE.polar ...]``: load policies and ask them questions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import click

from flask_oso.cli.running import Exit, OutputError, code_of

# Absolute, since this also runs as the main module of 'oso' and 'polar' (compat.py).
from flask_oso.cli.termination import run
from flask_oso.oso import Oso
from flask_oso.polar.exceptions import OsoError
from flask_oso.polar.output import say

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

The classes of an application are known to its own Oso. To ask questions about them,
call 'oso.repl()' there, for example in 'flask shell'.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the REPL.

    :param arguments: file names and options; those of the command line by default.
    :return: the status for the shell: that of ``flask oso``, so 2 if a file cannot be read
        and 3 if it is no policy.
    """
    parser = argparse.ArgumentParser(
        prog="python -m flask_oso",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE.polar", nargs="*", help="a policy file")
    files = parser.parse_args(arguments).files
    try:
        return run(lambda: _ask(files))
    except click.exceptions.Exit as end:
        return end.exit_code


def _ask(files: Sequence[str]) -> int:
    try:
        oso = Oso()
        oso.load_files(files)
        oso.repl()
    except OsoError as error:
        say(str(error).rstrip("\n"), sys.stderr)
        return code_of(error)
    except OutputError:
        raise
    except (OSError, UnicodeError) as error:
        say(str(error), sys.stderr)
        return Exit.MISCONFIGURED
    return Exit.GOOD


if __name__ == "__main__":
    sys.exit(main())
