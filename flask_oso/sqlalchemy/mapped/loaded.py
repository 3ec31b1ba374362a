"""What an object has loaded: a check reads that, so a statement must not find other rows.

A loaded relation may differ from the database: ``selectinload(User.roles.and_(...))``,
``contains_eager``, ``noload`` and ``set_committed_value`` omit rows. In goes an object and
relations; out comes whether a statement finds the same rows, and the rows of a loaded list.

``load_relations`` loads relations of many rows before a policy reads them one by one: with a few
statements for each relation, and as if they had been read. What has a value, also a pending one,
keeps it. ``load_among`` does that for rows of one list, of which a check reads one by one. What
reading would do in another way is left to reading: rows whose options choose the
rows of relations, relations that raise, sessions whose statements somebody rewrites.
An ``AsyncSession`` loads nothing when it is read: ``explaining_unloaded`` says what to load first.
"""

from __future__ import annotations

import itertools
import operator
import sys
import typing as t
from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.base import PASSIVE_NO_FETCH
from sqlalchemy.util import concurrency

from ...polar.exceptions import OsoError, UnsupportedError
from ...polar.residual.algebra.schema import LoadedList
from .relationships import compared_pairs, direct_pairs, equated_pairs, key_column
from .tables import attribute_name, is_unique, key_properties, mapper_of

#: The most parameters that every database takes in one statement.
_MOST = 10_000
#: Gives the names of the relations of a class that will be read.
RelationsOf = Callable[[type], Iterable[str]]

#: The longest chain of relations, such as parents of folders, that is followed.
_DEEPEST = 100
#: The most rows whose relations are loaded together.
_MOST_ROWS = 20_000
#: The most keys in one statement.
_KEYS = 5_000
#: The most rows of a list of which a relation is loaded when one of them reads it.
_TOGETHER = 100
#: What is read of 1,000 memberships is read by what does not return to Python for each.
_KEY, _OPTIONS = operator.attrgetter("key"), operator.attrgetter("load_options")
_LOADING = frozenset({True, "select", "joined", "selectin", "subquery", "immediate"})


def can_wait() -> bool:
    """Tell whether SQLAlchemy can wait for an asynchronous database here."""
    if hasattr(concurrency, "in_greenlet"):
        return bool(concurrency.in_greenlet())
    # The first versions of SQLAlchemy 2.0 do not tell: such a greenlet has one that drives it.
    greenlet = sys.modules.get("greenlet")
    return greenlet is not None and hasattr(greenlet.getcurrent(), "driver")


def state_of(value: t.Any) -> t.Any:
    """Return what SQLAlchemy knows of an object; ``None`` if it is not of a mapped class."""
    try:
        state = instance_state(value)
    except orm.exc.NO_STATE:
        return None
    return state if isinstance(state, orm.InstanceState) else None


def is_stored(value: t.Any, names: Sequence[str], followed: Followed | None = None) -> bool:
    """Tell whether the database has an object, and its related rows, as they are in Python.

    :param names: a chain of relations, each starting where the one before ends.
    """
    lists = loaded_lists(value, names, {} if followed is None else followed)
    return lists is not None and not lists


class FollowedRelation(t.NamedTuple):
    """A relation of the rows of one class, which a chain follows.

    :param relation: ``None`` if the class has no such relation.
    :param near: the attributes that a row compares with the key of the related row; ``None`` if it
        compares more, or anything else.
    :param far: the columns of that key.
    """

    relation: t.Any
    near: tuple[str | None, ...] | None
    far: tuple[t.Any, ...]


#: The relations that were followed, by the mapper of the rows and the name.
Followed = dict[tuple[t.Any, str], FollowedRelation]


def loaded_lists(value: t.Any, names: Sequence[str], followed: Followed) -> list[LoadedList] | None:
    """Return the lists of rows loaded along a chain of relations, behind its first one.

    ``None`` if the database does not have an object, or its related rows, as they are in Python
    where these lists are taken for what they are.

    :param followed: what was found out of relations, which is added to.
    """
    state = state_of(value)
    if state is None or state.key is None or state.modified:
        return None
    if names and names[0] not in state.dict:
        # The usual case, for each list: nothing is loaded.
        relation = _relation(state.mapper, names[0], followed)
        return [] if _followed(state, names[0], relation, False) is not None else None
    states, lists = [state], list[LoadedList]()
    for depth, name in enumerate(names):
        # Of 1,000 memberships none may have its project loaded: what is asked of each takes long.
        is_in_session = len(states) > 1 and _are_in_session(states)
        if is_in_session and _are_unloaded(states, name):
            return lists
        mappers = {state.mapper for state in states}
        relations = {each: _relation(each, name, followed) for each in mappers}
        found = [_followed(each, name, relations[each.mapper], is_in_session) for each in states]
        if None in found:
            return None
        owners = [each for each in states if depth and _has_list(each, name, relations)]
        rows = [row for each in owners for row in each.dict[name]]
        if len(rows) + len(owners) > _MOST or not all(_leads_back(each, name) for each in owners):
            return None
        if owners:
            lists.append(LoadedList(depth, tuple(each.obj() for each in owners), tuple(rows)))
        states = [state for each in found for state in each or ()]
    return lists


def _relation(mapper: t.Any, name: str, followed: Followed) -> FollowedRelation:
    known = followed.get((mapper, name))
    if known is None:
        known = followed[mapper, name] = _made_relation(mapper, mapper.relationships.get(name))
    return known


def _made_relation(mapper: t.Any, relation: t.Any) -> FollowedRelation:
    if relation is None or relation.direction is not orm.MANYTOONE:
        return FollowedRelation(relation, None, ())
    far = tuple(key_column(relation.mapper, column) for _, column in relation.local_remote_pairs)
    near = tuple(attribute_name(mapper, column) for column, _ in relation.local_remote_pairs)
    is_key = set(far) == set(relation.mapper.primary_key) or is_unique([*far])
    return FollowedRelation(relation, near if is_key else None, far)


def _are_unloaded(states: Sequence[t.Any], name: str) -> bool:
    """Tell whether no row has loaded a relation, and none may omit rows when it does."""
    rows = [each.obj() for each in states]
    # None is a row that is gone.
    dicts = [row.__dict__ for row in rows if row is not None]
    if any(map(operator.contains, dicts, itertools.repeat(name))):
        return False
    if not any(map(_OPTIONS, states)):
        return True
    # Those that one statement has read share their options.
    options = {id(each.load_options): each.load_options for each in states}.values()
    return not any(chooses_rows(option) for each in options for option in each)


def _are_in_session(states: Sequence[t.Any]) -> bool:
    """Tell whether rows are of one session that is still there."""
    return len({each.session_id for each in states}) == 1 and states[0].session is not None


def _has_list(state: t.Any, name: str, relations: t.Mapping[t.Any, FollowedRelation]) -> bool:
    relation = relations[state.mapper].relation
    return relation is not None and relation.uselist and name in state.dict


def _leads_back(owner: t.Any, name: str) -> bool:
    """Tell whether each row on a loaded list belongs to the owner by its foreign key."""
    relation = owner.mapper.relationships[name]
    pairs = equated_pairs(relation) if relation.direction is orm.ONETOMANY else []
    near = [attribute_name(owner.mapper, column) for column, _ in pairs]
    key = [owner.dict.get(each) for each in near]
    if not key or None in key or name in owner.committed_state:
        return False
    states: list[t.Any] = [instance_state(row) for row in owner.dict[name]]
    for state in states:
        far = [attribute_name(state.mapper, column) for _, column in pairs]
        is_changed = not state.committed_state.keys().isdisjoint(far)
        if is_changed or [state.dict.get(each) for each in far] != key:
            return False
    return True


def _followed(
    state: t.Any, name: str, followed: FollowedRelation, is_in_session: bool
) -> list[t.Any] | None:
    """Return the states of loaded related rows; ``None`` if a statement may find others.

    :param is_in_session: whether it is known to be in a session.
    """
    if followed.relation is None:
        return []
    if name not in state.dict:
        # Of a row without a session a check cannot read it either.
        if not is_in_session and state.session is None:
            return None
        return None if any(map(chooses_rows, state.load_options)) else []
    value = state.dict[name]
    if followed.relation.uselist:
        return _states_of(value)
    return _followed_one(state, followed, value)


def _states_of(rows: Iterable[t.Any]) -> list[t.Any] | None:
    """Return what SQLAlchemy knows of stored rows; ``None`` if some are not stored."""
    try:
        states: list[t.Any] = [*map(instance_state, rows)]
    except orm.exc.NO_STATE:
        return None
    are_states = all(issubclass(each, orm.InstanceState) for each in {*map(type, states)})
    # A key is a tuple, or there is none.
    return states if are_states and all(map(_KEY, states)) else None


def keys_of(rows: Iterable[t.Any]) -> list[t.Any]:
    """Return the primary keys of rows, without those that are not stored."""
    states = _states_of(rows)
    if states is None:
        found = (state_of(each) for each in rows)
        states = [each for each in found if each is not None and each.key is not None]
    # Its identity is the second part of its key.
    return [each.key[1] for each in states]


def _followed_one(state: t.Any, followed: FollowedRelation, value: t.Any) -> list[t.Any] | None:
    """Return the state of a loaded row, if its key equals the foreign key; else ``None``."""
    loaded: dict[t.Any, t.Any] = state.dict
    if followed.near is None or any(name not in loaded for name in followed.near):
        return None
    key = [loaded[name] for name in followed.near]
    other: t.Any = None if value is None else state_of(value)
    if other is None or None in key:
        return [] if other is None and None in key else None
    return [other] if [_stored_value(other, column) for column in followed.far] == key else None


def _stored_value(state: t.Any, column: t.Any) -> t.Any:
    """Return what the database has in a column of a row; ``None`` if that is not known."""
    for key, value in zip(state.mapper.primary_key, state.identity or (), strict=False):
        if key is column:
            return value
    name = attribute_name(state.mapper, column)
    return None if name in state.committed_state else state.dict.get(name)


def chooses_rows(option: t.Any) -> bool:
    """Tell whether a loader option of an object may omit rows of its relations."""
    if not isinstance(option, orm.Load):
        return True
    return any(
        each._extra_criteria or ("lazy", "noload") in (each.strategy or ())
        for each in option.context
    )


def loaded_rows(value: t.Any, name: str) -> list[t.Any] | None:
    """Return the rows of a loaded to-many relation; ``None`` if it is not loaded.

    :raises UnsupportedError: if they are too many for one statement.
    """
    state = instance_state(value)
    relation = state.mapper.relationships.get(name)
    if relation is None or not relation.uselist or name not in state.dict:
        return None
    rows = list(state.dict[name])
    if len(rows) > _MOST:
        raise UnsupportedError(
            f"{name!r} of this {type(value).__name__!r} is loaded and has {len(rows)} rows, more"
            " than a statement takes. Expire it, so that the database looks for them."
        )
    return rows


# -- loading many at once --------------------------------------------------------------------


def load_relations(actor: t.Any, objects: Iterable[t.Any], plan: LoadPlan) -> None:
    """Load the relations of rows, those of the rows found, and so on.

    Objects that are no rows of a session are ignored.
    """
    seen: dict[int, t.Any] = {id(actor): actor}
    waiting = [*objects]
    cls = type(actor)
    own = plan.of_actor(cls)
    if own is not None:
        _load_missing([_Alike(cls, [actor], own)])
        waiting += _found([actor], [name for name in own if plan.goes_on(cls, name)])
    for _ in range(_DEEPEST):
        rows = dict(zip(map(id, waiting), waiting, strict=True))
        for known in rows.keys() & seen.keys():
            del rows[known]
        seen |= rows
        if not rows or len(seen) > _MOST_ROWS:
            return
        waiting = []
        groups = plan.sorted(rows.values())
        _load_missing(groups)
        for cls, alike, names in groups:
            waiting += _found(alike, [name for name in names if plan.goes_on(cls, name)])


def load_among(row: t.Any, name: str, elements: Iterable[t.Any], path: Sequence[str]) -> None:
    """Load a relation of a row, together with some of the rows that follow it.

    A rule may find what it looks for in the next one: then those behind are not needed.

    :param elements: the rows of a loaded relation.
    :param path: the relations to one row that lead from an element to such a row.
    """
    cls, rows = type(row), dict[int, t.Any]()
    for element in elements:
        value = element
        for relation in path:
            value = None if value is None else value.__dict__.get(relation)
        is_wanted = value is row or bool(rows)
        if is_wanted and type(value) is cls and name not in value.__dict__:
            rows[id(value)] = value
            if len(rows) == _TOGETHER:
                break
    if len(rows) > 1 and _loadable(cls, [name]):
        _load_missing([_Alike(cls, [*rows.values()], [name])])


class LoadPlan:
    """The relations to load by class, each class looked at once.

    :param own: the relations of the actor.
    :param relations: gives those of other rows.
    """

    # Two threads may find out the same.
    def __init__(self, own: Iterable[str], relations: RelationsOf) -> None:
        self._own = own
        self._relations = relations
        self._names: dict[type, list[str] | None] = {}
        self._of_actor: dict[type, list[str] | None] = {}
        self._goes_on: dict[tuple[type, str], bool] = {}

    def of_actor(self, cls: type) -> list[str] | None:
        """Return the relations of the actor that are loaded; ``None`` if it is not mapped."""
        if cls not in self._of_actor:
            is_mapped = mapper_of(cls) is not None
            self._of_actor[cls] = _loadable(cls, self._own) if is_mapped else None
        return self._of_actor[cls]

    def names(self, cls: type) -> list[str] | None:
        """Return the relations of a class that are loaded; ``None`` if it is not mapped."""
        if cls not in self._names:
            is_mapped = mapper_of(cls) is not None
            self._names[cls] = _loadable(cls, self._relations(cls)) if is_mapped else None
        return self._names[cls]

    def sorted(self, rows: Iterable[t.Any]) -> Sequence[_Alike]:
        """Return the rows of mapped classes, class by class."""
        groups: dict[type, list[t.Any]] = {}
        for row in rows:
            groups.setdefault(type(row), []).append(row)
        named = [(cls, alike, self.names(cls)) for cls, alike in groups.items()]
        return [_Alike(cls, alike, names) for cls, alike, names in named if names is not None]

    def goes_on(self, cls: type, name: str) -> bool:
        """Tell whether the rows of a relation have relations that are loaded."""
        key = (cls, name)
        if key not in self._goes_on:
            related: t.Any = sa.inspect(cls).relationships[name].mapper
            found = [self.names(each.class_) for each in related.self_and_descendants]
            self._goes_on[key] = any(found)
        return self._goes_on[key]


class _Alike(t.NamedTuple):
    """Rows of one class, and the relations of them that will be read."""

    cls: type
    rows: list[t.Any]
    names: Sequence[str]


def _load_missing(groups: Iterable[_Alike]) -> None:
    """Load missing attributes of rows, session by session."""
    sessions: dict[t.Any, list[_Alike]] = {}
    usable: dict[t.Any, bool] = {}
    for cls, rows, names in groups:
        found: dict[t.Any, list[t.Any]] = {}
        for row in _waiting(rows, names):
            state: t.Any = instance_state(row)
            if not state.persistent:
                continue
            session = state.session
            # No statement knows foreign keys that are not flushed, which reading a row goes by.
            if state.modified and not session.autoflush:
                continue
            if session not in usable:
                usable[session] = _is_usable(session)
            if usable[session] and not any(map(_decides, state.load_options)):
                found.setdefault(session, []).append(row)
        for session, alike in found.items():
            sessions.setdefault(session, []).append(_Alike(cls, alike, names))
    for session, each in sessions.items():
        _load_referred(session, each)
        for cls, rows, names in each:
            _load(session, cls, rows, names)


def _waiting(rows: Iterable[t.Any], names: Sequence[str]) -> list[t.Any]:
    """Return the rows that have not loaded all of some relations, or are expired."""
    # Expired attributes are missing, too. This is fast for rows that have loaded all.
    if not names:
        return [row for row in rows if instance_state(row).expired]
    if len(names) == 1:
        return [row for row in rows if names[0] not in row.__dict__]
    needed = frozenset(names)
    return [row for row in rows if not row.__dict__.keys() >= needed]


def _is_usable(session: t.Any) -> bool:
    """Tell whether a session runs statements as they are, and may run some now."""
    is_rewritten = any(not _reads_all(each) for each in session.dispatch.do_orm_execute)
    is_waiting = session.get_bind().dialect.is_async and not can_wait()
    return not is_rewritten and not is_waiting


def _reads_all(listener: t.Any) -> bool:
    """Tell whether a listener, that of protected sessions, leaves what a policy reads as it is."""
    if not getattr(listener, "spares_policies", False):
        return False
    # Imported here: most programs protect no session.
    from ...row_access.waivers import current_waiver

    waiver = current_waiver()
    return waiver is not None and waiver.is_own


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
    """Load missing attributes of rows of one class."""
    _load_owned(session, _waiting(rows, names), names)
    waiting = _waiting(rows, names)
    missing = [name for name in names if any(name not in instance_state(r).dict for r in waiting)]
    loaders = {name: _loader(session, cls, name) for name in missing}
    if len(waiting) == 1:
        for name in missing:
            getattr(waiting[0], name)
        return
    options: list[t.Any] = [each for each in loaders.values() if each is not None]
    if missing and not options:
        return
    if not any(instance_state(row).expired for row in waiting):
        mapper: orm.Mapper[t.Any] = sa.inspect(cls)
        compared = [c for name in missing for c in mapper.relationships[name].local_columns]
        known = [attribute_name(mapper, c) for c in [*mapper.primary_key, *compared]]
        options.append(orm.load_only(*(getattr(cls, n) for n in dict.fromkeys(known) if n)))
    identities = [t.cast(t.Any, instance_state(row)).identity for row in waiting]
    _select(session, cls, identities, options)


def _loader(session: t.Any, cls: t.Any, name: str) -> t.Any:
    """Return the option that loads a relation, as reading it does, for all rows of a statement.

    ``None`` if there is none.
    """
    attribute = getattr(cls, name)
    relation = attribute.property
    # 'selectinload' compares keys in Python, and the database may equate texts that differ there.
    if all(isinstance(each.type, (sa.Integer, sa.Uuid)) for each in relation.local_columns):
        return orm.selectinload(attribute)
    # 'subqueryload' selects keys that differ, and the database gives one of such texts.
    is_whole = relation.local_columns >= {*relation.parent.primary_key}
    if is_whole or _are_exact(session, relation.local_columns):
        return orm.subqueryload(attribute)
    return None if relation.uselist else orm.joinedload(attribute)


def _are_exact(session: t.Any, columns: Iterable[t.Any]) -> bool:
    """Tell whether a database equates only values of columns that are equal in Python."""
    return session.get_bind().dialect.name in ("sqlite", "postgresql") and all(
        isinstance(each.type, (sa.Integer, sa.Uuid))
        or (type(each.type) in _TEXTS and each.type.collation is None)
        for each in columns
    )


#: Texts that have no collation of their own: a collation of PostgreSQL that equates is declared.
_TEXTS = (sa.String, sa.Text, sa.Unicode, sa.UnicodeText, sa.VARCHAR, sa.TEXT)


def _select(
    session: t.Any, cls: t.Any, identities: Sequence[t.Any], options: Sequence[t.Any] = ()
) -> list[t.Any]:
    """Return the rows of a class with some primary keys."""
    keys = [each.class_attribute for each in key_properties(sa.inspect(cls))]
    one = keys[0] if len(keys) == 1 else sa.tuple_(*keys)
    wanted = identities if len(keys) > 1 else [key for (key,) in identities]
    statement, found = sa.select(cls).options(*options), list[t.Any]()
    for start in range(0, len(wanted), _KEYS):
        part = statement.where(one.in_(wanted[start : start + _KEYS]))
        found += session.scalars(part).unique().all()
    return found


def _load_referred(session: t.Any, groups: Iterable[_Alike]) -> None:
    """Load the rows that foreign keys lead to, those of one class in one statement.

    What asks for the relation of rows would select these again.
    """
    leads: dict[type, list[tuple[t.Any, str, t.Any]]] = {}
    for cls, rows, names in groups:
        for row in rows:
            _find_known(row, names)
        for name in names:
            relation: t.Any = sa.inspect(cls).relationships[name]
            near = _foreign_key(relation)
            for row in rows if near else ():
                state: t.Any = instance_state(row)
                key = tuple(state.dict.get(each) for each in near)
                if name not in state.dict and None not in key:
                    leads.setdefault(relation.mapper.class_, []).append((row, name, key))
    for related, waiting in leads.items():
        if len(waiting) > 1:
            _set_referred(session, related, waiting)


def _set_referred(session: t.Any, related: type, waiting: list[tuple[t.Any, str, t.Any]]) -> None:
    """Load the rows of one class that foreign keys lead to."""
    keys = [*dict.fromkeys(key for _, _, key in waiting)]
    # Until they are set, nothing else keeps them in the session.
    found = {instance_state(each).identity: each for each in _select(session, related, keys)}
    for row, name, key in waiting:
        _find_known(row, [name])
        is_gone = key not in found and all(type(value) is int for value in key)
        # A database may find a text that Python takes for another one.
        if is_gone and name not in row.__dict__:
            orm.attributes.set_committed_value(row, name, None)


def _load_owned(session: t.Any, rows: Sequence[t.Any], names: Sequence[str]) -> None:
    """Load lists of rows by the foreign keys that these have.

    ``selectinload`` needs a statement that reads the owners again.
    """
    for name in names if len(rows) > 1 else ():
        relation: t.Any = sa.inspect(type(rows[0])).relationships[name]
        near, far = _owner_key(relation)
        owners: dict[t.Any, list[t.Any]] = {}
        for row in rows if near is not None else ():
            state: t.Any = instance_state(row)
            key = state.dict.get(near)
            if key is not None and name not in state.dict:
                owners.setdefault(key, []).append(state)
        if len(owners) > 1:
            column = getattr(relation.mapper.class_, far)
            statement = sa.select(column, relation.mapper.class_)
            statement = statement.order_by(*relation.order_by or ())
            for key, found in _grouped(session, statement, column, [*owners]).items():
                for state in owners[key]:
                    state.get_impl(name).set_committed_value(state, state.dict, found)


def _grouped(
    session: t.Any, statement: t.Any, column: t.Any, keys: Sequence[t.Any]
) -> dict[t.Any, list[t.Any]]:
    """Return the rows that a statement finds by the value of a column, its first one."""
    groups: dict[t.Any, list[t.Any]] = {key: [] for key in keys}
    for start in range(0, len(keys), _KEYS):
        part = statement.where(column.in_(keys[start : start + _KEYS]))
        for key, row in session.execute(part).unique():
            groups[key].append(row)
    return groups


def _owner_key(relation: t.Any) -> tuple[str | None, str]:
    """Return the attribute of an owner that equals one of each row on its list, and that one.

    The first is ``None`` where something else tells which rows there are, or the database compares
    their values in a way of its own.
    """
    pairs = compared_pairs(relation) if relation.direction is orm.ONETOMANY else []
    is_list = relation.uselist and not sa.inspect(relation.entity).is_aliased_class
    if len(pairs) != 1 or not is_list:
        return None, ""
    names = [
        attribute_name(mapper, column)
        for mapper, column in zip((relation.parent, relation.mapper), pairs[0], strict=True)
    ]
    is_exact = all(isinstance(each.type, (sa.Integer, sa.Uuid)) for each in pairs[0])
    return (names[0], names[1]) if is_exact and names[1] is not None else (None, "")


def _foreign_key(relation: t.Any) -> list[str]:
    """Return the attributes whose values are the primary key of a related row, if that is all."""
    near = {far: column for column, far in direct_pairs(relation) or ()}
    names = [attribute_name(relation.parent, near.get(c)) for c in relation.mapper.primary_key]
    return [name for name in names if name is not None] if near and None not in names else []


def _find_known(row: t.Any, names: Sequence[str]) -> None:
    """Set the relations that lead to rows which the session has, without a statement."""
    state: t.Any = instance_state(row)
    for name in names:
        if name not in state.dict:
            state.manager[name].impl.get(state, state.dict, passive=PASSIVE_NO_FETCH)


def _found(rows: Iterable[t.Any], names: Sequence[str]) -> Iterable[t.Any]:
    """Return the rows of loaded relations."""
    values = {
        id(v): v for name in names for row in rows if (v := row.__dict__.get(name)) is not None
    }
    found: list[t.Any] = []
    for value in values.values():
        if isinstance(value, dict):
            found += value.values()
        elif isinstance(value, (list, set)):
            found += value
        else:
            found.append(value)
    return found


def is_unread(error: Exception) -> bool:
    """Tell whether an error says that a row cannot be read now, or the database not asked."""
    return isinstance(error, _UNREAD)


#: An asynchronous session, a row of no session, or that is gone, a statement that the database did
#: not answer, or that it was not asked.
_UNREAD = (
    sa.exc.MissingGreenlet,
    orm.exc.DetachedInstanceError,
    orm.exc.ObjectDeletedError,
    sa.exc.StatementError,
    sa.exc.PendingRollbackError,
    sa.exc.ResourceClosedError,
    sa.exc.TimeoutError,
    sa.exc.UnboundExecutionError,
)


class explaining_unloaded:
    """Turn an error of an asynchronous session into one that says which object to refresh.

    Named as those of ``contextlib``, and written out, since each list enters it twice.

    :param objects: what is read within it.
    :raises OsoError: if an attribute is read that is not loaded.
    """

    __slots__ = ("_objects",)

    def __init__(self, objects: Iterable[t.Any]) -> None:
        self._objects = objects

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            return
        # Some drivers raise it within a statement.
        cause = error.orig if isinstance(error, sa.exc.StatementError) else error
        if isinstance(cause, sa.exc.MissingGreenlet):
            raise OsoError(_remedy(self._objects)) from error


def _remedy(objects: Iterable[t.Any]) -> str:
    states = [t.cast(t.Any, sa.inspect(each, raiseerr=False)) for each in objects]
    rows = [each for each in states if isinstance(each, orm.InstanceState)]
    # Columns of a subclass that the statement did not read count as expired attributes, too.
    expired = [each for each in rows if each.expired]
    if expired:
        return (
            f"The policy reads attributes of a {expired[0].class_.__name__!r} that is expired, and"
            " an AsyncSession does not load them by itself. Await 'session.refresh(...)' of it"
            " before, or make the session with 'expire_on_commit=False'."
        )
    names = sorted({name for each in rows for name in each.unloaded if _is_loadable(each, name)})
    listed = f", such as {', '.join(map(repr, names))}," if names else ""
    return (
        f"The policy reads an attribute or relation that is not loaded{listed} and an AsyncSession"
        " does not load it by itself. Await 'session.refresh(..., attribute_names=[...])' before,"
        " or load it with the object."
    )


def _is_loadable(state: orm.InstanceState[t.Any], name: str) -> bool:
    """Tell whether an attribute can be named to a refresh: a synonym, say, cannot."""
    prop = state.mapper.attrs.get(name)
    if isinstance(prop, orm.RelationshipProperty):
        return prop.lazy not in ("dynamic", "noload", "write_only")
    return isinstance(prop, orm.ColumnProperty)
