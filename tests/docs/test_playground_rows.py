"""The statements that the playground shows, without a browser: they list what checks allow."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
import sys
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from tests.docs.examples import DOCS, PAGES, files_of, read_examples

if t.TYPE_CHECKING:
    from types import ModuleType

#: The data of the tutorial.
NOTES = (DOCS / "_static" / "notes.py").read_text("utf-8")
_PROGRAMS = ("try_it", "try_it_rows", "try_it_tables")


class Playground(t.NamedTuple):
    """The programs that run in the page."""

    answers: ModuleType
    rows: ModuleType
    tables: ModuleType

    def check(self, policy: str, data: str, question: str) -> bool:
        """Tell whether the page answers a question with True."""
        answer = json.loads(self.answers.answer(policy, data, question))
        assert answer["error"] is None
        return set(answer["results"]) == {"True"}

    def ask(self, policy: str, data: str, question: str) -> dict[str, str]:
        """Give what the page shows of rows."""
        assert json.loads(self.answers.answer(policy, data, question))["rows"]
        return dict(json.loads(self.tables.answer(policy, data, question)))

    def database(self, data: str) -> tuple[sa.Engine, dict[str, int]]:
        """Give a database with the objects of the data, and the keys of those with names."""
        names, registry = self.answers.run_data(data), orm.registry()
        self.tables.map_classes(registry, names)
        self.tables.give_keys(names)
        engine = sa.create_engine("sqlite://")
        with engine.begin() as connection:
            registry.metadata.create_all(connection)
            for each in self.rows.objects_of(names):
                for statement, values in _inserts(each):
                    connection.execute(statement, values)
        return engine, {name: value.id for name, value in names.items() if hasattr(value, "id")}


def _inserts(value: t.Any) -> Iterator[tuple[sa.Insert, t.Any]]:
    """Yield what writes an object and its lists."""
    mapper: t.Any = sa.inspect(type(value))
    given = {each.key: vars(value)[each.key] for each in mapper.column_attrs}
    if mapper.polymorphic_identity is not None:
        given["class"] = mapper.polymorphic_identity
    yield sa.insert(mapper.local_table), given
    for relation in mapper.relationships:
        if relation.secondary is not None:
            columns = relation.secondary.columns.keys()
            for other in vars(value)[relation.key] or ():
                row = zip(columns, (value.id, other.id), strict=True)
                yield sa.insert(relation.secondary), dict(row)


@pytest.fixture
def playground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Playground]:
    """Import the programs of the page, which are no part of the package."""
    monkeypatch.syspath_prepend(str(DOCS / "_static"))
    yield Playground(*map(__import__, _PROGRAMS))
    for name in (*_PROGRAMS, "data"):
        sys.modules.pop(name, None)


DATA = """
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

class Color(Enum):
    RED = 1
    BLUE = 2

@dataclass
class Team:
    name: str

@dataclass
class Role:
    name: str
    team: Team

@dataclass
class User:
    name: str
    roles: list[Role] = field(default_factory=list)
    boss: "User | None" = None

@dataclass
class Admin(User):
    level: int = 3

@dataclass(frozen=True)
class Folder:
    owner: User
    parent: "Folder | None" = None

@dataclass
class Note:
    author: User
    team: Team | None = None
    readers: list[User] = field(default_factory=list)
    public: bool = False
    color: Color = Color.BLUE
    price: Decimal = Decimal("1.5")

class Plain:
    def __init__(self, owner, size):
        self.owner, self.size = owner, size

reef, dock = Team("reef"), Team("dock")
ana = Admin("ana")
ben = User("ben", [Role("member", reef)], boss=ana)
cleo = User("cleo", [Role("member", dock), Role("owner", reef)], boss=ben)
home = Folder(ana)
inner = Folder(ben, home)
oil = Note(ana, reef, [ben, cleo])
tar = Note(ben, dock, [ben], public=True, color=Color.RED)
rope = Note(ben, None, [], price=Decimal("9.25"))
small, large = Plain(ana, 1), Plain(ben, 5)
"""
CASES = {
    "owner": ('allow(u: User, "x", n: Note) if n.author = u;', "Note", "oil tar rope"),
    "public": ('allow(_, "x", n: Note) if n.public or n.color = 1;', "Note", "oil tar rope"),
    "list": ('allow(u: User, "x", n: Note) if u in n.readers;', "Note", "oil tar rope"),
    "no-list": ('allow(u: User, "x", n: Note) if not u in n.readers;', "Note", "oil tar rope"),
    "role": (
        'allow(u: User, "x", n: Note) if r in u.roles and r.team = n.team and r.name = "member";',
        "Note",
        "oil tar rope",
    ),
    "boss": ('allow(u: User, "x", n: Note) if n.author.boss = u;', "Note", "oil tar rope"),
    "nil": ('allow(_, "x", n: Note) if n.team = nil;', "Note", "oil tar rope"),
    "decimal": ('allow(_, "x", n: Note) if n.price > 2;', "Note", "oil tar rope"),
    "subclass": ('allow(_, "x", n: Note) if n.author matches Admin{level: 3};', "Note", "oil tar"),
    "class": ('allow(_, "x", u: Admin) if u.level > 2;', "User", "ana ben cleo"),
    "ring": (
        "inside(f: Folder, u) if f.owner = u; inside(f: Folder, u) if inside(f.parent, u);"
        ' inside(nil, _) if false; allow(u: User, "x", f: Folder) if inside(f, u);',
        "Folder",
        "home inner",
    ),
    "plain": (
        'allow(u: User, "x", p: Plain) if p.owner = u and p.size > 2;',
        "Plain",
        "small large",
    ),
    "block": (
        "actor User {} resource Team { roles = ['member', 'owner']; 'member' if 'owner'; }"
        " resource Note { permissions = ['x']; relations = {team: Team};"
        " 'x' if 'member' on 'team'; }"
        " has_role(u: User, n: String, t: Team) if r in u.roles and r.name = n and r.team = t;"
        ' has_relation(t: Team, "team", n: Note) if t = n.team;'
        " allow(u, a, n) if has_permission(u, a, n);",
        "Note",
        "oil tar rope",
    ),
}


def agreement(
    playground: Playground, data: str, policy: str, action: str, cls: str, objects: list[str]
) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Give which actor is allowed which object, by single checks and by the statement shown."""
    actors = ("ana", "ben", "cleo")
    engine, keys = playground.database(data)
    allowed = {
        (actor, each)
        for actor in actors
        for each in objects
        if playground.check(policy, data, f'allow({actor}, "{action}", {each})')
    }
    listed = set()
    with engine.connect() as connection:
        for actor in actors:
            shown = playground.ask(policy, data, f'allow({actor}, "{action}", {cls})')
            found = {row[0] for row in connection.exec_driver_sql(shown["sql"])}
            listed |= {(actor, each) for each in objects if keys[each] in found}
    return allowed, listed


@pytest.mark.each(4)
@pytest.mark.parametrize("name", CASES)
def test_statement_lists_what_checks_allow(playground: Playground, name: str) -> None:
    """The statement that is shown selects those objects of the data that the page allows."""
    policy, cls, objects = CASES[name]

    allowed, listed = agreement(
        playground, DATA, policy.replace("'", '"'), "x", cls, objects.split()
    )

    assert listed == allowed


TRIED = [
    pytest.param(example.text, question, id=f"{page.stem}: {question}")
    for page in PAGES
    for example in read_examples(page)
    for question in re.findall(
        r"\A```\n\n<!-- try: (.*) -->\n",
        page.read_text("utf-8")[example.begin + len(example.text) :],
    )
]


@pytest.mark.parametrize(("policy", "question"), TRIED)
def test_policy_to_try_is_answered(playground: Playground, policy: str, question: str) -> None:
    """A policy of the tutorial answers alone, with plain objects in place of rows."""
    answer = json.loads(playground.answers.answer(policy, NOTES, question))

    assert (answer["error"], answer["said"], answer["results"]) == (None, "", ["False"])
    assert "Denied" in answer["proof"]


@pytest.mark.parametrize("policy", [each.values[0] for each in TRIED])
def test_list_of_the_tutorial_is_that_of_checks(playground: Playground, policy: str) -> None:
    """Notes of teams are listed as they are checked."""
    allowed, listed = agreement(playground, NOTES, policy, "read", "Note", ["oil", "reef", "diary"])

    assert listed == allowed


def test_notes_are_like_the_models_of_the_tutorial(playground: Playground) -> None:
    """The plain classes have the attributes of the mapped ones, but for keys."""
    models = files_of(DOCS / "tutorial" / "2-roles.md")["models.py"]
    mapped = re.findall(r"^class (\w+)\(db.Model\):\n((?:    .*\n)+)", models, re.MULTILINE)
    attributes = {
        name: {
            each for each in re.findall(r"^    (\w+):", body, re.MULTILINE) if each[-3:] != "_id"
        }
        for name, body in mapped
    }
    names = playground.answers.run_data(NOTES)

    assert attributes
    assert attributes == {name: {*names[name].__annotations__} for name in attributes}


@pytest.mark.parametrize(
    ("cls", "data", "condition", "reason"),
    [
        ("User", "class User: __slots__ = ('name',)", "it.name = 1", "User has slots"),
        (
            "User",
            "class A: pass\nclass B: pass\nclass User(A, B): pass",
            "it.name = 1",
            "two base classes",
        ),
        ("Integer", "", "it = 1", "'int' is not mapped"),
        (
            "User",
            "class User:\n    def __eq__(self, other): return True\nana = User()",
            "it = ana",
            "'User' has an equality of its own",
        ),
        (
            "User",
            "class User:\n    @property\n    def name(self): return 'ana'",
            'it.name = "ana"',
            "'name' of 'User' is unknown without a row",
        ),
    ],
)
def test_page_says_why_there_is_no_list(
    playground: Playground, cls: str, data: str, condition: str, reason: str
) -> None:
    """What no statement can be made of is refused with its reason."""
    policy = f'allow(_, "x", it: {cls}) if {condition};'

    assert reason in playground.ask(policy, data, f'allow(1, "x", {cls})')["refused"]


def test_tables_are_those_of_the_statement(playground: Playground) -> None:
    """The tables that are shown can be made, and say which row each object is."""
    shown = playground.ask('allow(_, "x", _: Team);', DATA, 'allow(ana, "x", Team)')

    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript(shown["tables"])
        assert [*database.execute(shown["sql"])] == []
    assert "-- cleo is user 3" in shown["tables"]
