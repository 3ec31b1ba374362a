"""The files that ``OSO_POLICIES`` names, and what there is to see of them from outside."""

from __future__ import annotations

import glob
import os
import typing as t
from collections.abc import Iterable, Iterator, Sequence

_WILDCARDS = frozenset("*?[")


class Look(t.NamedTuple):
    """A file as it was when it was looked at; another one under its name looks otherwise."""

    path: str
    #: Its size, times of change and number; ``None`` if there is no such file.
    traits: tuple[int, int, int, int] | None

    @property
    def is_empty(self) -> bool:
        """Whether there is a file, and nothing in it."""
        return self.traits is not None and self.traits[0] == 0


def find_files(
    root: str, named: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]
) -> list[str]:
    """Give the paths that names and patterns stand for, each once.

    A pattern is a name with ``*``, ``?`` or ``[`` that no file has; ``**`` goes into
    directories. Its files come in the order of their names. One without any stands for
    itself, so that it is missed like a name.

    :param root: where relative names start.
    """
    names = [named] if isinstance(named, str | os.PathLike) else named
    return list(dict.fromkeys(path for name in names for path in _expand(root, os.fspath(name))))


def look_at(paths: Sequence[str]) -> tuple[Look, ...]:
    """See how files are now."""
    return tuple(Look(path, _traits(path)) for path in paths)


def _expand(root: str, name: str) -> Iterator[str]:
    path = os.path.join(root, name)
    if _WILDCARDS.isdisjoint(name) or os.path.exists(path):
        return iter([path])
    found = glob.glob(os.path.join(glob.escape(root), name), recursive=True)
    return iter(sorted(found) or [path])


def _traits(path: str) -> tuple[int, int, int, int] | None:
    try:
        seen = os.stat(path)
    except OSError:
        return None
    # The time of the last change of a file's traits goes on where a copy keeps its own time.
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino
