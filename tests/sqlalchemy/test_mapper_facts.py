"""What translations ask of mappers, and what statements share."""

from __future__ import annotations

import concurrent.futures
import functools
import sys
import threading
import typing as t
import warnings
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from flask_oso.polar.residual.algebra.ir import Column, Comparison, Literal, Root
from flask_oso.polar.residual.algebra.schema import Field, ValueKind
from flask_oso.sqlalchemy.mapped import mapper_facts
from flask_oso.sqlalchemy.mapped.mapper_facts import LinkStep, MapperFacts
from flask_oso.sqlalchemy.mapped.tables import TableSource, is_unique
from tests.support.models import documents
from tests.support.models.documents import Doc, Folder, Role, Team

NUMBER = Field(ValueKind.INTEGER)


@pytest.fixture
def names() -> MapperFacts:
    """Make names without declared relations."""
    orm.configure_mappers()
    return MapperFacts(lambda cls: {})


@pytest.mark.parametrize(
    ("cls", "relation", "step"),
    [
        (Folder, "parent", None),
        (Folder, "children", None),
        (Role, "user", None),
        (Doc, "teams", LinkStep(documents.tags, ("id",), ("doc_id",), ("id",), ("team_id",))),
    ],
    ids=["to one", "to many", "from a composite key", "by a link table"],
)
def test_relation_through_a_table_is_a_step(
    names: MapperFacts, cls: type, relation: str, step: LinkStep | None
) -> None:
    """A relation through a table leads from attributes to others by columns of the table."""
    assert names.step(cls, relation) == step


def test_aliases_are_shared(names: MapperFacts) -> None:
    """Statements take the same aliases, and each as many as it needs."""
    first, second = names.source(Team, 0), names.source(Team, 1)

    assert first is not second
    assert names.source(Team, 0) is first


@pytest.fixture
def hasty_threads() -> Iterator[concurrent.futures.Executor]:
    """Give eight threads that take turns as often as Python can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        yield threads
    sys.setswitchinterval(interval)


def test_threads_read_the_columns_of_an_alias(
    names: MapperFacts, hasty_threads: concurrent.futures.Executor
) -> None:
    """Threads that ask an alias for its columns at once get no column of the table itself."""
    columns = ["title", "size", "big", "rank", "score", "price", "due", "made"]
    begin = threading.Barrier(len(columns))

    def table_of(source: TableSource, name: str) -> t.Any:
        begin.wait()
        return source.column(name).table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sources = [names.source(Doc, number) for number in range(100)]
        read = [
            {*hasty_threads.map(functools.partial(table_of, each), columns)} for each in sources
        ]

    assert read == [{each.selectable} for each in sources]


@pytest.mark.parametrize(
    ("maker", "ask"),
    [
        ("source_of", lambda names: names.source(Team, 0)),
        ("new_alias", lambda names: names.link_source(documents.tags, 0)),
    ],
    ids=["class", "link table"],
)
def test_threads_take_the_same_alias(
    names: MapperFacts, monkeypatch: pytest.MonkeyPatch, maker: str, ask: t.Any
) -> None:
    """Of the aliases that two threads make at once, both take the first, and go on taking it."""
    make, both = getattr(mapper_facts, maker), threading.Barrier(2)

    def made(*args: t.Any, **options: t.Any) -> t.Any:
        both.wait(10)
        return make(*args, **options)

    monkeypatch.setattr(mapper_facts, maker, made)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        taken = [*threads.map(ask, [names] * 2)]

    assert {*map(id, taken)} == {id(ask(names))}


def test_kept_clauses_are_few(names: MapperFacts) -> None:
    """Conditions that are made anew for each statement do not stay."""
    rank = Column(Root(Doc), "rank", NUMBER)

    clauses = [
        names.kept(Comparison("=", rank, Literal(number)), Doc, functools.partial(int, number))
        for number in range(12_000)
    ]

    assert clauses == list(range(12_000))
    assert len(names._kept) <= 5_000


def test_kept_clause_is_made_once(names: MapperFacts) -> None:
    """A condition on a class has one clause, and on another class another one."""
    condition = Comparison("=", Column(Root(Doc), "rank", NUMBER), Literal(1))

    made = [names.kept(condition, cls, object) for cls in (Doc, Doc, Team)]

    assert made[0] is made[1]
    assert made[0] is not made[2]


@pytest.mark.parametrize(
    ("part", "is_told_apart"),
    [
        (lambda code: code, True),
        (lambda code: code.desc().nulls_last(), True),
        (lambda code: code.collate("NOCASE"), True),
        (sa.func.lower, True),
        (lambda code: sa.func.nullif(code, "none"), False),
        (lambda code: sa.case((code != "none", code)), False),
        (lambda _: sa.text("code"), False),
    ],
    ids=["column", "order", "collation", "letters", "nullif", "case", "text"],
)
def test_column_of_a_unique_index(part: t.Any, is_told_apart: bool) -> None:
    """A formula may be NULL for many rows with the same value, which the index all has."""
    table = sa.Table("coded", sa.MetaData(), sa.Column("code", sa.String))
    sa.Index("codes", part(table.c.code), unique=True, _table=table)

    assert is_unique([table.c.code]) is is_told_apart
