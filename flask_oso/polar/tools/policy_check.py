"""The check of a policy: all errors, warnings and notes, without loading it.

In go texts and an engine with the registered names; out come findings, each with its place.
Besides the problems of a load there are findings that are worth more time: attributes that no
class has, likely mistakes about rows, and rules that cannot be compiled.
"""

from __future__ import annotations

import enum
import functools
import re
import typing as t
from collections.abc import Iterable, Iterator, Sequence

from ..engine import Engine
from ..exceptions import OsoError
from ..host.attribute_types import Shapes
from ..host.class_facts import relatives
from ..host.registry import Host
from ..nodes import Call, Rule
from ..policy.lint.comparisons import Operands, warn_comparisons
from ..policy.lint.inventory import Inventory, take_inventory
from ..policy.lint.members import (
    attribute_mentions,
    has_hook,
    may_lack,
    names_of_class,
    with_places,
)
from ..policy.lint.unsuitable import warn_unsuitable
from ..policy.loader import load_policy
from ..policy.policy import LoadResult
from ..queries import failed_inline_queries
from ..residual.algebra.schema import Schema
from ..sources import Source, Span, located
from ..spelling import Guesses
from ..syntax.parser import parse_policy
from .compiled_report import LeftOver, list_left_over
from .row_checks import RowChecks

_PLACE = re.compile(r" at line (\d+), column (\d+)(?: of file ([^\n]*))?:\n")


class Severity(enum.Enum):
    """How severe a finding is; the value is the printed text."""

    #: The policy does not load, or fails in an evaluation.
    ERROR = "error"
    WARNING = "warning"
    #: Information.
    NOTE = "note"


class Finding(t.NamedTuple):
    """A problem or a note, with its place if it is known."""

    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def place(self) -> tuple[str | None, int | None, int | None]:
        """The file, the line and the column."""
        return self.file, self.line, self.column


class CheckResult(t.NamedTuple):
    """The findings about some texts, and an engine with their policy, if it would load."""

    findings: tuple[Finding, ...]
    engine: Engine | None


def check_policy(
    sources: Sequence[Source],
    engine: Engine,
    *,
    roles: bool = False,
    models: Schema | None = None,
    **options: t.Any,
) -> CheckResult:
    """Check texts as a load would, and further.

    :param engine: has the registered names.
    :param roles: whether the roles of oso 0.15 are enabled.
    :param models: the schema of rows, if models are registered.
    :param options: those of ``load_policy``.
    """
    try:
        loaded = load_policy(sources, engine.host, roles=roles, **options)
    except OsoError as error:
        return CheckResult(tuple(findings_of(error)), None)
    candidate = engine.with_policy(loaded.policy)
    try:
        failed = [finding(Severity.ERROR, str(each)) for each in failed_inline_queries(candidate)]
        findings = [*failed, *_about(loaded, candidate, roles=roles)]
    except OsoError as error:
        findings = findings_of(error)
    missing = [
        *_missing_attributes(sources, engine.host, loaded.warnings),
        *_called_columns(sources, engine.host),
        *_wrong_columns(sources, engine.host, loaded.warnings),
    ]
    # Declared types and models may both report the same comparison.
    reported = {each.place for each in (*findings, *missing)}
    rows = [
        each for each in _about_rows(sources, engine.host, models) if each.place not in reported
    ]
    return CheckResult((*findings, *missing, *rows, *_left_over(candidate)), candidate)


def findings_of(error: OsoError) -> list[Finding]:
    """Give the problems and the warnings of a failed load."""
    problems = [finding(Severity.ERROR, str(problem)) for problem in error.problems]
    return [*problems, *_warnings(getattr(error, "warnings", ()))]


def finding(severity: Severity, message: str) -> Finding:
    """Make a finding of a message, which contains its place if that is known."""
    place = _PLACE.search(message)
    if place is None:
        return Finding(severity, message.rstrip("\n"))
    line, column, file = place.groups()
    return Finding(severity, message.rstrip("\n"), file, int(line), int(column))


def _warnings(texts: Iterable[str]) -> list[Finding]:
    return [finding(Severity.WARNING, text) for text in texts]


def _about(loaded: LoadResult, engine: Engine, *, roles: bool) -> list[Finding]:
    warnings = _warnings(loaded.warnings)
    if roles and loaded.policy.has_rules:
        from ..policy.legacy_roles import check_roles

        warnings += _warnings(check_roles(engine))
    return warnings


def _left_over(engine: Engine) -> list[Finding]:
    return [
        Finding(Severity.NOTE, f"Left to the solver: {each.rule}: {each.reason}", *_place(each))
        for each in list_left_over(engine)
    ]


def _place(left: LeftOver) -> tuple[str | None, int | None, int | None]:
    file, line, column = (["", "", *left.place.rsplit(":", 2)])[-3:]
    if not line.isdigit():
        return None, None, None
    return (None if file == "<policy>" else file), int(line), int(column)


def _about_rows(sources: Iterable[Source], host: Host, models: Schema | None) -> Iterator[Finding]:
    """Find likely mistakes about rows, and what a query of rows refuses."""
    if models is None:
        return
    checks = RowChecks(host, models)
    for rule in _rules(sources):
        yield from _warnings(checks.warn(rule))
        yield from (finding(Severity.NOTE, text) for text in checks.note(rule))


# -- attributes ----------------------------------------------------------------------


def _missing_attributes(
    sources: Iterable[Source], host: Host, warned: Iterable[str]
) -> Iterator[Finding]:
    """Find attributes that no code of a class mentions, each once, unless the load warned of it.

    A class that is mapped to a table is complete, so that is an error; an object of another
    class may have been given more attributes.
    """
    reported = {warning.partition(",")[0] for warning in warned}
    guesses = Guesses()
    names_of = functools.cache(functools.partial(_public_names, host=host))
    for rule in _read_rules(sources, host):
        for class_name, name, span in _mentions(rule):
            message = f"{class_name} has no attribute {name}"
            cls = host.classes.get(class_name)
            if message in reported or cls is None or _has_own_hook(cls) or not may_lack(cls, name):
                continue
            if name in names_of(cls):
                continue
            reported.add(message)
            meant = guesses.nearest(name, sorted(names_of(cls)))
            text = located(message + (f", did you mean {meant}?" if meant else ""), span)
            is_mapped = hasattr(cls, "__mapper__")
            yield finding(Severity.ERROR if is_mapped else Severity.WARNING, text)


def _called_columns(sources: Iterable[Source], host: Host) -> Iterator[Finding]:
    """Find columns that are called as if they were methods: that is an error of each question."""
    for _, inventory, operands in _read_rules(sources, host):
        shapes = operands.shapes
        for lookup in inventory.lookups:
            owner, key = lookup.args[:2]
            class_name = operands.class_name(owner) if isinstance(key, Call) else None
            cls = None if class_name is None else host.classes.get(class_name)
            if cls is None or not isinstance(key, Call) or key.name not in _mapped_names(cls):
                continue
            # A column may hold anything, if its type is the program's own.
            if shapes.of_attribute(shapes.of_class(cls), key.name) is not None:
                message = f"{class_name}.{key.name} is no method. Write `{key.name}` without `()`"
                yield finding(Severity.ERROR, located(message, key.span))


def _mapped_names(cls: type) -> set[str]:
    mapper = getattr(cls, "__mapper__", None)
    return set() if mapper is None else {*mapper.attrs.keys()}


def _wrong_columns(
    sources: Iterable[Source], host: Host, warned: Iterable[str]
) -> Iterator[Finding]:
    """Find columns of another type than an operation needs, unless the load warned of it."""
    for rule, inventory, operands in _read_rules(sources, host):
        warnings = warn_comparisons(inventory, operands, with_objects=False)
        warnings += warn_unsuitable(rule, inventory, operands)
        yield from _warnings(text for text in warnings if text not in warned)


def _rules(sources: Iterable[Source]) -> Iterator[Rule]:
    for source in sources:
        for statement in parse_policy(source).statements:
            if isinstance(statement, Rule):
                yield statement


class _ReadRule(t.NamedTuple):
    rule: Rule
    inventory: Inventory
    operands: Operands


def _read_rules(sources: Iterable[Source], host: Host) -> Iterator[_ReadRule]:
    """Give rules with their terms, and what is known of the values of these."""
    shapes = Shapes(host, asks_mappers=True)
    for rule in _rules(sources):
        inventory = take_inventory(rule)
        yield _ReadRule(rule, inventory, Operands(rule, inventory, shapes))


def _mentions(read: _ReadRule) -> list[tuple[str, str, Span | None]]:
    return with_places(attribute_mentions(read.inventory, read.operands))


def _has_own_hook(cls: type) -> bool:
    """Tell whether a class or a relative, but no built-in one, computes attributes by name."""
    return any(has_hook(each) for each in relatives(cls) if each.__module__ != "builtins")


def _public_names(cls: type, host: Host) -> set[str]:
    """Give the public names of a class and its relatives; of mapped ones all that are mapped."""
    names = names_of_class(cls, host).possible
    for each in relatives(cls):
        # The mapper also knows a relation that another class declares (a backref).
        mapper = vars(each).get("__mapper__")
        names.update(mapper.attrs.keys() if mapper is not None else ())
    return {name for name in names if not name.startswith("_")}
