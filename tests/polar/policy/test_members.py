"""Misspelt attributes of registered classes are told of where no doubt is left."""

from __future__ import annotations

import dataclasses
import enum
import functools
import typing as t

import pytest

from tests.support import policies
from tests.support.policies import Host, make_host


class Base:
    """Has a class attribute."""

    kind = "document"


@dataclasses.dataclass
class Document(Base):
    """Has fields, a method, and an attribute that a method sets."""

    owner: str
    public: bool = False

    def readable(self) -> bool:
        self.reader = len(self.owner)
        return isinstance(self.reader, int)

    parent: Folder | None = None
    tags: list[Tag] = dataclasses.field(default_factory=list)

    @property
    def home(self) -> Folder:
        return Folder()

    @property
    def editor(self) -> object:
        return self._editor  # type: ignore[attr-defined]  # set elsewhere


class Folder:
    """What documents are in."""

    owner: str
    parent: Folder
    documents: t.Any


class Tag:
    """What documents have several of."""

    label: str


class Report(Document):
    """A subclass, whose objects are documents too."""

    ownerr = "somebody"


class Slotted:
    """Has slots and an annotation."""

    __slots__ = ("name",)
    title: str


def update(self: object, **attributes: t.Any) -> None:
    """Set attributes."""
    self.__dict__.update(attributes)


class Plain:
    """Sets its attributes itself."""

    def __init__(self) -> None:
        self.name = "n"

    @functools.wraps(update)
    def update(self) -> None:
        """What this one wraps sets what it wants."""


class Open:
    """Has every attribute."""

    name = "n"

    def __getattr__(self, name: str) -> str:
        return name


class Loose:
    """Takes its attributes from outside."""

    name = "n"

    def __init__(self, **attributes: t.Any) -> None:
        self.__dict__.update(attributes)


class Color(enum.Enum):
    """Has a metaclass."""

    name_of = "red"


def host() -> Host:
    """Make a host with all the classes."""
    made = make_host(Slotted, Plain, Open, Loose, Color, Folder, Tag)
    return made.with_class(Document, None, {"folder": str})


def warnings_of(rule: str) -> list[str]:
    """Load a rule, and give the warnings about attributes."""
    found = policies.warnings_of(rule, host=host())
    return [each for each in found if "no attribute" in each]


@pytest.mark.parametrize(
    ("rule", "warning"),
    [
        ("f(d: Document) if d.ownr = 1;", "Document has no attribute ownr, did you mean owner?"),
        ("f(d: Document) if d.knid = 1;", "Document has no attribute knid, did you mean kind?"),
        ("f(d: Document) if d.raeder;", "Document has no attribute raeder, did you mean reader?"),
        ("f(d: Document) if d.readabel();", "Document has no attribute readabel, did you mean "),
        ("f(d: Document) if d.foldr = 1;", "Document has no attribute foldr, did you mean folder?"),
        ("f(d) if d matches Document and not d.publik;", "Document has no attribute publik, did"),
        ("f(_: Document{publc: true});", "Document has no attribute publc, did you mean public?"),
        ("f(d) if d matches Document{ownr: 1};", "Document has no attribute ownr, did you mean"),
        ("f(s: Slotted) if s.nmae = 1;", "Slotted has no attribute nmae, did you mean name?"),
        ("f(s: Slotted) if s.titel = 1;", "Slotted has no attribute titel, did you mean title?"),
        # Along annotations.
        ("f(d: Document) if d.parent.onwer = 1;", "Folder has no attribute onwer, did"),
        ("f(d: Document) if d.home.onwer = 1;", "Folder has no attribute onwer, did"),
        ("f(d: Document) if d.parent.parent.onwer;", "Folder has no attribute onwer, did"),
        ("f(d: Document) if d.parnet.owner = 1;", "Document has no attribute parnet, did"),
        ("f(d: Document) if p = d.parent and p.onwer;", "Folder has no attribute onwer, did"),
        ("f(d: Document) if t in d.tags and t.lable = 1;", "Tag has no attribute lable, did"),
        ("f(d: Document) if forall(t in d.tags, t.lable);", "Tag has no attribute lable, did"),
        ("f(d: Document) if not d.parent.onwer = 1;", "Folder has no attribute onwer, did"),
        ("f(_: Document{parent: {onwer: 1}});", "Folder has no attribute onwer, did"),
        ("f(_: Document{parent: {parent: {onwer: 1}}});", "Folder has no attribute onwer, did"),
    ],
)  # fmt: skip
def test_misspelt_attribute_warns(rule: str, warning: str) -> None:
    """The warning stands at the name, and says which one is near."""
    (found,) = warnings_of(rule)

    assert found.startswith(warning)
    assert found.splitlines()[-1].endswith("^")


@pytest.mark.parametrize(
    "rule",
    [
        "f(d: Document) if d.owner = d.public and d.kind = d.reader and d.readable();",
        # Of a subclass; mentioned by a method; private; near to nothing.
        "f(d: Document) if d.ownerr = 1;",
        "f(d: Document) if d.parent.owner = d.parent.parent.documents.onwer;",
        "f(d: Document) if d.editor.onwer = 1;",
        "f(d: Document) if p = d.parent and p = d.editor and p.onwer;",
        "f(_: Document{parent: {owner: 1}, tags: {lable: 1}});",
        "f(d: Document) if d.isinstance = 1;",
        "f(d: Document) if d._ownr = 1;",
        "f(d: Document) if d.something_else = 1;",
        "f(d) if d.ownr = 1;",
        "f(d: Unknown) if d.ownr = 1;",
        # Of classes that may have anything.
        "f(p: Plain) if p.nmae = 1;",
        "f(o: Open) if o.nmae = 1;",
        "f(o: Loose) if o.nmae = 1;",
        "f(c: Color) if c.name_fo = 1;",
        "f(d: Dictionary) if d.vlaues = 1;",
        "f(s: String) if s.uper() = 1;",
    ],
)
def test_doubt_is_silent(rule: str) -> None:
    """Nothing is said of a name that an object of the class could have."""
    assert warnings_of(rule) == []
