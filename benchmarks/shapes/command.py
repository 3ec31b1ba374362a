"""``python -m benchmarks shapes``: measure shapes, and print the table."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import pathlib
import sys
from collections.abc import Sequence

from flask_oso.polar.exceptions import OsoError

from .catalog import all_shapes, named
from .measuring import EFFORT, QUICK, DisagreementError, Measured, measure_shape
from .table import as_json, lines

_EPILOG = """\
A shape is one feature of policies, such as `parent != nil` in folders or a decimal that is
compared. Each is beside the same check written by hand: ours, by hand and the solver have to
give the same answers, of which some allow and some deny, before anything is timed. Then small
batches of both are run in turn, and the median of each counts.

columns:
  sizes     the small and the large one: how deep, how many; - where nothing has a size
  ours      microseconds of a question, at each size
  ratio     ours / by hand, at the size where it is more
  exponent  our time grows with this power of the size
  growth    1 + by how much this exponent is above that of by hand: 1 grows alike
  first     milliseconds of the first question to a new Oso, at the large size

examples:
  python -m benchmarks shapes                          all of them, some minutes
  python -m benchmarks shapes --only "folders,decimal" those whose names have one of the words
  python -m benchmarks shapes --list                   their names
  python -m benchmarks shapes --json shapes.json       the figures for a program, too
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; give the exit code: 1 if a shape is wrong, 2 without shapes."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(shape.name for shape in all_shapes()))
        return 0
    shapes = named(options.only)
    if not shapes:
        print(f"No shape has a name with {options.only!r}. See --list.", file=sys.stderr)
        return 2
    # Questions about fields and requests have policies without 'allow'.
    os.environ.setdefault("POLAR_IGNORE_NO_ALLOW_WARNING", "1")
    measured: list[Measured] = []
    wrong = 0
    for number, shape in enumerate(shapes, 1):
        print(f"[{number}/{len(shapes)}] {shape.name}", file=sys.stderr, flush=True)
        try:
            # Warnings of loads have nothing to do with the table.
            with contextlib.redirect_stdout(io.StringIO()):
                measured.append(measure_shape(shape, QUICK if options.quick else EFFORT))
        except (DisagreementError, OsoError) as error:
            print(f"{shape.name} is left out: {error}", file=sys.stderr)
            wrong = 1
    if measured:
        print("\n".join(lines(measured)))
    if options.json is not None and measured:
        options.json.write_text(json.dumps(as_json(measured), indent=2) + "\n", encoding="utf-8")
    return wrong


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks shapes",
        description="What one feature of a policy costs: each shape beside the check by hand.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", metavar="WORD,...", default="", help="the shapes whose names have a word"
    )
    parser.add_argument("--list", action="store_true", help="print the names of all shapes")
    parser.add_argument("--quick", action="store_true", help="measure briefly and roughly")
    parser.add_argument(
        "--json", metavar="FILE", type=pathlib.Path, help="write the figures into a file, too"
    )
    return parser
