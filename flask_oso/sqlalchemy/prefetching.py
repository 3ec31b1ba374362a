"""Loading relations of many rows at once, before a policy reads them one by one.

In go rows, and the names of the relations that will be read by class; afterwards they are loaded,
as if they had been read, with a few statements for each relation. What has a value, also a pending
one, keeps it. What reading would do in another way is left to reading: rows whose options choose
the rows of relations, relations that raise, sessions whose statements somebody rewrites.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.util.concurrency import in_greenlet

from .loaded import chooses_rows

#: Gives the names of the relations of a class that will be read.
RelationsOf = Callable[[type], Iterable[str]]

#: The longest chain of relations, such as parents of folders, that is followed.
_DEEPEST = 100
#: The most rows whose relations are loaded.
_MOST = 20_000
#: The most keys in one statement.
_KEYS = 5_000
_LOADING = frozenset({True, "select", "joined", "selectin", "subquery", "immediate"})


def load_relations(objects: Iterable[t.Any], relations: RelationsOf) -> None:
    """Load the relations of rows, those of the rows found, and so on.

    Objects that are no rows of a session are ignored.
    """
    seen: dict[int, t.Any] = {}
    waiting = [*objects]
    for _ in range(_DEEPEST):
        rows = [each for each in waiting if id(each) not in seen]
        seen.update((id(each), each) for each in rows)
        if not rows or len(seen) > _MOST:
            return
        waiting = []
        for (session, cls), group in _groups(seen[key] for key in dict.fromkeys(map(id, rows))):
            names = _loadable(cls, relations(cls))
            if names:
                _load(session, cls, group, names)
                waiting += _found(group, names)


def _groups(rows: Iterable[t.Any]) -> Iterable[tuple[tuple[t.Any, type], list[t.Any]]]:
    """Group rows by session and class, without those that are left alone."""
    groups: dict[tuple[t.Any, type], list[t.Any]] = {}
    usable: dict[t.Any, bool] = {}
    for row in rows:
        state: t.Any = sa.inspect(row, raiseerr=False)
        if not isinstance(state, orm.InstanceState) or not state.persistent:
            continue
        session = state.session
        if session not in usable:
            usable[session] = _is_usable(session)
        if usable[session] and not any(map(_decides, state.load_options)):
            groups.setdefault((session, type(row)), []).append(row)
    return groups.items()


def _is_usable(session: t.Any) -> bool:
    """Tell whether a session runs statements as they are, and may run some now."""
    is_rewritten = bool(session.dispatch.do_orm_execute)
    is_waiting = session.get_bind().dialect.is_async and not in_greenlet()
    return not is_rewritten and not is_waiting


def _decides(option: t.Any) -> bool:
    """Tell whether an option of a row says what reading one of its relations finds, or raises."""
    return chooses_rows(option) or any(
        "raise" in str(value) for each in option.context for _, value in each.strategy or ()
    )


def _loadable(cls: type, names: Iterable[str]) -> list[str]:
    relations: t.Any = sa.inspect(cls).relationships
    known = [each for each in sorted(names) if each in relations]
    return [each for each in known if relations[each].lazy in _LOADING]


def _load(session: t.Any, cls: t.Any, rows: Sequence[t.Any], names: Sequence[str]) -> None:
    """Load what is missing of rows of one class."""
    missing = [name for name in names if any(name not in instance_state(r).dict for r in rows)]
    waiting = [row for row in rows if _waits(instance_state(row), missing)]
    if len(waiting) == 1:
        for name in missing:
            getattr(waiting[0], name)
        return
    mapper: orm.Mapper[t.Any] = sa.inspect(cls)
    keys = [mapper.get_property_by_column(column).class_attribute for column in mapper.primary_key]
    one = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
    statement = sa.select(cls).options(*(orm.selectinload(getattr(cls, n)) for n in missing))
    if not any(instance_state(row).expired for row in waiting):
        statement = statement.options(orm.load_only(*keys))
    for start in range(0, len(waiting), _KEYS):
        states: list[t.Any] = [instance_state(row) for row in waiting[start : start + _KEYS]]
        part = [state.identity for state in states]
        wanted = part if len(keys) > 1 else [key for (key,) in part]
        session.scalars(statement.where(one.in_(wanted))).unique().all()


def _waits(state: t.Any, names: Iterable[str]) -> bool:
    return bool(state.expired) or any(name not in state.dict for name in names)


def _found(rows: Iterable[t.Any], names: Sequence[str]) -> Iterable[t.Any]:
    """Yield the rows of loaded relations."""
    for row in rows:
        for name in names:
            value = instance_state(row).dict.get(name)
            if isinstance(value, dict):
                yield from value.values()
            elif isinstance(value, (list, set)):
                yield from value
            elif value is not None:
                yield value
