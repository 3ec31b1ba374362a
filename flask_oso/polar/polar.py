"""``Polar``: a policy and its names as one object that programs hold on to.

Here policies are loaded and replaced, names registered, and queries begun. The state is
an immutable ``Engine``; loading and registering put another engine in its place, so a
question reads one reference and takes no lock, and a load that fails changes nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import sys
import threading
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping

from .engine import Engine
from .exceptions import (
    InlineQueryFailedError,
    OsoError,
    PolarFileExtensionError,
    PolarFileNotFoundError,
    PolarRuntimeError,
    combined,
    error_at,
)
from .host.data_adapter import DataAdapter
from .host.registry import Host, Identities, make_host
from .host.terms import Predicate
from .limits import Limits
from .observe.console import Console, StandardConsole
from .output import BANNER, is_banner_due, say
from .policy.cache import load_cached
from .policy.policy import Policy
from .queries import Query
from .sources import Source

if t.TYPE_CHECKING:
    from .proof.proof import Proof
    from .residual.schema import Schema
    from .tools.compiled_report import LeftOver
    from .tools.policy_check import Checked

_NO_ALLOW_WARNING = "POLAR_IGNORE_NO_ALLOW_WARNING"


def _is_compiling() -> bool:
    return os.environ.get("OSO_COMPILED", "1") != "0"


@dataclasses.dataclass(frozen=True)
class LoadReport:
    """What became of a load.

    :param files: the files that were to be loaded; none for a text.
    :param policy_hash: that of the policy that is in force now, loaded or left as it was.
    :param error: why the load was refused; ``None`` if it was not.
    """

    files: tuple[str, ...]
    policy_hash: str | None
    error: Exception | None = None


class Polar:
    """A policy together with the Python names it may use.

    Names, signatures and results are those of ``polar.Polar`` of oso 0.27.3.

    :param limits: what loading and asking may cost. Without them the environment is read
        anew each time, as upstream does: see ``Limits``.
    :param compiled: answer yes-or-no questions with rules that were made Python functions,
        where they can be. The answers are the same without; ``OSO_COMPILED=0`` in the
        environment turns it off, too.
    """

    def __init__(self, *, limits: Limits | None = None, compiled: bool = True) -> None:
        self._ignores_missing_allow = _NO_ALLOW_WARNING in os.environ
        self._has_roles = False
        self._limits = limits
        if is_banner_due():
            say(BANNER, sys.stdout)
        self._engine = Engine(Policy(), make_host(), limits, compiled=compiled and _is_compiling())
        self._gates: dict[int, _Gate] = {}
        self._load_watchers: tuple[Callable[[Polar, LoadReport], object], ...] = ()

    # -- querying --------------------------------------------------------------------

    def query(
        self,
        query: str | Predicate,
        *,
        bindings: Mapping[str, t.Any] | None = None,
        accept_expression: bool = False,
    ) -> Iterator[dict[str, t.Any]]:
        """Give the solutions of a query, lazily.

        Nothing happens, not even parsing, before the first result is asked for. Each
        result is ``{"bindings": {name: value}, "trace": None}``; a variable that stays
        unbound is a ``Variable``.

        :param query: a Polar expression without a semicolon, or a ``Predicate``.
        :param bindings: values that variables have from the beginning.
        :param accept_expression: give an ``Expression`` for a variable that is constrained.
        """
        # Everything below runs at the first result, under the policy of that moment.
        yield from Query(
            self._engine, query, bindings=bindings, accept_expression=accept_expression
        ).run()

    def query_rule(
        self,
        name: str,
        *args: t.Any,
        bindings: Mapping[str, t.Any] | None = None,
        accept_expression: bool = False,
    ) -> Iterator[dict[str, t.Any]]:
        """Give the solutions of a rule call, lazily; see ``query``."""
        yield from self.query(
            Predicate(name, args), bindings=bindings, accept_expression=accept_expression
        )

    def query_rule_once(
        self,
        name: str,
        *args: t.Any,
        bindings: Mapping[str, t.Any] | None = None,
        accept_expression: bool = False,
    ) -> bool:
        """Tell whether a rule call has at least one solution."""
        results = self.query_rule(
            name, *args, bindings=bindings, accept_expression=accept_expression
        )
        return next(results, None) is not None

    def explain_rule(self, name: str, *args: t.Any, redact: Iterable[str] = ()) -> Proof:
        """Say why a rule call with these arguments holds, or does not.

        :param redact: words of attributes whose values are not shown, besides ``password``,
            ``token`` and the like.
        """
        return self._engine.explain(name, args, redact)

    def repl(
        self,
        files: Iterable[str | os.PathLike[str]] | None = None,
        *,
        constants: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Ask for queries at a prompt and print their results, until the input ends.

        Registered classes and loaded rules are there to be used.

        :param files: policies to load first.
        :param constants: values that have names in this session, besides what is registered.
        """
        self.load_files(files)

        def engine() -> Engine:
            host = self._engine.host
            for name, value in (constants or {}).items():
                host = host.with_constant(value, name)
            return self._engine.with_host(host) if constants else self._engine

        with self._console() as console:
            # Here and below: what few processes use is imported by those that do.
            from .tools.repl import Repl

            Repl(engine, console).run()

    def _console(self) -> contextlib.AbstractContextManager[Console]:
        return contextlib.nullcontext(StandardConsole())

    # -- registering -----------------------------------------------------------------

    def register_class(
        self,
        cls: type,
        *,
        name: str | None = None,
        fields: Mapping[str, t.Any] | None = None,
        private: Iterable[str] = (),
    ) -> None:
        """Make a class known to policies.

        :param name: the name it has there; its own by default.
        :param fields: the types of its fields, and a ``Relation`` for each that leads to
            another class. They are looked at when first needed, so a class may be named
            before it is registered.
        :param private: names of its attributes that begin with an underscore and may be read
            by policies all the same, such as ``["_id"]``; all others of this kind are refused.
        :raises DuplicateClassAliasError: if a class has this name already.
        """
        with self._gate().lock:
            engine = self._engine
            self._engine = engine.with_host(engine.host.with_class(cls, name, fields, private))

    def register_constant(self, value: t.Any, name: str) -> None:
        """Make a value known to policies under a name; a later one replaces it."""
        with self._gate().lock:
            engine = self._engine
            self._engine = engine.with_host(engine.host.with_constant(value, name))

    def set_data_filtering_adapter(self, adapter: DataAdapter) -> None:
        """Read the fields that are declared as relations through this adapter."""
        with self._gate().lock:
            engine = self._engine
            self._engine = engine.with_host(engine.host.with_adapter(adapter))

    def set_identities(self, identities: Identities) -> None:
        """Compare objects that stand for rows by their keys; ``register_models`` calls it."""
        with self._gate().lock:
            engine = self._engine
            self._engine = engine.with_host(engine.host.with_identities(identities))

    def get_class(self, name: str) -> type:
        """Give a registered class.

        :raises UnregisteredClassError: if there is none of this name.
        """
        return self._engine.host.get_class(name)

    # -- loading ---------------------------------------------------------------------

    def load_files(
        self,
        filenames: Iterable[str | os.PathLike[str]] | None = None,
        *,
        replace: bool = False,
    ) -> None:
        """Load policy files together, as one policy.

        Either all of it is in force afterwards or nothing has changed. Warnings are
        printed on standard output.

        :param replace: put the files in the place of the policy that is loaded, in one
            step. Queries that are running finish under the old one; roles stay enabled.
        :raises PolarFileExtensionError: if a name does not end in ``.polar``.
        :raises PolarFileNotFoundError: if a file does not exist.
        :raises ParserError: if a text is not Polar; ``problems`` has all that was found.
        :raises ValidationError: if the policy is wrong; likewise.
        :raises InlineQueryFailedError: if an inline query has no result; likewise.
        :raises PolarRuntimeError: if rules are loaded already and not to be replaced, or
            there are no files to replace them with.
        """
        names = tuple(filenames or ())
        if not names and not replace:
            return
        with self._reported(names):
            if not names:
                # A pattern that matches no file must not leave an application without a policy.
                raise PolarRuntimeError(
                    "No files to replace the policy with. Use 'clear_rules' to drop it."
                )
            self._load([read_source(name) for name in names], replace=replace)

    def load_file(self, filename: str | os.PathLike[str]) -> None:
        """Load one policy file. Kept for older programs."""
        say(
            "'Oso.load_file' is deprecated. Use 'Oso.load_files', which loads all files of a"
            " policy together.",
            sys.stderr,
        )
        self.load_files([filename])

    def load_str(self, string: str, *, replace: bool = False) -> None:
        """Load a policy from a text; see ``load_files``."""
        if not isinstance(string, str):
            raise TypeError(f"'load_str' takes a str, not {type(string).__name__}.")
        with self._reported(()):
            self._load([Source(string)], replace=replace)

    def watch_loads(self, watcher: Callable[[Polar, LoadReport], object]) -> None:
        """Call a function with this object and a report after each load, accepted or refused.

        It is called when the load is over and others may begin; what it raises is raised by
        ``load_files`` or ``load_str``, and changes nothing of what is in force. A function
        that is given twice is called once.
        """
        with self._gate().lock:
            if watcher not in self._load_watchers:
                self._load_watchers += (watcher,)

    @contextlib.contextmanager
    def _reported(self, files: Iterable[str | os.PathLike[str]]) -> Iterator[None]:
        """Report how a load ends to those who watch."""
        try:
            yield
        except Exception as error:
            # Whatever it is, it goes on.
            self._report(files, error)
            raise
        self._report(files)

    def _report(
        self, files: Iterable[str | os.PathLike[str]], error: Exception | None = None
    ) -> None:
        if self._load_watchers:
            report = LoadReport(tuple(map(str, files)), self.policy_hash, error)
            for watcher in self._load_watchers:
                watcher(self, report)

    def clear_rules(self) -> None:
        """Drop the policy. Classes and constants stay; roles have to be enabled again."""
        with self._gate().lock:
            self._check_not_loading()
            self._has_roles = False
            self._engine = self._engine.with_policy(Policy())

    def enable_roles(self) -> None:
        """Add the roles of oso 0.15: ``resource/4``, ``role_allows``, ….

        Called before a policy is loaded, it takes effect when the policy arrives.

        :raises RolesValidationError: if the policy's role configuration is wrong.
        """
        from .policy.legacy_roles import with_role_rules

        with self._gate().lock:
            self._check_not_loading()
            if self._has_roles:
                return
            engine = self._engine
            if engine.policy.has_rules:
                policy = with_role_rules(engine.policy, engine.host)
                engine = engine.with_policy(policy)
                _print_role_warnings(engine)
                self._engine = engine
            self._has_roles = True

    def check_inline_queries(self) -> None:
        """Run the inline queries that wait. Kept for older programs.

        A load runs them itself before its policy is in force, so none ever wait.
        """
        _check_inline_queries(self._engine)

    def _load(self, sources: list[Source], *, replace: bool) -> None:
        with self._gate().lock:
            self._check_not_loading()
            base = Policy() if replace else self._engine.policy
            if base.has_rules:
                raise PolarRuntimeError(
                    "Cannot load additional Polar code -- all Polar code must be loaded at the"
                    " same time."
                )
            policy = self._make_policy(sources, base)
            self._pass_inline_queries(self._engine.with_policy(policy))
            # An inline query may have registered something.
            policy = dataclasses.replace(policy, inline_queries=())
            self._engine = self._engine.with_policy(policy)

    def _make_policy(self, sources: list[Source], base: Policy) -> Policy:
        """Read texts and check what they say, but for their inline queries."""
        try:
            loaded = load_cached(
                sources,
                self._engine.host,
                base,
                ignore_missing_allow=self._ignores_missing_allow,
                roles=self._has_roles,
                limits=self._limits,
            )
        except OsoError as error:
            _print_warnings(getattr(error, "warnings", ()))
            raise
        _print_warnings(loaded.warnings)
        if self._has_roles and loaded.policy.has_rules:
            _print_role_warnings(self._engine.with_policy(loaded.policy))
        return loaded.policy

    def _pass_inline_queries(self, candidate: Engine) -> None:
        gate = self._gate()
        gate.is_loading = True
        try:
            _check_inline_queries(candidate)
        finally:
            gate.is_loading = False

    def _check_not_loading(self) -> None:
        # Only the thread that loads gets here while it does: from an inline query.
        if self._gate().is_loading:
            raise PolarRuntimeError(
                "Cannot change the policy while its inline queries run. Change it afterwards."
            )

    def _gate(self) -> _Gate:
        # A fork copies a lock whose holder, another thread, does not live on in the child.
        return self._gates.setdefault(os.getpid(), _Gate())

    def check_files(self, filenames: Iterable[str | os.PathLike[str]] | None = None) -> Checked:
        """Find out what is wrong and what is odd about policy files, as one policy.

        Without names they are the files that are loaded, as they are now.

        Nothing is loaded and nothing is raised for what the files say. Besides the problems and
        warnings of a load there are attributes that no registered class has, and rules that
        stay with the solver.

        :raises PolarFileExtensionError: if a name does not end in ``.polar``.
        :raises PolarFileNotFoundError: if a file does not exist.
        """
        from .tools.policy_check import check_policy

        return check_policy(
            self._sources() if filenames is None else [*map(read_source, filenames)],
            self._engine,
            roles=self._has_roles,
            models=self._models(),
            ignore_missing_allow=self._ignores_missing_allow,
            limits=self._limits,
        )

    def _models(self) -> Schema | None:
        """Give what is known of rows; nothing, where no models are registered."""
        return None

    def _sources(self) -> list[Source]:
        """Read the files of the policy anew; a text stays as it is."""
        known = self._engine.policy.sources
        return [each if each.name is None else read_source(each.name) for each in known]

    def policy_files(self) -> list[str]:
        """Give the names of the files that are loaded."""
        return [each.name for each in self._engine.policy.sources if each.name is not None]

    def prepare(self, seconds: float | None = None) -> None:
        """Compile the policy for all questions that an application asks, in one go.

        Loading reads and checks a policy, and each question compiles the rules that it needs
        and that are not compiled yet, which takes milliseconds for the first of its kind. A
        process that serves requests calls this once, when classes are registered and the policy
        is loaded, so that no request pays for it. A later load or registration begins anew.

        Questions of other threads do not wait for it. Nothing is asked and nothing raised for
        what the policy says.

        :param seconds: how long it may take, about; what is not compiled then, questions compile.
            Thousands of rules take seconds.
        """
        self._engine.prepare(seconds)

    # -- inspecting ------------------------------------------------------------------

    @property
    def host(self) -> Host:
        """The names that are registered now, as they are now."""
        return self._engine.host

    @property
    def engine(self) -> Engine:
        """What answers now; each load and each registration puts another one in its place."""
        return self._engine

    @property
    def policy_hash(self) -> str | None:
        """What tells the texts of the policy from others, in all processes alike.

        It is made of the texts in the order in which they were loaded, and of nothing else.
        ``None`` if nothing is loaded.
        """
        return self._engine.policy.digest

    def known_actions(self) -> frozenset[str] | None:
        """Give the actions that the policy names; ``None`` if it allows others, too."""
        return self._engine.policy.known_actions()

    def actor_classes(self) -> tuple[str, ...]:
        """Give the names of the classes that have an actor block, in the order of the policy."""
        return self._engine.actors

    def left_to_solver(self) -> list[LeftOver]:
        """Give the rules that could not be compiled for some calls: each with what is in the
        way, and the place of that.

        Such calls cost what the solver costs, and have the same answers. All rules are compiled
        for the list, which takes about a millisecond for each.
        """
        from .tools.compiled_report import list_left_over

        return list_left_over(self._engine)

    def generated_code(self, question: str) -> str:
        """Give the Python that answers a question, with the places of the policy as comments.

        :param question: a rule call such as ``allow(User, "read", Note)``: a class stands for an
            object of it, ``_`` for anything.
        :raises QuestionError: if the policy has no such rule, or a class is not registered.
        """
        from .tools.generated_code import parse_question, show_generated_code

        return show_generated_code(self._engine, parse_question(question, self.host))


@dataclasses.dataclass(eq=False)
class _Gate:
    """Lets one thread of a process at a time change the engine; askers never meet it.

    The lock may be taken again: a host method may register or load something while an
    inline query of a load runs.
    """

    lock: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    is_loading: bool = False


def read_source(filename: str | os.PathLike[str]) -> Source:
    """Read a policy file.

    :raises PolarFileExtensionError: if its name does not end with ``.polar``.
    :raises PolarFileNotFoundError: if it is not there.
    """
    path = pathlib.Path(filename)
    if path.suffix != ".polar":
        raise PolarFileExtensionError(filename)
    try:
        # As it is on disk, so that offsets and columns are the file's.
        with path.open(encoding="utf-8", newline="") as file:
            return Source(file.read(), str(path))
    except FileNotFoundError:
        raise PolarFileNotFoundError(filename) from None


def _check_inline_queries(engine: Engine) -> None:
    """Run the inline queries of a policy that is not in force yet."""
    failed = [
        error_at(
            InlineQueryFailedError,
            f"Inline query failed: {inline.span.text if inline.span else inline.query}",
            inline.span,
        )
        for inline in engine.policy.inline_queries
        if next(engine.query_term(inline.query), None) is None
    ]
    if failed:
        raise combined(failed)


def _print_role_warnings(engine: Engine) -> None:
    from .policy.legacy_roles import check_roles

    _print_warnings(check_roles(engine))


def _print_warnings(warnings: Iterable[str]) -> None:
    # On standard output, where oso puts them and programs look for them.
    for warning in warnings:
        say(f"[warning] {warning}", sys.stdout)
