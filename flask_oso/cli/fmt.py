"""``flask oso fmt``: formats policy files."""

from __future__ import annotations

import difflib
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from ..polar.characters import with_escapes
from ..polar.exceptions import OsoError, PolarFileExtensionError, PolarFileNotFoundError
from ..polar.sources import Source
from ..polar.spelling import with_count
from ..polar.syntax.formatter import format_policy
from .terminal.output import echo, shown_path
from .terminal.running import (
    Exit,
    MisuseError,
    code_of,
    enter_app,
    exit_on_errors,
    tell_of_no_policy,
    this_oso,
)

_HELP = """Format the policy, or FILES, in the canonical style.

Comments stay where they are, and so do single empty lines. The meaning of a policy does not
change, which is checked before a file is written. A file that is not Polar stays unchanged,
and so does one that another program writes at the same time. A directory means all policies
in it, '-' the standard input.

Exits with 1 if '--check' finds a file to format, with 2 if one cannot be read or written,
and with 3 if one is not Polar.

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
    with exit_on_errors(Exit.MISCONFIGURED):
        if files == ("-",):
            click.echo(format_policy(Source(_decoded("-", _read_input()))), nl=False)
            return
        code = _format_all(_paths(files), writes=not (check or diff), diff=diff)
    context.exit(code if check or code is not Exit.NO else Exit.GOOD)


def _format_all(paths: Sequence[str], *, writes: bool, diff: bool) -> Exit:
    """Format files; give 1 if some were not formatted, 2 or 3 if one has an error."""
    changed, read, code = 0, 0, Exit.GOOD
    for path in paths:
        try:
            changed += _format(path, writes=writes, diff=diff)
            read += 1
        except (OsoError, MisuseError) as error:
            # The other files are formatted all the same.
            echo(_message_of(error), err=True)
            wrong = code_of(error) if isinstance(error, OsoError) else Exit.MISCONFIGURED
            code = max(code, wrong)
    if read or not paths or code is Exit.BROKEN:
        changes, files = with_count(changed, "file"), with_count(len(paths), "file")
        echo(f"{changes} to format, {files} in all.", err=True)
    return max(code, Exit.NO if changed else Exit.GOOD)


def _message_of(error: OsoError | MisuseError) -> str:
    return f"Error: {error.message}" if isinstance(error, MisuseError) else str(error).rstrip("\n")


def _format(path: str, *, writes: bool, diff: bool) -> bool:
    """Format a file; tell whether it was not formatted."""
    data = _read(path)
    old = _decoded(path, data)
    new = format_policy(Source(old, _shown(path)))
    if new == old:
        return False
    if writes:
        _replace(path, data, new.encode())
    if diff:
        echo("".join(_difference(path, old, new)), nl=False)
    else:
        echo(f"{'Formatted' if writes else 'Would format'} {_shown(path)}.")
    return True


def _paths(files: Iterable[str]) -> list[str]:
    """Expand directories; without arguments give the files of the application."""
    if not files:
        enter_app()
        tell_of_no_policy(this_oso())
        return this_oso().policy_files()
    return [path for name in files for path in _expand(Path(name))]


def _expand(path: Path) -> Iterator[str]:
    if path.is_dir():
        yield from map(str, sorted(path.rglob("*.polar")))
    elif path.suffix != ".polar":
        raise PolarFileExtensionError(path)
    else:
        yield str(path)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise PolarFileNotFoundError(path) from None
    except OSError as error:
        raise MisuseError(f"{_shown(path)} cannot be read: {error.strerror}.") from None


def _read_input() -> bytes:
    return sys.stdin.buffer.read()


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MisuseError(f"{path} is not UTF-8. Save it as UTF-8.") from None


def _shown(path: str) -> str:
    return with_escapes(shown_path(path))


def _difference(path: str, old: str, new: str) -> Iterator[str]:
    name = _shown(path)
    for line in difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), name, f"{name} (formatted)"
    ):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _replace(path: str, old: bytes, new: bytes) -> None:
    """Replace the contents of a file, and keep its other attributes."""
    try:
        _write(os.path.realpath(path), old, new)
    except OSError as error:
        raise MisuseError(f"{_shown(path)} cannot be written: {error.strerror}.") from None
    except _ChangedError:
        raise MisuseError(
            f"{_shown(path)} changed meanwhile, and is left as it is. Format it again."
        ) from None


class _ChangedError(Exception):
    """A file changed since it was read."""


def _write(target: str, old: bytes, new: bytes) -> None:
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    if os.stat(target).st_nlink > 1 or not _put_in_place(target, old, new):
        # A new file would break the other hard links.
        _overwrite(target, old, new)


def _put_in_place(target: str, old: bytes, new: bytes) -> bool:
    """Write a temporary file with the same attributes and rename it: an atomic replacement.

    :return: whether it was possible; only its owner may be able to create such a file.
    """
    handle, name = tempfile.mkstemp(dir=os.path.dirname(target), suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
        if not _make_alike(target, name):
            return False
        _check_unchanged(target, old)
        os.replace(name, target)
        return True
    finally:
        Path(name).unlink(missing_ok=True)


def _make_alike(target: str, name: str) -> bool:
    """Copy the owner, the access lists and the mode of a file to another one."""
    wanted, own = os.stat(target), os.stat(name)
    try:
        if (wanted.st_uid, wanted.st_gid) != (own.st_uid, own.st_gid):
            os.chown(name, wanted.st_uid, wanted.st_gid)
        if hasattr(os, "listxattr"):
            for attribute in os.listxattr(target):
                os.setxattr(name, attribute, os.getxattr(target, attribute))
    except OSError:
        return False
    # Last, since a change of the owner may clear some bits.
    shutil.copymode(target, name)
    return True


def _overwrite(target: str, old: bytes, new: bytes) -> None:
    with open(target, "r+b") as file:
        if file.read() != old:
            raise _ChangedError
        file.seek(0)
        file.write(new)
        file.truncate()


def _check_unchanged(target: str, old: bytes) -> None:
    if Path(target).read_bytes() != old:
        raise _ChangedError
