"""The cache of loaded policies, in the directory that ``OSO_CACHE_DIR`` names.

In go the arguments of a load; out comes its result, from the cache if any process has loaded the
same before. The key of an entry covers the texts, all that the checks read of the registered
names, and the versions of the library and of Python. An entry is plain data with a checksum
(``serialization.py``) that is valid for its key alone, and is read only if nobody else could have
written it; an invalid entry is ignored. A directory that others own or may write is refused. Only
loads without problems are cached.
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
from collections.abc import Iterator, Sequence

from ..exceptions import OsoError
from ..host.attribute_types import Shapes
from ..host.class_facts import facts_of
from ..host.registry import Host
from ..limits import Limits
from ..nodes import Instance
from ..sources import Source
from .garbage import without_collector
from .policy import LoadResult, Policy
from .serialization import from_lines, to_lines

_DIRECTORY = "OSO_CACHE_DIR"
#: INVARIANT: the key covers all files of ``polar/``. These are their suffixes.
_PARTS = {".py", ".lark", ".json"}
#: A directory in which Python keeps what it compiled, and which has none of them.
_COMPILED = "__pycache__"
_FIRST_LINE = "a policy that flask-oso loaded, and its checksum"


def load_cached(
    sources: Sequence[Source], host: Host, base: Policy | None = None, **options: t.Any
) -> LoadResult:
    """Load texts together as one policy, or read the cached result.

    The parameters are those of ``load_policy``. A load that extends an earlier one is not cached,
    and neither is one that failed.

    :raises OsoError: as ``load_policy`` does, or if other users may write to the directory.
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
    # A load does not fail because it cannot be cached: the disk may be full.
    with contextlib.suppress(OSError, ValueError), without_collector():
        _write(path, key, to_lines(loaded))
    return loaded


def _load(
    sources: Sequence[Source], host: Host, base: Policy | None, options: t.Mapping[str, t.Any]
) -> LoadResult:
    # Imported here, since the parser takes a while to import and a cache hit does not need it.
    with without_collector():
        from .loader import EMPTY, load_policy

    return load_policy(sources, host, EMPTY if base is None else base, **options)


# -- the key of an entry ---------------------------------------------------------------


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
    """Identify the code of this library, also where a change did not change its version."""
    polar = pathlib.Path(__file__).parents[1]
    return sorted(_files_in(str(polar), ""))


def _files_in(directory: str, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Yield the files below a directory, each with its size and when it was changed.

    ``pathlib`` takes ten times as long, which is longer than all else of most loads.
    """
    with os.scandir(directory) as entries:
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.name == _COMPILED:
                # Who runs the application may not be allowed to look into it.
                continue
            if entry.is_dir():
                yield from _files_in(entry.path, f"{name}/")
            elif os.path.splitext(name)[1] in _PARTS:
                status = entry.stat()
                yield name, status.st_size, status.st_mtime_ns


def _names(host: Host) -> list[t.Any]:
    """Give all that the checks of a load read of the registered names, in order."""
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
    """Refuse a directory in which other users could create, replace or rename entries."""
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
    """Give the first line of an entry, with a checksum that depends on the key."""
    checksum = _digest(f"{key}\n{text}")
    return f"{_FIRST_LINE}: {checksum}"


def _read(path: pathlib.Path, key: str, sources: Sequence[Source]) -> LoadResult | None:
    """Read an entry; ``None`` if there is none that can be trusted."""
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
    # A link may lead to a file that another user chose; reading a pipe may block.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _is_ours(status: os.stat_result) -> bool:
    """Tell whether no other user can have written a file."""
    if not stat.S_ISREG(status.st_mode):
        return False
    if not hasattr(os, "getuid"):
        # Windows keeps other users out of a directory by other means.
        return True
    return status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(path: pathlib.Path, key: str, lines: Sequence[str]) -> None:
    """Write an entry atomically, readable for this user alone."""
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
