"""Policies that were loaded before, kept in the directory that ``OSO_CACHE_DIR`` names.

In goes what a load takes; out comes what it gives, from the directory if the same was
loaded there before, by whatever process. An entry belongs to the texts, to all that the
checks ask of the registered names, to this version of the library and of Python. It is
plain data with a checksum (``serialization.py``), which holds for this key alone, and read only if
nobody else could have written it; whatever is wrong with one, it counts as absent. A directory
that others own, or may write, is refused. Only loads without a problem are kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import stat
import sys
import tempfile
import typing as t
from collections.abc import Sequence

from ..exceptions import OsoError
from ..host.attribute_types import Shapes
from ..host.class_facts import facts_of
from ..host.registry import Host
from ..limits import Limits
from ..nodes import Instance
from ..sources import Source
from .garbage import without_collector
from .policy import Loaded, Policy
from .serialization import from_lines, to_lines

_DIRECTORY = "OSO_CACHE_DIR"
#: The files that a loaded policy depends on: INVARIANT: all of ``polar/``.
_PARTS = {".py", ".lark", ".json"}
_FIRST_LINE = "a policy that flask-oso loaded, and its checksum"


def load_cached(
    sources: Sequence[Source], host: Host, base: Policy | None = None, **options: t.Any
) -> Loaded:
    """Load texts together as one policy, or give what an earlier load of them gave.

    The parameters are those of ``load_policy``. A load that goes on from another one is
    not kept, and neither is one that found a problem.

    :raises OsoError: as ``load_policy`` does, or other users may write to the directory.
    """
    directory = os.environ.get(_DIRECTORY)
    if not directory or (base is not None and base.sources):
        return _load(sources, host, base, options)
    _check_directory(directory)
    key = _key(sources, host, options)
    path = pathlib.Path(directory, f"{key}.policy")
    kept = _read(path, key, sources)
    if kept is not None:
        return kept
    loaded = _load(sources, host, base, options)
    # That nothing can be kept is no reason to fail: a full disk, or a policy that is no data.
    with contextlib.suppress(OSError, ValueError), without_collector():
        _write(path, key, to_lines(loaded))
    return loaded


def _load(
    sources: Sequence[Source], host: Host, base: Policy | None, options: t.Mapping[str, t.Any]
) -> Loaded:
    # Here, since what reads policies takes a while to import: who finds an entry, or loads
    # nothing, does without.
    from .loader import EMPTY, load_policy

    return load_policy(sources, host, EMPTY if base is None else base, **options)


# -- what an entry belongs to ----------------------------------------------------------


def _key(sources: Sequence[Source], host: Host, options: t.Mapping[str, t.Any]) -> str:
    parts = [
        sys.version,
        _library(),
        [(source.name, source.text) for source in sources],
        sorted((name, repr(value)) for name, value in options.items() if name != "limits"),
        repr(options.get("limits") or Limits()),
        _names(host),
    ]
    return _digest(json.dumps(parts))


def _library() -> list[t.Any]:
    """Tell one state of this library from others, changes under one version included."""
    polar = pathlib.Path(__file__).parents[1]
    files = sorted(file for file in polar.rglob("*") if file.suffix in _PARTS)
    stats = ((str(file.relative_to(polar)), file.stat()) for file in files)
    return [(name, each.st_size, each.st_mtime_ns) for name, each in stats]


def _names(host: Host) -> list[t.Any]:
    """Give all that the checks of a load can learn of the registered names, in their order."""
    shapes = Shapes(host)
    names = [
        (name, facts_of(cls, host), shapes.described(cls)) for name, cls in host.classes.items()
    ]
    return [names, [(name, _kind(term)) for name, term in host.constants.items()]]


def _kind(term: t.Any) -> str:
    value = term.value if isinstance(term, Instance) else term
    return type(value).__qualname__


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


# -- files -----------------------------------------------------------------------------


def _check_directory(directory: str) -> None:
    """Refuse a directory in which other users could put, replace or rename entries."""
    try:
        status = os.stat(directory)
    except OSError:
        return
    if not hasattr(os, "getuid"):
        # Windows keeps other users out of a directory by other means.
        return
    if status.st_uid not in (os.getuid(), 0):
        raise OsoError(
            f"The directory {directory!r} that {_DIRECTORY!r} names belongs to another user, who"
            " could replace policies in it. Name one of the user of this process."
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OsoError(
            f"Other users may write to the directory {directory!r} that {_DIRECTORY!r} names, and"
            f" could replace policies in it. Take that from them: chmod go-w {directory}"
        )


def _first_line(key: str, text: str) -> str:
    """Give the line that an entry begins with: that of another key is no entry for this one."""
    checksum = _digest(f"{key}\n{text}")
    return f"{_FIRST_LINE}: {checksum}"


def _read(path: pathlib.Path, key: str, sources: Sequence[Source]) -> Loaded | None:
    """Give what an entry holds; ``None`` if there is none that can be trusted."""
    try:
        with open(path, encoding="ascii", opener=_open) as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            first, _, text = file.read().partition("\n")
        if first != _first_line(key, text):
            return None
        return from_lines(text.split("\n"), sources)
    except (OSError, ValueError):
        return None


def _open(path: str, flags: int) -> int:
    # A link may lead to a file of another user's choice, a pipe may keep a reader waiting.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _is_ours(status: os.stat_result) -> bool:
    """Tell whether only this user can have written a file."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        # Windows keeps other users out of a directory by other means.
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(path: pathlib.Path, key: str, lines: Sequence[str]) -> None:
    """Put an entry in its place in one step, readable for this user alone."""
    text = "\n".join(lines)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    try:
        with open(handle, "w", encoding="ascii") as file:
            file.write(f"{_first_line(key, text)}\n{text}")
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise
