"""``Oso``: ask a policy who may do what. Knows nothing of Flask.

An ``Oso`` holds the registered classes and constants and one loaded policy. Both live
in an immutable ``Engine``; loading and registering put another engine in its place, so
a question reads one reference and takes no lock, and a load that fails changes nothing.
"""

from __future__ import annotations

import os
import pathlib
import sys
import threading
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from .exceptions import ForbiddenError, NotFoundError
from .polar.engine import Engine
from .polar.exceptions import (
    InlineQueryFailedError,
    OsoError,
    PolarFileExtensionError,
    PolarFileNotFoundError,
    PolarRuntimeError,
    combined,
    error_at,
)
from .polar.host import make_host
from .polar.limits import Limits
from .polar.loading import load_policy
from .polar.policy import Policy
from .polar.roles import check_roles, with_role_rules
from .polar.sources import Source
from .polar.terms import Predicate, Variable

_ErrorFactory = Callable[[], BaseException | type[BaseException]]
_NO_ALLOW_WARNING = "POLAR_IGNORE_NO_ALLOW_WARNING"


class Oso:
    """A policy together with the Python names it may use.

    Names, signatures and results are those of ``oso.Oso`` 0.27.3.

    :param forbidden_error: called without arguments for what is raised when an action
        is denied: a class, or a function that returns an error or a class.
    :param not_found_error: the same for when even reading is denied.
    :param read_action: the action that tells the two apart.
    :param limits: what loading and asking may cost. Without them the environment is read
        anew each time, as upstream does: see ``Limits``.
    """

    def __init__(
        self,
        *,
        forbidden_error: _ErrorFactory = ForbiddenError,
        not_found_error: _ErrorFactory = NotFoundError,
        read_action: t.Any = "read",
        limits: Limits | None = None,
    ) -> None:
        self.forbidden_error = forbidden_error
        self.not_found_error = not_found_error
        self.read_action = read_action
        self._ignores_missing_allow = _NO_ALLOW_WARNING in os.environ
        self._has_roles = False
        self._is_loading = False
        self._limits = limits
        self._engine = Engine(Policy(), make_host(), limits)
        # Taken by those who change the engine, never by those who ask. A host method may
        # load a policy while an inline query of another load runs.
        self._changing = threading.RLock()

    # -- asking ----------------------------------------------------------------------

    def is_allowed(self, actor: t.Any, action: t.Any, resource: t.Any) -> bool:
        """Tell whether ``allow(actor, action, resource)`` has a solution.

        Errors of the policy and exceptions of Python methods it calls are raised, so a
        broken policy is never an answer.

        :raises PolarRuntimeError: if no ``allow`` rule is loaded, among others.
        """
        return self._engine.ask("allow", actor, action, resource)

    def authorize(
        self, actor: t.Any, action: t.Any, resource: t.Any, *, check_read: bool = True
    ) -> None:
        """Return if the action is allowed; raise otherwise.

        :param check_read: whether to hide a resource that may not even be read.
        :raises NotFoundError: if the actor may not read the resource either.
        :raises ForbiddenError: if it may be read but not this, or ``check_read`` is off.
        """
        engine = self._engine
        if engine.ask("allow", actor, action, resource):
            return
        if check_read and (
            action == self.read_action or not engine.ask("allow", actor, self.read_action, resource)
        ):
            raise self.not_found_error()
        raise self.forbidden_error()

    def authorize_request(self, actor: t.Any, request: t.Any) -> None:
        """Return if ``allow_request(actor, request)`` holds.

        :raises ForbiddenError: otherwise.
        """
        if not self._engine.ask("allow_request", actor, request):
            raise self.forbidden_error()

    def authorize_field(self, actor: t.Any, action: t.Any, resource: t.Any, field: t.Any) -> None:
        """Return if ``allow_field(actor, action, resource, field)`` holds.

        :raises ForbiddenError: otherwise.
        """
        if not self._engine.ask("allow_field", actor, action, resource, field):
            raise self.forbidden_error()

    def authorized_actions(
        self, actor: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> set[t.Any]:
        """Give the actions that are allowed.

        :param allow_wildcard: give ``{"*"}`` where a rule allows any action.
        :raises OsoError: if a rule allows any action and ``allow_wildcard`` is off.
        :raises UnexpectedPolarTypeError: if a rule restricts the action without naming it.
        """
        query = self.query_rule("allow", actor, Variable("action"), resource)
        return _values_of(query, "action", "authorized_actions", allow_wildcard)

    def authorized_fields(
        self, actor: t.Any, action: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> set[t.Any]:
        """Give the fields for which ``allow_field`` holds; see ``authorized_actions``."""
        query = self.query_rule("allow_field", actor, action, resource, Variable("field"))
        return _values_of(query, "field", "authorized_fields", allow_wildcard)

    def get_allowed_actions(
        self, actor: t.Any, resource: t.Any, allow_wildcard: bool = False
    ) -> list[t.Any]:
        """Give the actions that are allowed as a list. Kept for older programs."""
        return list(self.authorized_actions(actor, resource, allow_wildcard))

    def known_actions(self) -> frozenset[str] | None:
        """Give the actions that the policy names; ``None`` if it allows others, too."""
        return self._engine.policy.known_actions()

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
        solutions = self._engine.query(
            query, bindings=bindings, accept_expression=accept_expression
        )
        for solution in solutions:
            yield {"bindings": solution, "trace": None}

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

    # -- registering -----------------------------------------------------------------

    def register_class(
        self,
        cls: type,
        *,
        name: str | None = None,
        fields: Mapping[str, t.Any] | None = None,
    ) -> None:
        """Make a class known to policies.

        :param name: the name it has there; its own by default.
        :param fields: the types and relations of its fields.
        :raises DuplicateClassAliasError: if a class has this name already.
        """
        with self._changing:
            engine = self._engine
            self._engine = engine.with_host(engine.host.with_class(cls, name, fields))

    def register_constant(self, value: t.Any, name: str) -> None:
        """Make a value known to policies under a name; a later one replaces it."""
        with self._changing:
            engine = self._engine
            self._engine = engine.with_host(engine.host.with_constant(value, name))

    def get_class(self, name: str) -> type:
        """Give a registered class.

        :raises UnregisteredClassError: if there is none of this name.
        """
        return self._engine.host.get_class(name)

    # -- loading ---------------------------------------------------------------------

    def load_files(self, filenames: Iterable[str | os.PathLike[str]] | None = None) -> None:
        """Load policy files together, as one policy.

        Either all of it is in force afterwards or nothing has changed. Warnings are
        printed on standard output.

        :raises PolarFileExtensionError: if a name does not end in ``.polar``.
        :raises PolarFileNotFoundError: if a file does not exist.
        :raises ParserError: if a text is not Polar; ``problems`` has all that was found.
        :raises ValidationError: if the policy is wrong; likewise.
        :raises PolarRuntimeError: if rules are loaded already; ``clear_rules`` drops them.
        """
        sources = [_read_source(filename) for filename in filenames or ()]
        if sources:
            self._load(sources)

    def load_file(self, filename: str | os.PathLike[str]) -> None:
        """Load one policy file. Kept for older programs."""
        print(
            "'Oso.load_file' is deprecated. Use 'Oso.load_files', which loads all files of a"
            " policy together.",
            file=sys.stderr,
        )
        self.load_files([filename])

    def load_str(self, string: str) -> None:
        """Load a policy from a text; see ``load_files``."""
        if not isinstance(string, str):
            raise TypeError(f"'load_str' takes a str, not {type(string).__name__}.")
        self._load([Source(string)])

    def clear_rules(self) -> None:
        """Drop the policy. Classes and constants stay; roles have to be enabled again."""
        with self._changing:
            self._check_not_loading()
            self._has_roles = False
            self._engine = self._engine.with_policy(Policy())

    def enable_roles(self) -> None:
        """Add the roles of oso 0.15: ``resource/4``, ``role_allows``, ….

        Called before a policy is loaded, it takes effect when the policy arrives.

        :raises RolesValidationError: if the policy's role configuration is wrong.
        """
        with self._changing:
            self._check_not_loading()
            if self._has_roles:
                return
            engine = self._engine
            if engine.policy.has_rules:
                policy = with_role_rules(engine.policy, engine.host)
                engine = engine.with_policy(policy)
                _print_warnings(check_roles(engine))
                self._engine = engine
            self._has_roles = True

    def _check_not_loading(self) -> None:
        # Only the thread that loads gets here while it does: from an inline query.
        if self._is_loading:
            raise PolarRuntimeError(
                "Cannot change the policy while its inline queries run. Change it afterwards."
            )

    def _load(self, sources: list[Source]) -> None:
        with self._changing:
            self._check_not_loading()
            engine = self._engine
            if engine.policy.has_rules:
                raise PolarRuntimeError(
                    "Cannot load additional Polar code -- all Polar code must be loaded at the"
                    " same time."
                )
            try:
                loaded = load_policy(
                    sources,
                    engine.host,
                    engine.policy,
                    ignore_missing_allow=self._ignores_missing_allow,
                    roles=self._has_roles,
                    limits=self._limits,
                )
            except OsoError as error:
                _print_warnings(getattr(error, "warnings", ()))
                raise
            _print_warnings(loaded.warnings)
            candidate = engine.with_policy(loaded.policy)
            if self._has_roles and loaded.policy.has_rules:
                _print_warnings(check_roles(candidate))
            self._is_loading = True
            try:
                _check_inline_queries(candidate)
            finally:
                self._is_loading = False
            policy = replace(loaded.policy, inline_queries=())
            # An inline query may have registered something.
            self._engine = self._engine.with_policy(policy)


def _read_source(filename: str | os.PathLike[str]) -> Source:
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


def _print_warnings(warnings: Iterable[str]) -> None:
    # On standard output, where oso puts them and programs look for them.
    for warning in warnings:
        print(f"[warning] {warning}")


def _values_of(
    results: Iterator[dict[str, t.Any]], name: str, method: str, allow_wildcard: bool
) -> set[t.Any]:
    values: set[t.Any] = set()
    for result in results:
        value = result["bindings"].get(name, Variable(name))
        if not isinstance(value, Variable):
            values.add(value)
        elif allow_wildcard:
            return {"*"}
        else:
            raise OsoError(
                f'The result of {method}() contained an "unconstrained" {name} that could'
                f" represent any {name}, but allow_wildcard was set to False. To fix, set"
                ' allow_wildcard to True and compare with the "*" string.'
            )
    return values
