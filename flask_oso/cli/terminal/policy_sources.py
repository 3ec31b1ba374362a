"""The texts of a policy as it was: a git revision, a file, a directory."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from flask import Flask

from ...polar.polar import read_source
from ...polar.sources import Source
from .running import MisuseError


def sources_of(name: str, app: Flask, current: Sequence[str]) -> list[Source]:
    """Give the texts that a word of the command line stands for.

    :param name: a directory with policies, a policy file, or a revision of git.
    :param current: the names of the files of the policy in force.
    :raises MisuseError: there is nothing of this name, or no policy in it.
    """
    path = Path(name)
    if path.is_dir():
        found = [read_source(each) for each in sorted(path.rglob("*.polar"))]
    elif path.suffix == ".polar":
        found = [read_source(path)]
    else:
        found = _at_revision(name, app, current)
    if not found:
        raise MisuseError(f"There is no policy in '{name}'.")
    return found


def _at_revision(revision: str, app: Flask, current: Sequence[str]) -> list[Source]:
    """Give the policy of the application at a revision."""
    if revision.startswith("-"):
        raise MisuseError(f"'{revision}' is no file, no directory and no revision of git.")
    root = Path(_git(Path(app.root_path), "rev-parse", "--show-toplevel").strip())
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", "--full-tree", revision)
    wanted = _patterns(app, root, current)
    names = [
        name
        for name in listed.split("\0")
        if name.endswith(".polar") and any(_matches(name, each) for each in wanted)
    ]
    return [Source(_git(root, "show", f"{revision}:{name}"), name) for name in names]


def _patterns(app: Flask, root: Path, current: Sequence[str]) -> list[str]:
    """Give the names of policies below the top of the repository, some with wildcards."""
    configured = app.config.get("OSO_POLICIES") or ()
    names = [configured] if isinstance(configured, str | os.PathLike) else [*configured]
    paths = [Path(app.root_path, name) for name in names] or [*map(Path, current)]
    return [os.path.relpath(path.resolve(), root.resolve()) for path in paths]


def _matches(name: str, pattern: str) -> bool:
    """Tell whether a path matches a pattern as ``glob`` does: ``*`` stays within a folder."""
    if "**" in pattern:
        return fnmatch.fnmatchcase(name, pattern.replace("**/", "*"))
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, check=True, encoding="utf-8"
        )
    except FileNotFoundError:
        raise MisuseError(
            "'git' is not installed. Name a file or a directory with the old policy."
        ) from None
    except subprocess.CalledProcessError as error:
        raise MisuseError(
            f"'git {' '.join(arguments)}' failed: {error.stderr.strip()}\n"
            "Name a revision, a policy file, or a directory with policies."
        ) from None
    return done.stdout
