"""Have sessions select only the rows that the current actor may read.

In go sessions, and who says what is read now; from then on each statement of these sessions has
the conditions of the policy on the guarded classes that it names, or is verified to need none.
What cannot be filtered raises. Connections of an engine that belong to no such session are not
looked at, nor is what a cursor of the driver executes.
"""

from __future__ import annotations

import typing as t
import weakref
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.orm.attributes import instance_state
from sqlalchemy.orm.base import opt_manager_of_class

from ...polar.exceptions import OsoError
from ...polar.residual.algebra.outcomes import Residual
from ...row_access.reads import Access, Reader, UnfilteredRowsError
from ...row_access.waivers import Waiver, current_waiver, watch_evaluations
from ..mapped.tables import key_properties
from ..queries import Selects
from ..read_conditions import ReadOption, read_condition
from .actor_facts import facts_of
from .hierarchies import Hierarchies, listen_to_mappings, mappings
from .relation_loads import listen_to_loads
from .relation_views import RelationViews
from .sources import connections_of, is_session_source, target_of
from .verification import problem_of

_Mapper = orm.Mapper[t.Any]
#: On what it depends whether a compiled statement may be executed.
_Circumstances = tuple[Hierarchies, bool, dict[str | None, str | None]]


class Readers(t.Protocol):
    """Says who reads in the apps of one FlaskOso."""

    @property
    def unguarded(self) -> Collection[type]:
        """Classes whose rows everybody may read."""

    @property
    def oso(self) -> t.Any:
        """The policy, whose registered classes are guarded."""

    def is_of_app(self) -> bool:
        """Tell whether the current app has this FlaskOso."""

    def place(self) -> object:
        """Give the current request, or else what stands for the current context, or ``None``."""

    def find(self) -> Reader | Waiver:
        """Give who reads, or why all is read.

        :raises OsoError: neither is known.
        """

    def note(self, cls: type | None, access: Access, reason: str | None) -> None:
        """Hear that rows of a class are read, by one statement; ``None`` is a text."""


_OPTION = "flask_oso_access"
_FILTERS = "__flask_oso_filter__"


def filter_rows(sessions: t.Any, readers: Readers) -> RowFilter:
    """Have sessions select only what may be read.

    Several FlaskOso may protect the same sessions: that of the current app says who reads, and by
    which policy; without an app it is the last one.

    :raises OsoError: if these are no sessions.
    """
    if not is_session_source(sessions):
        raise OsoError(
            f"Rows of {type(sessions).__name__!r} cannot be filtered. Give a 'sessionmaker', a"
            " 'scoped_session', a 'Session' class or a session, or one of 'sqlalchemy.ext.asyncio'."
        )
    target = target_of(sessions)
    row_filter: RowFilter | None = vars(target).get(_FILTERS)
    if row_filter is None:
        row_filter = RowFilter()
        setattr(target, _FILTERS, row_filter)
        row_filter.listen(target)
    row_filter.add(readers)
    return row_filter


class _Mark:
    """What this module says of a statement that it has seen; a program has no such object.

    :param guarded: the classes whose conditions it has; ``None`` if all rows are read.
    """

    __slots__ = ("guarded",)

    def __init__(self, guarded: Hierarchies | None) -> None:
        self.guarded = guarded


class _Identity:
    """An actor, which may be ``None``; of some kinds, another object is made each time."""

    __slots__ = ("_actor",)

    def __init__(self, actor: t.Any) -> None:
        self._actor = actor

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Identity):
            return False
        mine, others = self._actor, other._actor
        return mine is others or (type(mine) is type(others) and (mine == others) is True)

    def __hash__(self) -> int:
        return hash(type(self._actor))


class _Conditions:
    """The conditions of one actor, by hierarchy."""

    def __init__(self, reader: Reader, epoch: object) -> None:
        self.epoch = epoch
        self.actor = reader.actor
        self.facts = facts_of(reader.actor)
        self.engine = reader.oso.engine
        self.options: dict[_Mapper, ReadOption] = {}

    def is_of(self, reader: Reader, epoch: object) -> bool:
        """Tell whether they are those of a reader now."""
        is_same = self.actor is reader.actor and self.engine is reader.oso.engine
        if not is_same or self.epoch is not epoch or self.facts is None:
            return False
        return self.facts == facts_of(reader.actor)


class RowFilter:
    """Filters the statements of sessions."""

    def __init__(self) -> None:
        self._all: list[Readers] = []
        #: The guarded classes, by the identities of those who are in the list: hashes take longer.
        self._known: dict[int, tuple[t.Any, object, Hierarchies]] = {}
        # SQLAlchemy adapts a condition to where it stands, and with it all that has the name of
        # a table of the statement.
        self._selects = Selects(only_aliases=True)
        #: Changes when a session has written: what an actor may read may have changed with it.
        self._epoch = object()
        self._views: weakref.WeakKeyDictionary[orm.Session, RelationViews] = (
            weakref.WeakKeyDictionary()
        )
        self._flushing: weakref.WeakSet[orm.Session] = weakref.WeakSet()
        self._engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()
        self._followed: weakref.WeakKeyDictionary[sa.Connection, weakref.ref[orm.Session]] = (
            weakref.WeakKeyDictionary()
        )
        self._problems: weakref.WeakKeyDictionary[t.Any, tuple[_Circumstances, str | None]] = (
            weakref.WeakKeyDictionary()
        )

    def add(self, readers: Readers) -> None:
        """Ask a FlaskOso who reads in its apps; the last one added is asked first."""
        if readers not in self._all:
            self._all.insert(0, readers)
            watch_evaluations(readers.oso, self.begin)

    def listen(self, target: t.Any) -> None:
        """Listen to a class of sessions, or to one session."""
        event.listen(target, "do_orm_execute", self.filter_statement)
        event.listen(target, "after_begin", self.follow)
        event.listen(target, "before_flush", lambda session, *_: self._flushing.add(session))
        event.listen(target, "after_flush", lambda session, *_: self._end_flush(session))
        event.listen(target, "after_soft_rollback", lambda session, _: self._end_flush(session))
        event.listen(target, "after_commit", self._end_flush)
        event.listen(target, "after_attach", self._note_attached, raw=True)
        listen_to_loads(target)
        listen_to_mappings()
        is_class = isinstance(target, type)
        for name, function in self._methods_for(target, is_class).items():
            setattr(target, name, function if is_class else function.__get__(target))
        if not is_class and target.in_transaction():
            for connection in connections_of(target):
                self.follow(target, None, connection)

    def _methods_for(self, target: t.Any, is_class: bool) -> dict[str, t.Callable[..., t.Any]]:
        """Return methods of sessions that judge what no statement shows."""
        look_up, merge, flush = target._identity_lookup, target._merge, target.flush

        def identity_lookup(
            session: t.Any, mapper: t.Any, *args: t.Any, **keywords: t.Any
        ) -> t.Any:
            found = look_up(*((session,) if is_class else ()), mapper, *args, **keywords)
            return self.judge_known(session, found, keywords.get("lazy_loaded_from"))

        def merge_readable(session: t.Any, state: t.Any, *args: t.Any, **keywords: t.Any) -> t.Any:
            self.judge_merged(session, state)
            merged = merge(*((session,) if is_class else ()), state, *args, **keywords)
            # It sets relations without a word where it does not load.
            self._views_of(session).bring(instance_state(merged))
            return merged

        def flush_to_end(session: t.Any, *args: t.Any, **keywords: t.Any) -> None:
            is_outermost = session not in self._flushing
            try:
                flush(*((session,) if is_class else ()), *args, **keywords)
            finally:
                # There is no event for a flush that a listener ended, or that had nothing to write.
                if is_outermost and session in self._flushing:
                    self._end_flush(session)

        return {
            "_identity_lookup": identity_lookup,
            # Of each object: those that are given, and those that are related to them.
            "_merge": merge_readable,
            "flush": flush_to_end,
        }

    # -- statements ----------------------------------------------------------------------

    def filter_statement(self, execution: orm.ORMExecuteState) -> None:
        """Add the conditions of the policy to a statement.

        :raises OsoError: nobody is known who reads.
        """
        session, waiver = execution.session, current_waiver()
        if waiver is None and session in self._flushing:
            waiver = _FLUSH
        if waiver is not None:
            self._waive(execution, waiver)
        elif execution.is_select and execution.is_orm_statement:
            guarded = self.guarded
            roots = guarded.named_in(execution.statement)
            found = self._readers.find() if roots else None
            if isinstance(found, Waiver):
                self._waive(execution, found)
            elif found is not None:
                self._filter(execution, found, roots, guarded)
        # Anything else is verified when it is executed.

    #: What a policy reads is not rewritten, and so may be loaded for many rows at once.
    filter_statement.spares_policies = True  # type: ignore[attr-defined]

    def _waive(self, execution: orm.ORMExecuteState, waiver: Waiver) -> None:
        execution.update_execution_options(**{_OPTION: _Mark(None)})
        views = self._views_of(execution.session)
        views.note_place(self._readers.place())
        if waiver.is_own:
            views.look(waiver)
        if waiver is not _FLUSH:
            for cls in self._classes_in(execution.statement):
                self._readers.note(cls, waiver.access, waiver.reason)

    def _classes_in(self, statement: t.Any) -> Iterable[type | None]:
        if isinstance(statement, sa.TextClause):
            return [None]
        return [each.class_ for each in self.guarded.named_in(statement)]

    def _filter(
        self,
        execution: orm.ORMExecuteState,
        reader: Reader,
        roots: Collection[_Mapper],
        guarded: Hierarchies,
    ) -> None:
        session, statement = execution.session, t.cast(t.Any, execution.statement)
        self._note_reader(session, reader)
        options = self._options(session, reader, roots)
        if execution.is_column_load:
            # SQLAlchemy adds no options to what loads attributes of an object again.
            if not isinstance(statement, sa.Select):
                self._judge_loaded(execution)
                return
            state = t.cast(t.Any, execution.load_options)._refresh_state
            own = self.guarded.root_of(state.mapper)
            # A condition on another class that it names would bring the table of that with it.
            mine = [each for root, each in options.items() if root is own]
            statement = statement.where(*(each.where_criteria for each in mine))
        execution.statement = statement.options(*options.values())
        execution.update_execution_options(**{_OPTION: _Mark(guarded)})
        for root in roots:
            self._readers.note(root.class_, Access.FILTERED, None)

    def _judge_loaded(self, execution: orm.ORMExecuteState) -> None:
        """Look for the row of an object of which one table is read again.

        :raises UnfilteredRowsError: it may not be read.
        """
        state = t.cast(t.Any, execution.load_options)._refresh_state
        key = key_properties(state.mapper)
        same = [each.class_attribute == v for each, v in zip(key, state.identity, strict=True)]
        wanted = sa.select(key[0].class_attribute).where(*same)
        if execution.session.execute(wanted).first() is None:
            raise UnfilteredRowsError(
                f"The current actor may not read the {state.class_.__name__!r} whose attributes"
                " are loaded again. Read them within 'with oso.unfiltered(reason=…)' if it is"
                " meant to be."
            )
        execution.update_execution_options(**{_OPTION: _Mark(None)})

    def _note_reader(self, session: orm.Session, reader: Reader) -> None:
        views, identity = self._views_of(session), _Identity(reader.actor)
        views.note_place(self._readers.place())
        views.mistrust()
        if views.reader != identity:
            views.change(identity)

    def _options(
        self, session: orm.Session, reader: Reader, roots: Iterable[_Mapper]
    ) -> dict[_Mapper, ReadOption]:
        known = reader.reads.conditions
        epoch = self._epoch
        if known is None or not known.is_of(reader, epoch) or session.identity_map.check_modified():
            known = reader.reads.conditions = _Conditions(reader, epoch)
        options = known.options
        for root in roots:
            if root not in options:
                options[root] = self._option(reader, root)
        return {root: options[root] for root in sorted(roots, key=id)}

    def _option(self, reader: Reader, root: _Mapper) -> ReadOption:
        oso = reader.oso

        def clause_of(residual: Residual) -> t.Any:
            return self._selects.clause(oso.host, residual, root.class_)

        clause = oso.made_of_residual(reader.actor, oso.read_action, root.class_, clause_of)
        return ReadOption(root.class_, read_condition(root.class_, clause))

    # -- objects that are loaded ---------------------------------------------------------

    def judge_known(self, session: orm.Session, found: t.Any, loaded_from: t.Any) -> t.Any:
        """Return an object of the identity map if it may be read, and otherwise ``None``."""
        state = getattr(found, "_sa_instance_state", None)
        root = self.guarded.root_of(state.mapper) if state is not None else None
        if root is None or session in self._flushing:
            return found
        reader = current_waiver() or self._readers.find()
        if isinstance(reader, Waiver):
            views = self._views_of(session)
            views.note_place(self._readers.place())
            if reader.is_own and loaded_from is not None:
                views.look(reader)
            return found
        self._note_reader(session, reader)
        self._readers.note(root.class_, Access.JUDGED, "it was loaded before")
        return found if self._may_read(reader, found) else None

    def judge_merged(self, session: orm.Session, state: t.Any) -> None:
        """Refuse to give the loaded object of a key to who may not read it.

        :param state: what SQLAlchemy knows of the object that is merged.
        :raises UnfilteredRowsError: if so.
        """
        if self.guarded.root_of(state.mapper) is None:
            return
        key = state.key or state.mapper._identity_key_from_state(state)
        known = session.identity_map.get(key)
        if known is not None and self.judge_known(session, known, None) is None:
            raise UnfilteredRowsError(
                f"The current actor may not read the {state.class_.__name__!r} that is merged."
                " Merge within 'with oso.unfiltered(reason=…)' if it is meant to be."
            )

    @staticmethod
    def _may_read(reader: Reader, row: t.Any) -> bool:
        return reader.oso.is_allowed(reader.actor, reader.oso.read_action, row) is True

    def begin(self, waiver: Waiver) -> None:
        """Show a policy all rows of relations, in the sessions that it may read."""
        place, asked = self._readers.place(), _states_of(waiver.asked)
        sessions = {each.session for each in asked}
        # Other threads add their sessions meanwhile, so no iterator may stay open.
        for reference in self._views.keyrefs():
            session = reference()
            views = None if session is None else self._views.get(session)
            if views is not None and (session in sessions or not views.is_elsewhere(place)):
                views.begin(waiver, asked)

    # -- connections ---------------------------------------------------------------------

    def follow(self, session: orm.Session, _transaction: t.Any, connection: sa.Connection) -> None:
        """Verify the statements of a connection from now on."""
        self._followed[connection] = weakref.ref(session)
        if connection.engine not in self._engines:
            self._engines.add(connection.engine)
            event.listen(connection.engine, "before_cursor_execute", self._verify)

    def _verify(
        self, connection: t.Any, _cursor: t.Any, text: str, _values: t.Any, context: t.Any, _: bool
    ) -> None:
        known = self._followed.get(connection)
        if known is None:
            return
        session = known()
        if session is not None and not _is_select(context):
            self._views_of(session).forget()
        mark, is_flush = context.execution_options.get(_OPTION), False
        if type(mark) is not _Mark:
            is_flush = session in self._flushing
            if current_waiver() is not None or (is_flush and not _is_write(context)):
                return
            guarded = self.guarded
        elif mark.guarded is None:
            return
        else:
            guarded = mark.guarded
        problem = self._problem(context, guarded, is_flush)
        if problem is not None:
            raise UnfilteredRowsError(
                f"A statement of this session would read or change rows that nobody judged."
                f" {problem}, or execute it within 'with oso.unfiltered(reason=…)'."
            )

    def _problem(self, context: t.Any, guarded: Hierarchies, is_flush: bool) -> str | None:
        compiled = getattr(context, "compiled", None)
        if compiled is None:
            return problem_of(None, guarded)
        # A mapper has one compiled statement for flushes and for bulk, SQLAlchemy for all schemas.
        translated = context.execution_options.get("schema_translate_map") or {}
        # A copy: the program may change its own.
        circumstances = guarded, is_flush, dict(translated)
        known = self._problems.get(compiled)
        if known is None or known[0] != circumstances:
            problem = problem_of(compiled, guarded, is_flush=is_flush, translated=translated)
            known = self._problems[compiled] = circumstances, problem
        return known[1]

    # -- state ---------------------------------------------------------------------------

    @property
    def _readers(self) -> Readers:
        """The FlaskOso of the current request, which knows who reads."""
        if len(self._all) == 1:
            return self._all[0]
        return next((each for each in self._all if each.is_of_app()), self._all[0])

    @property
    def guarded(self) -> Hierarchies:
        """The guarded classes: those that the policy knows now."""
        readers = self._readers
        oso, known, mapped = readers.oso, self._known.get(id(readers)), mappings()
        if known is None or known[0] is not oso.host or known[1] is not mapped:
            watch_evaluations(oso, self.begin)
            found = Hierarchies(oso.host.classes.values(), readers.unguarded)
            known = self._known[id(readers)] = oso.host, mapped, found
        return known[2]

    def _views_of(self, session: orm.Session) -> RelationViews:
        views = self._views.get(session)
        if views is None:
            views = RelationViews(session, lambda: self.guarded, self._begin_epoch)
            self._views[session] = views
        return views

    def _begin_epoch(self) -> None:
        self._epoch = object()

    def _note_attached(self, session: orm.Session, state: t.Any) -> None:
        # What is new has nothing that was filtered.
        views = self._views.get(session) if state.key is None else self._views_of(session)
        if views is not None:
            views.bring(state)

    def _end_flush(self, session: orm.Session) -> None:
        self._flushing.discard(session)
        views = self._views_of(session)
        views.forget()
        views.look_through()


def _states_of(asked: Iterable[t.Any]) -> list[t.Any]:
    """Return what SQLAlchemy knows of the rows that a policy is asked about."""
    found = []
    for each in asked:
        # By their types: what is asked about may be a proxy, or have attributes that run code.
        for row in each if issubclass(type(each), (list, tuple, set, frozenset)) else (each,):
            manager = opt_manager_of_class(type(row))
            if manager is not None and manager.is_mapped:
                found.append(instance_state(row))
    return found


def _is_select(context: t.Any) -> bool:
    statement = getattr(getattr(context, "compiled", None), "statement", None)
    return isinstance(statement, sa.SelectBase)


def _is_write(context: t.Any) -> bool:
    return bool(context.isinsert or context.isupdate or context.isdelete)


_FLUSH = Waiver(Access.WAIVED, "the session flushes")
