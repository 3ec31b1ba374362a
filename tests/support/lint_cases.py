"""Read the cases in ``tests/polar/lint/*.polar``: policies, and the codes that a lint finds.

Each case begins with a line ``##`` with its name and the codes, each as often as it is found, or
``silent``::

    ## twice: OSO101
    allow(user: User, "read", doc: Doc) if doc.owner = user;
    allow(user: User, "read", doc: Doc) if doc.owner = user;
"""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Iterator

from flask_oso import Oso

LINT_CASES = pathlib.Path(__file__).parents[1] / "polar" / "lint"


class User:
    """An actor."""

    id: int
    name: str
    role: str
    is_admin: bool
    is_banned: bool


class Admin(User):
    """An actor who may more."""


class Folder:
    """Has documents in it."""

    id: int
    name: str
    owner: User
    parent: t.Any


class Doc:
    """A document."""

    id: int
    owner: User
    folder: Folder
    readers: list[User]
    state: str
    size: int
    open: bool

    def next(self) -> int:
        return self.size


class Memo(Doc):
    """A short document."""


class LintCase(t.NamedTuple):
    """One case of a file."""

    name: str
    codes: tuple[str, ...]
    policy: str


def read_lint_cases() -> list[LintCase]:
    """Read all cases of all files."""
    return [case for path in sorted(LINT_CASES.glob("*.polar")) for case in _read(path)]


def _read(path: pathlib.Path) -> Iterator[LintCase]:
    for part in ("\n" + path.read_text(encoding="utf-8")).split("\n## ")[1:]:
        header, _, policy = part.partition("\n")
        name, _, codes = header.partition(": ")
        found = () if codes == "silent" else tuple(codes.split())
        yield LintCase(f"{path.stem}-{name}", found, policy)


def make_lint_oso() -> Oso:
    """Make an ``Oso`` that knows the classes of the cases."""
    oso = Oso()
    for cls in (User, Admin, Folder, Doc, Memo):
        oso.register_class(cls)
    return oso
