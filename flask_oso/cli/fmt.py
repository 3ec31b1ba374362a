"""``flask oso fmt``: policies in one style, with their comments."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from ..polar.exceptions import OsoError, PolarFileExtensionError, PolarFileNotFoundError
from ..polar.formatter import format_policy
from ..polar.sources import Source
from .output import shown_path
from .running import Exit, MisuseError, code_of, enter_app, failures, this_oso

_HELP = """Write the policy, or FILES, in one style.

Comments stay where they are, and so do empty lines, though no more than one. What a policy
means does not change: that is checked before a file is written. A file that is not Polar
is left as it is. A directory stands for all policies in it, '-' for the standard input.

Exits with 1 if '--check' finds a file to format, and with 3 if one is not Polar.

\b
  flask oso fmt
  flask oso fmt --check --diff policies    in CI
"""


@click.command("fmt", help=_HELP)
@click.argument("files", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_context
def fmt(context: click.Context, files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Format files."""
    with failures(Exit.MISCONFIGURED):
        if files == ("-",):
            click.echo(format_policy(Source(_decoded("-", _read_input()))), nl=False)
            context.exit(Exit.GOOD)
        code = _format_all(_paths(files), writes=not (check or diff), diff=diff)
    context.exit(code if check or code is not Exit.NO else Exit.GOOD)


def _format_all(paths: Sequence[str], *, writes: bool, diff: bool) -> Exit:
    """Format files; 1 if some of them were not in style, 3 if one is not Polar."""
    changed, code = 0, Exit.GOOD
    for path in paths:
        old = _read(path)
        try:
            new = format_policy(Source(old, shown_path(path)))
        except OsoError as error:
            click.echo(str(error).rstrip("\n"), err=True)
            code = max(code, code_of(error))
            continue
        if new == old:
            continue
        changed += 1
        if diff:
            click.echo("".join(_difference(path, old, new)), nl=False)
        else:
            click.echo(f"{'Formatted' if writes else 'Would format'} {shown_path(path)}.")
        if writes:
            _replace(path, new)
    click.echo(f"{_count(changed)} to format, {_count(len(paths))} in all.", err=True)
    return max(code, Exit.NO if changed else Exit.GOOD)


def _count(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _paths(files: Iterable[str]) -> list[str]:
    """Give the files that are meant; without any those of the app."""
    if not files:
        enter_app()
        return this_oso().policy_files()
    return [path for name in files for path in _expand(Path(name))]


def _expand(path: Path) -> Iterator[str]:
    if path.is_dir():
        yield from map(str, sorted(path.rglob("*.polar")))
    elif path.suffix != ".polar":
        raise PolarFileExtensionError(path)
    else:
        yield str(path)


def _read(path: str) -> str:
    try:
        return _decoded(path, Path(path).read_bytes())
    except FileNotFoundError:
        raise PolarFileNotFoundError(path) from None


def _read_input() -> bytes:
    return sys.stdin.buffer.read()


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MisuseError(f"{path} is not UTF-8. Save it as UTF-8.") from None


def _difference(path: str, old: str, new: str) -> Iterator[str]:
    name = shown_path(path)
    for line in difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), name, f"{name} (formatted)"
    ):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _replace(path: str, text: str) -> None:
    """Put a text in the place of a file in one step: nobody ever reads half of it."""
    try:
        _write(os.path.realpath(path), text)
    except OSError as error:
        raise MisuseError(f"{shown_path(path)} cannot be written: {error.strerror}.") from None


def _write(target: str, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=os.path.dirname(target), suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        shutil.copymode(target, name)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
