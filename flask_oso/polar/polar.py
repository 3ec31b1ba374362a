"""``Polar``: the mutable object that programs use: loads policies, registers names, asks.

Its state is an immutable ``Engine``; loading and registering replace it, so a question reads one
reference and takes no lock, and a load that fails changes nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import sys
import threading
import typing as t
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from .engine import DenialWatch, Engine
from .exceptions import (
    OsoError,
    PolarFileExtensionError,
    PolarFileNotFoundError,
    PolarFileUnreadableError,
    PolarRuntimeError,
    combined,
)
from .host.data_adapter import DataAdapter
from .host.registry import Host, Identities, TextEqualities, make_host
from .host.terms import Predicate
from .limits import Limits
from .output import BANNER, is_banner_due, say
from .policy.policy import Policy
from .queries import Query, failed_inline_queries
from .sources import Source
from .value_objects import Record

if t.TYPE_CHECKING:
    from .observe.console import Console
    from .policy.policy import LoadResult
    from .proof.proof import Proof
    from .residual.algebra.schema import Schema
    from .tools.compiled_report import LeftOver
    from .tools.lint.linter import LintResult
    from .tools.policy_check import CheckResult

_Result = t.TypeVar("_Result")
_NO_ALLOW_WARNING = "POLAR_IGNORE_NO_ALLOW_WARNING"


def _is_compiling() -> bool:
    return os.environ.get("OSO_COMPILED", "1") != "0"


class LoadReport(Record):
    """The outcome of a load.

    :param files: the files of the load; none for a text.
    :param policy_hash: the hash of the policy in force after the load.
    :param error: why the load failed; ``None`` if it succeeded.
    """

    files: tuple[str, ...]
    policy_hash: str | None
    error: Exception | None = None


class SharedLoad(t.Protocol):
    """An engine that several objects share.

    :param warnings: those of the load.
    :param builder: what builds queries for all of them.
    """

    engine: Engine
    warnings: Sequence[str]
    builder: t.Any


class EngineSharing(t.Protocol):
    """The engines that objects share, while tests ask for it."""

    def key(self, sources: Sequence[Source], engine: Engine, *options: Hashable) -> Hashable | None:
        """Give what is equal for loads that may share an engine; ``None`` if this one may not.

        :param engine: the engine before the load.
        :param options: what else the load depends on.
        """

    def find(self, key: Hashable) -> SharedLoad | None:
        """Give the engine of an earlier load, if nothing has changed since."""

    def keep(self, key: Hashable, engine: Engine, warnings: Sequence[str]) -> SharedLoad:
        """Keep an engine that nobody has asked yet."""


class Polar:
    """A policy together with the Python names it may use.

    Names, signatures and results are those of ``polar.Polar`` of oso 0.27.3.

    :param limits: the limits of loads and questions. Without them the environment is read each
        time, as upstream does: see ``Limits``.
    :param compiled: answer yes-or-no questions with rules compiled to Python functions where
        possible. The answers are the same without; ``OSO_COMPILED=0`` turns it off, too.
    """

    #: The engines that objects share, while tests ask for it.
    _shared_engines: t.ClassVar[EngineSharing | None] = None
    #: Makes what is told of denials of ``allow``; see ``Engine``.
    _make_watch: Callable[[Engine], DenialWatch] | None = None

    def __init__(self, *, limits: Limits | None = None, compiled: bool = True) -> None:
        self._ignores_missing_allow = _NO_ALLOW_WARNING in os.environ
        self._has_roles = False
        if limits is not None and not isinstance(limits, Limits):
            raise TypeError(
                "'limits' takes 'Limits', as in 'limits=Limits(timeout_ms=500)', and not"
                f" {type(limits).__name__!r}."
            )
        self._limits = limits
        if is_banner_due():
            say(BANNER, sys.stdout)
        self._engine = Engine(
            Policy(),
            make_host(),
            limits,
            compiled=compiled and _is_compiling(),
            make_watch=self._make_watch,
        )
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

        Nothing happens, not even parsing, before the first result is requested. Each result is
        ``{"bindings": {name: value}, "trace": None}``; a variable that stays unbound is a
        ``Variable``.

        :param query: a Polar expression without a semicolon, or a ``Predicate``.
        :param bindings: initial values of variables.
        :param accept_expression: give an ``Expression`` for a constrained variable.
        """
        # This runs when the first result is requested, with the policy of that moment.
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
        engine = self._engine
        answer = None if bindings else engine.decision(name, args)
        if answer is not None:
            return answer(*args)
        results = self.query_rule(
            name, *args, bindings=bindings, accept_expression=accept_expression
        )
        return next(results, None) is not None

    def explain_rule(self, name: str, *args: t.Any, redact: Iterable[str] = ()) -> Proof:
        """Explain why a rule call with these arguments holds or not.

        :param redact: words in the names of attributes whose values are not shown, besides
            ``password``, ``token`` and the like.
        """
        return self._engine.explain(name, args, redact)

    def repl(
        self,
        files: Iterable[str | os.PathLike[str]] | None = None,
        *,
        constants: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Run the REPL: read queries at a prompt and print their results until the input ends.

        :param files: policies to load first.
        :param constants: further constants of this session.
        """
        self.load_files(files)

        def engine() -> Engine:
            host = self._engine.host
            for name, value in (constants or {}).items():
                host = host.with_constant(value, name)
            return self._engine.with_host(host) if constants else self._engine

        with self._console() as console:
            # Here and below: imported late, since few processes need it.
            from .tools.repl import Repl

            Repl(engine, console).run()

    def _console(self) -> contextlib.AbstractContextManager[Console]:
        from .observe.console import StandardConsole

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
        """Register a class, so that policies can name it.

        :param name: its name in policies; the name of the class by default.
        :param fields: the types of its fields, and a ``Relation`` for each relation to another
            class. They are read on first use, so a class may be named before it is registered.
        :param private: names of attributes with a leading underscore that policies may read,
            such as ``["_id"]``; all others with a leading underscore are refused.
        :raises DuplicateClassAliasError: if the name is taken.
        """
        self._change_host(lambda host: host.with_class(cls, name, fields, private))

    def register_constant(self, value: t.Any, name: str) -> None:
        """Register a value under a name; a later registration replaces it."""
        self._change_host(lambda host: host.with_constant(value, name))

    def set_data_filtering_adapter(self, adapter: DataAdapter) -> None:
        """Read fields that are declared as relations with this adapter."""
        self._change_host(lambda host: host.replaced(adapter=adapter))

    def set_text_equalities(self, known: TextEqualities) -> None:
        """Tell which classes have an ``__eq__`` that compares the text of an attribute."""
        self._change_host(lambda host: host.replaced(text_equalities=known))

    def set_identities(self, identities: Identities) -> None:
        """Compare mapped objects by their primary keys; ``register_models`` calls it."""
        self._change_host(lambda host: host.replaced(identities=identities))

    def _change_host(self, change: Callable[[Host], Host]) -> None:
        with self._gate().lock:
            self._engine = self._engine.with_host(change(self._engine.host))

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
        """Load policy files together as one policy.

        Either the whole policy is in force afterwards or nothing has changed. Warnings are
        printed on standard output.

        :param replace: replace the loaded policy with these files in one step. Running queries
            finish with the old policy; roles stay enabled.
        :raises TypeError: if it is given one path.
        :raises PolarFileExtensionError: if a name does not end in ``.polar``.
        :raises PolarFileNotFoundError: if a file does not exist.
        :raises ParserError: if a text is not Polar; ``problems`` has all errors that were found.
        :raises ValidationError: if a check of the policy fails; likewise.
        :raises InlineQueryFailedError: if an inline query has no result; likewise.
        :raises PolarRuntimeError: if rules are already loaded and ``replace`` is off, or it is
            on and there are no files.
        """
        if isinstance(filenames, (str, os.PathLike)) and filenames:
            with self._reported([filenames]):
                raise _one_name(filenames)
        names = tuple(filenames or ())
        if not names and not replace:
            return
        with self._reported(names):
            if not names:
                # A file pattern without matches must not leave an application without a policy.
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
        """Call a function with this object and a report after each load, successful or not.

        It is called after the load has released its lock. ``load_files`` or ``load_str`` raise
        what it raises; the policy in force stays. A function that is added twice is called once.
        """
        with self._gate().lock:
            if watcher not in self._load_watchers:
                self._load_watchers += (watcher,)

    @contextlib.contextmanager
    def _reported(self, files: Iterable[str | os.PathLike[str]]) -> Iterator[None]:
        """Report the outcome of a load to the watchers."""
        try:
            yield
        except Exception as error:
            # Every error is reported and raised again.
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
        """Remove the policy. Classes and constants stay; roles must be enabled again."""
        with self._gate().lock:
            self._check_not_loading()
            self._has_roles = False
            self._engine = self._engine.with_policy(Policy())

    def enable_roles(self) -> None:
        """Add the roles of oso 0.15: ``resource/4``, ``role_allows``, ….

        Called before a policy is loaded, it takes effect with the load.

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
        """Run the inline queries of the policy. Kept for older programs.

        A load runs them itself before its policy is in force, so none are left.
        """
        _check_inline_queries(self._engine)

    def _load(self, sources: list[Source], *, replace: bool) -> None:
        with self._gate().lock:
            self._check_not_loading()
            base = Policy() if replace else self._engine.policy
            if base.has_rules:
                raise _second_load()
            key = self._sharing_key(sources, base)
            if key is not None and self._take_shared(key):
                return
            loaded = self._make_policy(sources, base)
            policy, has_queries = loaded.policy, bool(loaded.policy.inline_queries)
            self._pass_inline_queries(self._engine.with_policy(policy))
            # An inline query may have registered a class, so the engine is read again.
            policy = policy.replaced(inline_queries=())
            self._engine = self._engine.with_policy(policy)
            if key is not None and self._shared_engines is not None and not has_queries:
                self._share(self._shared_engines.keep(key, self._engine, loaded.warnings))

    def _sharing_key(self, sources: list[Source], base: Policy) -> Hashable | None:
        """Give what tells whether another object has loaded the same; ``None``: not asked for."""
        if self._shared_engines is None or base.sources or self._has_roles:
            return None
        limits = None if self._limits is None else repr(self._limits)
        options = limits, repr(Limits()), self._ignores_missing_allow, self._make_watch
        return self._shared_engines.key(sources, self._engine.with_policy(base), *options)

    def _take_shared(self, key: Hashable) -> bool:
        """Take the engine of another object that has loaded the same, if there is one."""
        found = None if self._shared_engines is None else self._shared_engines.find(key)
        if found is None:
            return False
        _print_warnings(found.warnings)
        found.engine.begin_for_another()
        self._engine = found.engine
        self._share(found)
        return True

    def _share(self, shared: SharedLoad) -> None:
        """Share what else was made for an engine."""

    def _make_policy(self, sources: list[Source], base: Policy) -> LoadResult:
        """Parse and check texts, without running their inline queries."""
        # Imported late: a command may load nothing.
        from .policy.cache import load_cached

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
        return loaded

    def _pass_inline_queries(self, candidate: Engine) -> None:
        gate = self._gate()
        gate.is_loading = True
        try:
            _check_inline_queries(candidate)
        finally:
            gate.is_loading = False

    def _check_not_loading(self) -> None:
        # Only the loading thread itself can get here meanwhile: from an inline query.
        if self._gate().is_loading:
            raise PolarRuntimeError(
                "Cannot change the policy while its inline queries run. Change it afterwards."
            )

    def _gate(self) -> _Gate:
        # A forked child gets a lock of its own: the copy may be held by a thread it lacks.
        return self._gates.setdefault(os.getpid(), _Gate())

    def check_files(self, filenames: Iterable[str | os.PathLike[str]] | None = None) -> CheckResult:
        """Check policy files as one policy, without loading them.

        Without names the files of the loaded policy are read again.

        Problems are findings and are not raised. Besides the errors and warnings of a load there
        are findings about attributes that no registered class has, and about rules that cannot
        be compiled.

        :raises PolarFileExtensionError: if a name does not end in ``.polar``.
        :raises PolarFileNotFoundError: if a file does not exist.
        """
        return self.check_sources(self._sources(filenames))

    def check_sources(self, sources: Sequence[Source]) -> CheckResult:
        """Check texts as one policy, without loading them; see ``check_files``."""
        from .tools.policy_check import check_policy

        return self._judged(check_policy, sources)

    def lint_files(self, filenames: Iterable[str | os.PathLike[str]] | None = None) -> LintResult:
        """Lint policy files as one policy, without loading them.

        Without names the files of the loaded policy are read again. The findings of
        ``check_files`` are among the findings; ``settled()`` of the result gives those that no
        comment ignores.

        :raises PolarFileExtensionError: if a name does not end in ``.polar``.
        :raises PolarFileNotFoundError: if a file does not exist.
        """
        return self.lint_sources(self._sources(filenames))

    def lint_sources(self, sources: Sequence[Source]) -> LintResult:
        """Lint texts as one policy, without loading them; see ``lint_files``."""
        from .tools.lint.linter import lint_policy

        return self._judged(lint_policy, sources)

    def _judged(self, judge: t.Callable[..., _Result], sources: Sequence[Source]) -> _Result:
        return judge(
            sources,
            self._engine,
            roles=self._has_roles,
            models=self._models(),
            ignore_missing_allow=self._ignores_missing_allow,
            limits=self._limits,
        )

    def _models(self) -> Schema | None:
        """Give the models; ``None`` if none are registered."""
        return None

    def _sources(self, filenames: Iterable[str | os.PathLike[str]] | None) -> list[Source]:
        """Read files, without names those of the policy again; its texts stay the same."""
        if filenames is not None:
            return [*map(read_source, filenames)]
        known = self._engine.policy.sources
        return [each if each.name is None else read_source(each.name) for each in known]

    def policy_files(self) -> list[str]:
        """Give the names of the loaded files."""
        return [each.name for each in self._engine.policy.sources if each.name is not None]

    def prepare(self, seconds: float | None = None) -> None:
        """Compile the policy for all decisions of an application.

        Without it each question compiles the rules that it is the first to need, which takes
        milliseconds for a few rules, and a second for a hundred. A process that serves requests
        calls this once, after classes are registered and the policy is loaded, so that no request
        pays for it. A later load or registration starts from the beginning. What is declared to be
        a resource only is not expected to ask, and an actor is not expected to be asked about,
        unless a rule says so: such a question compiles what it needs.

        Questions of other threads do not wait for it. No rule is evaluated.

        :param seconds: about how long it may take; questions compile the remaining rules.
            Thousands of rules take seconds.
        """
        self._engine.prepare(seconds)

    # -- inspecting ------------------------------------------------------------------

    @property
    def host(self) -> Host:
        """The registered names, as an immutable snapshot."""
        return self._engine.host

    @property
    def engine(self) -> Engine:
        """The engine in force; each load and each registration replaces it."""
        return self._engine

    @property
    def policy_hash(self) -> str | None:
        """The hash of the policy's texts in the order in which they were loaded.

        It is the same in all processes; ``None`` if nothing is loaded.
        """
        return self._engine.policy.digest

    def known_actions(self) -> frozenset[str] | None:
        """Give the actions that the policy names; ``None`` if it may allow others, too."""
        return self._engine.policy.known_actions()

    def actor_classes(self) -> tuple[str, ...]:
        """Give the names of the classes that have an actor block, in the order of the policy."""
        return self._engine.actors

    def left_to_solver(self) -> list[LeftOver]:
        """Give the rules that cannot be compiled for some calls, each with the reason and its
        place.

        The solver answers such calls: more slowly, with the same answers. All rules are compiled
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


class _Gate(Record, eq=False, frozen=False):
    """Lets one thread of a process at a time change the engine; questions never wait for it.

    The lock is reentrant: a host method may register a class while an inline query of a load
    runs.
    """

    lock: threading.RLock = dataclasses.field(default_factory=threading.RLock)
    is_loading: bool = False


def _one_name(filename: str | os.PathLike[str]) -> PolarFileExtensionError | TypeError:
    """Make the error of a name in place of a list, whose characters are names, as in oso."""
    remedy = f"'load_files' takes a list: 'load_files([{str(filename)!r}])'."
    if not isinstance(filename, str):
        return TypeError(remedy)
    error = PolarFileExtensionError(filename[:1])
    error.add_note(remedy)
    return error


def _second_load() -> PolarRuntimeError:
    """Make the error of a load where a policy is in force, with the text of oso."""
    error = PolarRuntimeError(
        "Cannot load additional Polar code -- all Polar code must be loaded at the same time."
    )
    error.add_note(
        "The policy is loaded in one call, of 'load_files' or by 'OSO_POLICIES': name all of its"
        " files there. To put another policy in its place, pass 'replace=True'."
    )
    return error


def read_source(filename: str | os.PathLike[str]) -> Source:
    """Read a policy file.

    :raises PolarFileExtensionError: if its name does not end with ``.polar``.
    :raises PolarFileNotFoundError: if it is not there.
    :raises PolarFileUnreadableError: if it is no text in UTF-8, or cannot be read.
    """
    path = pathlib.Path(filename)
    if path.suffix != ".polar":
        raise _wrong_suffix(filename)
    try:
        # Line ends are not translated, so that offsets and columns are those of the file.
        with path.open(encoding="utf-8", newline="") as file:
            return Source(file.read(), str(path))
    except FileNotFoundError:
        raise _missing_file(filename) from None
    except OSError as error:
        raise PolarFileUnreadableError(filename, f"{error.strerror}.") from error
    except UnicodeDecodeError as error:
        # The error may be about a part of the file.
        line = _line_of_undecodable(path.read_bytes())
        reason = "The file is not UTF-8. Save it as UTF-8."
        raise PolarFileUnreadableError(filename, reason, line) from error


def _wrong_suffix(filename: str | os.PathLike[str]) -> PolarFileExtensionError:
    """Make the error of a name without ``.polar``, which may be that of a folder."""
    error, path = PolarFileExtensionError(filename), pathlib.Path(filename)
    if path.is_dir():
        error.add_note(
            "It is a folder. Name the files in it; 'OSO_POLICIES' takes a pattern, too:"
            f" {str(path / '*.polar')!r}."
        )
    return error


def _missing_file(filename: str | os.PathLike[str]) -> PolarFileNotFoundError:
    """Make the error of a missing file, with a file beside it whose name is alike."""
    # Imported late: only a mistake needs it.
    from .spelling import nearest

    error, path = PolarFileNotFoundError(filename), pathlib.Path(filename)
    near = nearest(path.name, (each.name for each in path.parent.glob("*.polar")))
    if near is not None:
        error.add_note(f"Did you mean {str(path.with_name(near))!r}?")
    return error


def _line_of_undecodable(data: bytes) -> int | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    # It was written again meanwhile.
    return None


def _check_inline_queries(engine: Engine) -> None:
    failed = failed_inline_queries(engine)
    if failed:
        raise combined(failed)


def _print_role_warnings(engine: Engine) -> None:
    from .policy.legacy_roles import check_roles

    _print_warnings(check_roles(engine))


def _print_warnings(warnings: Iterable[str]) -> None:
    # On standard output, as in oso: programs look for them there.
    for warning in warnings:
        say(f"[warning] {warning}", sys.stdout)
