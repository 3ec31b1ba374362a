"""``flask oso test``: runs the tests that stand in policies."""

from __future__ import annotations

import collections
import os
import time
import typing as t
from collections.abc import Iterable, Iterator, Sequence

import click
from flask.cli import NoAppException

from ..oso import Oso
from ..polar.engine import Engine
from ..polar.exceptions import OsoError
from ..polar.polar import read_source
from ..polar.policy.loader import load_policy
from ..polar.sources import Source, Span
from ..polar.spelling import with_count
from ..polar.tools.policy_tests import (
    Failure,
    Outcome,
    PolicyTestResult,
    RulesReached,
    are_tests_alone,
    run_policy_tests,
)
from ..polar.tools.scenes import IMPLIED_ALLOW, implied_allow
from ..polar.tools.stand_in_classes import load_with_stand_ins
from .terminal.output import echo, format_option, show_annotation, show_json, shown_path
from .terminal.running import POLICY_ERRORS, Exit, code_of, enter_app, exit_on_errors, this_oso

_HELP = """Run the tests of the policy, or those of FILES.

\b
  test "members read" {
    setup { has_role(User{"ana"}, "member", Organization{"acme"}); }
    assert     allow(User{"ana"}, "read", Organization{"acme"});
    assert_not allow(User{"ben"}, "read", Organization{"acme"});
  }

The facts of a test stand beside the rules of the policy, for this test alone. Its objects are
of the classes of the application, and have the attributes that the test gives them. Where
there is no application, FILES are tested with plain classes of the names that they mention.

Exits with 1 if a test fails, and with 3 if one is broken: it names something that does not
exist, reads an attribute that it did not give, or the policy raises an error.

FILES with tests and no rules are about the policy of the application.

\b
  flask oso test
  flask oso test -k members --coverage
  flask oso test --watch
  python -m flask_oso test policy.polar    without the application
"""
_MARKS = {Outcome.PASSED: "passed", Outcome.FAILED: "FAILED", Outcome.BROKEN: "BROKEN"}
_IMPLIED = (
    "The policy has no rule for `allow`, so the tests were run with this one, as in Oso Cloud."
    f" Add it for your application:\n  {IMPLIED_ALLOW}"
)
#: How often ``--watch`` looks at the files, in seconds.
_PAUSE = 0.5


@click.command("test", help=_HELP)
@click.argument("files", nargs=-1, type=click.Path())
@click.option("-k", "words", metavar="TEXT", help="Only tests with this text in their name.")
@click.option("--coverage", is_flag=True, help="List rules and conditions that no test reaches.")
@click.option("--watch", is_flag=True, help="Run again whenever a file changes.")
@format_option("table", "json", "github")
@click.pass_context
def test(
    context: click.Context,
    files: tuple[str, ...],
    words: str | None,
    coverage: bool,
    watch: bool,
    layout: str,
) -> None:
    """Run the tests of a policy."""
    with exit_on_errors(Exit.MISCONFIGURED):
        engines = _Engines(files)
        show = _LAYOUTS[layout]
        if watch:
            _watch(engines, lambda: _run(engines, words, coverage, show))
        code = _run(engines, words, coverage, show)
    context.exit(code)


class _Engines:
    """Gives the engine to test, with the files as they are when it is asked.

    :raises NoAppException: there is neither an application nor a file.
    """

    def __init__(self, files: Sequence[str]) -> None:
        self._given = files
        self._oso: Oso | None = None
        try:
            enter_app()
            self._oso = this_oso()
        except NoAppException:
            if not files:
                raise
        except POLICY_ERRORS:
            if not files:
                raise
            echo("The app does not start, so its classes are not known here.", err=True)

    @property
    def files(self) -> list[str]:
        """The names of the files."""
        known = self._given or (self._oso.policy_files() if self._oso is not None else ())
        return [*known]

    def make(self) -> Engine:
        """Load the policy.

        :raises OsoError: it does not load.
        """
        if self._oso is None:
            return load_with_stand_ins(self._sources(), for_tests=True).engine
        if not self.files:
            # It was loaded from a text.
            return self._oso.engine
        host, sources = self._oso.host, self._sources()
        if self._given and are_tests_alone(sources):
            sources = [*_policy_of(self._oso), *sources]
        return Engine(load_policy(sources, host).policy, host)

    def _sources(self) -> list[Source]:
        return [read_source(name) for name in self.files]


def _policy_of(oso: Oso) -> list[Source]:
    """Read the files of a policy again; one that was loaded from a text is as it was."""
    return [read_source(name) for name in oso.policy_files()] or [*oso.engine.policy.sources]


def _run(engines: _Engines, words: str | None, coverage: bool, show: _Show) -> Exit:
    """Run the tests once, and show how they ended."""
    engine = engines.make()
    reached = RulesReached() if coverage else None
    results = run_policy_tests(engine, lambda name: words is None or words in name, reached)
    outcomes = show(results, engine, reached)
    if not outcomes:
        about = f" with {words!r} in its name" if words is not None else ""
        echo(f'There is no test{about}. Write one: test "…" {{ assert allow(…); }}', err=True)
        if engines.files:
            searched = ", ".join(map(shown_path, engines.files))
            command = click.get_current_context().command_path
            echo(f"Searched: {searched}. Name other files: {command} FILES", err=True)
        return Exit.MISCONFIGURED
    elif implied_allow(engine.policy) is not None:
        echo(_IMPLIED, err=True)
    if not engine.policy.has_rules and {*outcomes} != {Outcome.PASSED}:
        echo("No rules are loaded. Name the files with the rules, too.", err=True)
    if Outcome.BROKEN in outcomes:
        return Exit.BROKEN
    return Exit.NO if Outcome.FAILED in outcomes else Exit.GOOD


def _watch(engines: _Engines, run: t.Callable[[], object]) -> t.NoReturn:
    """Run the tests again whenever a file changes, until the command is interrupted."""
    seen: object = None
    while True:
        found = _times(engines.files)
        if found != seen:
            seen = found
            try:
                run()
            except OsoError as error:
                echo(str(error).rstrip("\n"), err=True)
                echo(f"The policy does not load ({code_of(error).name.lower()}).", err=True)
            echo("Waiting for a change. Ctrl-C ends.", err=True)
        time.sleep(_PAUSE)


def _times(files: Iterable[str]) -> list[tuple[str, int]]:
    return [(name, os.stat(name).st_mtime_ns if os.path.exists(name) else 0) for name in files]


# -- layouts -----------------------------------------------------------------------------

_Outcomes = list[Outcome]


class _Show(t.Protocol):
    def __call__(
        self, results: Iterator[PolicyTestResult], engine: Engine, reached: RulesReached | None
    ) -> _Outcomes: ...


def _show_table(
    results: Iterator[PolicyTestResult], engine: Engine, reached: RulesReached | None
) -> _Outcomes:
    """Print a line for each test as soon as it has ended, then what does not hold."""
    ended = []
    for result in results:
        ended.append(result)
        echo(f"{_MARKS[result.outcome]}  {result.name}")
    for result in ended:
        for failure in result.failures:
            echo()
            echo(f"{_MARKS[result.outcome]}  {result.name}{_at(failure.span)}")
            echo(_excerpt(failure))
    counts = collections.Counter(result.outcome for result in ended)
    if ended:
        echo()
        echo(", ".join(f"{counts[each]} {each.value}" for each in Outcome if counts[each]) + ".")
    if reached is not None:
        _show_coverage(engine, reached)
    return [result.outcome for result in ended]


def _excerpt(failure: Failure) -> str:
    lines = []
    if failure.span is not None:
        lines.append(f"  {failure.span.source.line(failure.span.line).strip()}")
    lines += [f"  {line}" for line in failure.message.splitlines()]
    if failure.proof:
        lines += ["", *(f"  {line}".rstrip() for line in failure.proof.rstrip().splitlines())]
    return "\n".join(lines)


def _show_coverage(engine: Engine, reached: RulesReached) -> None:
    found, every = reached.counts(engine.policy)
    echo(f"Tests reach {found} of {with_count(every, 'line')} with rules and conditions.")
    for source, line in reached.missed(engine.policy):
        name = "<policy>" if source.name is None else shown_path(source.name)
        echo(f"  {name}:{line}  {source.line(line).strip()}")


def _show_json(
    results: Iterator[PolicyTestResult], engine: Engine, reached: RulesReached | None
) -> _Outcomes:
    """Print one JSON object."""
    ended = [*results]
    shown: dict[str, t.Any] = {"tests": [_record(result) for result in ended]}
    if reached is not None:
        found, every = reached.counts(engine.policy)
        missed = [
            {"file": source.name, "line": line} for source, line in reached.missed(engine.policy)
        ]
        shown["coverage"] = {"reached": found, "lines": every, "missed": missed}
    show_json(shown)
    return [result.outcome for result in ended]


def _record(result: PolicyTestResult) -> dict[str, t.Any]:
    failures = [
        {**_place(each.span), "message": each.message, "proof": each.proof or None}
        for each in result.failures
    ]
    return {
        "name": result.name,
        "outcome": result.outcome.value,
        **_place(result.span),
        "failures": failures,
    }


def _place(span: Span | None) -> dict[str, t.Any]:
    return {
        "file": None if span is None else span.source.name,
        "line": None if span is None else span.line,
    }


def _show_annotations(
    results: Iterator[PolicyTestResult], engine: Engine, reached: RulesReached | None
) -> _Outcomes:
    """Print an annotation for each assertion that does not hold, and the counts."""
    ended = [*results]
    for result in ended:
        for failure in result.failures:
            place = _place(failure.span)
            file = place["file"] and shown_path(place["file"])
            message = f"{result.name}: {failure.message}"
            show_annotation(message, file=file, line=place["line"], title="Policy test")
    counts = collections.Counter(result.outcome.value for result in ended)
    echo(", ".join(f"{count} {word}" for word, count in counts.items()) + ".")
    if reached is not None:
        _show_coverage(engine, reached)
    return [result.outcome for result in ended]


def _at(span: Span | None) -> str:
    if span is None:
        return ""
    name = "<policy>" if span.source.name is None else shown_path(span.source.name)
    return f"  ({name}:{span.line})"


_LAYOUTS: dict[str, _Show] = {
    "table": _show_table,
    "json": _show_json,
    "github": _show_annotations,
}
