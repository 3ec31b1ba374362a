"""``flask oso diff``: who gains and who loses which rows from one policy to another."""

from __future__ import annotations

import collections
import contextlib
import sys
import typing as t
from collections.abc import Callable, Iterator, Sequence

import click
from flask import current_app

from ..enforcement.authorizer import Authorizer
from ..guards.object_words import word_for
from ..oso import Oso
from ..polar.characters import with_escapes
from ..polar.polar import read_source
from ..polar.spelling import with_count
from ..request_state import this_app
from .terminal.objects import NOTATION, find_class, find_object
from .terminal.output import echo, format_option, show_annotation, show_json, with_short_paths
from .terminal.policy_sources import sources_of
from .terminal.running import Exit, MisuseError, this_oso, this_state, with_app

if t.TYPE_CHECKING:
    from ..sqlalchemy.tools.policy_diff import Change, Pair, PolicyDiff

_HELP = f"""Show who gains and who loses rows from policy OLD to NEW.

OLD and NEW are revisions of git, files or directories. Without NEW it is the policy of the
application, as its files are now. Its own classes and data are used, and nothing is written.

Each change is first a condition on rows; then it has counts, and some pairs of an actor and a
row, with the proofs of both policies. What cannot be listed is compared pair by pair, and what
is too much for that is named: then the exit code is 3, unless somebody gains something.

\b
  flask oso diff main
  flask oso diff main --no-new-access --format github      in CI
  flask oso diff old.polar new.polar --actor User:1 --action edit

{NOTATION}"""


@click.command("diff", help=_HELP)
@click.argument("old")
@click.argument("new", required=False)
@click.option("--action", "actions", multiple=True, help="Only this action. May be repeated.")
@click.option("--class", "classes", multiple=True, metavar="NAME", help="Only rows of this class.")
@click.option("--actor", "actors", multiple=True, help="Only this actor. May be repeated.")
@click.option("--no-new-access", is_flag=True, help="Exit with 1 if anybody gains something.")
@click.option("--aggregate", is_flag=True, help="Show conditions and counts, and no rows.")
@format_option("table", "json", "github")
@with_app
def diff(
    old: str,
    new: str | None,
    actions: tuple[str, ...],
    classes: tuple[str, ...],
    actors: tuple[str, ...],
    no_new_access: bool,
    aggregate: bool,
    layout: str,
) -> Exit:
    """Compare two policies."""
    oso = this_oso()
    policies = _policies(oso, old, new)
    found = _compare(policies, actions, classes, actors)
    show = _Shown(found, policies, with_pairs=not aggregate)
    {"table": show.table, "json": show.json, "github": show.annotations}[layout]()
    if no_new_access and (found.gains or found.not_compared):
        return Exit.NO
    return Exit.BROKEN if found.not_compared else Exit.GOOD


def _policies(oso: Oso, old: str, new: str | None) -> tuple[Oso, Oso]:
    files = oso.policy_files()
    if new is None and not files:
        raise MisuseError("The policy of the application is no file. Name both policies.")
    before = sources_of(old, this_app(), files)
    after = [*map(read_source, files)] if new is None else sources_of(new, this_app(), files)
    return oso.with_policy(before), oso.with_policy(after)


def _compare(
    policies: tuple[Oso, Oso],
    actions: Sequence[str],
    classes: Sequence[str],
    actors: Sequence[str],
) -> PolicyDiff:
    try:
        from ..sqlalchemy.tools.policy_diff import Comparer, PolicyDiff, every, has_rows
    except ImportError as error:
        raise MisuseError("Policies are compared on mapped classes. Install SQLAlchemy.") from error

    session = this_state().part(Authorizer).loaders.session_of(this_app())
    if session is None:
        raise MisuseError(
            "Nothing says how to read rows. Give the session of SQLAlchemy to the FlaskOso."
        )
    comparer = Comparer(*policies, session)
    wanted = [find_class(name) for name in classes] or _mapped_classes()
    kinds = _actor_classes(policies)
    asked = [find_object(word) for word in actors]
    of_class = [type(each) for each in asked] if asked else [*kinds, type(None)]
    questions = comparer.changed_questions(actions or _actions(policies), wanted, of_class)
    if not questions:
        return PolicyDiff()
    everybody = asked or [each for cls in kinds for each in every(session, cls)]
    listed = dict.fromkeys(cls for _, cls in questions)
    if not everybody or not any(has_rows(session, cls) for cls in listed):
        # Else a gate for merges would be open where there is nothing to look at.
        empty = " or ".join(each.__name__ for each in (listed if everybody else kinds))
        raise MisuseError(
            f"Nothing is compared: the database has no {empty}. Compare policies where there are"
            " rows that are worth comparing."
        )
    with _progress(len(questions)) as advance:
        return comparer.compare(questions, everybody if asked else [*everybody, None], advance)


def _actions(policies: tuple[Oso, Oso]) -> list[str]:
    known = [policy.known_actions() for policy in policies]
    if None in known:
        raise MisuseError(
            "A rule allows actions that the policy does not name. Say which ones are compared:"
            " --action read --action edit"
        )
    return sorted(set[str]().union(*(each or () for each in known)))


def _mapped_classes() -> list[type]:
    classes = this_oso().host.classes.values()
    return list(dict.fromkeys(cls for cls in classes if hasattr(cls, "__mapper__")))


def _actor_classes(policies: tuple[Oso, Oso]) -> list[type]:
    """Give the mapped classes of actors: those of actor blocks, or else ``User``."""
    known = this_oso().host.classes
    names = dict.fromkeys(name for policy in policies for name in policy.actor_classes())
    found = [known[name] for name in names or ("User",) if name in known]
    mapped = [cls for cls in found if hasattr(cls, "__mapper__")]
    if not mapped:
        raise MisuseError(
            "Which class do actors have? Declare it, 'actor User {}', or name some: --actor User:1"
        )
    return mapped


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    """Show the progress on a terminal, with rich if it is installed."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        with click.progressbar(length=total, label="Comparing", file=sys.stderr) as bar:
            yield lambda: bar.update(1)
        return
    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("Comparing", total=total)
        yield lambda: shown.advance(task)


# -- layouts -----------------------------------------------------------------------------


class _Shown:
    """Prints a comparison."""

    def __init__(self, diff: PolicyDiff, policies: tuple[Oso, Oso], *, with_pairs: bool) -> None:
        self._diff = diff
        self._policies = policies
        self._with_pairs = with_pairs
        self._redacted = current_app.config.get("OSO_REDACT") or ()

    def table(self) -> None:
        """Print conditions first, then counts and pairs."""
        for change in self._diff.changes:
            echo(_headline(change))
        if self._with_pairs:
            for change in self._diff.changes:
                self._show_pairs(change)
        self._show_rest()

    def _show_pairs(self, change: Change) -> None:
        echo()
        echo(_headline(change))
        for pair in change.witnesses:
            echo(f"  {_words(pair)}")
        if change.witnesses:
            for policy, title in zip(self._policies, ("Before", "After"), strict=True):
                echo()
                echo(_indented(f"{title}: {self._proof(policy, change)}"))

    def _proof(self, policy: Oso, change: Change) -> str:
        pair = change.witnesses[0]
        proof = policy.explain(pair.actor, change.action, pair.row, redact=self._redacted)
        return with_short_paths(str(proof).rstrip("\n"))

    def _show_rest(self) -> None:
        for each in self._diff.not_compared:
            echo(f"NOT COMPARED  {each.action} {each.cls.__name__}: {each.reason}", err=True)
        counts = collections.Counter(change.gains for change in self._diff.changes)
        if not self._diff.changes:
            echo("Nobody gains or loses anything.")
            return
        echo()
        echo(
            f"{with_count(counts[True], 'change')} with new access,"
            f" {with_count(counts[False], 'change')} with less."
        )

    def json(self) -> None:
        """Print one JSON object."""
        show_json(
            {
                "changes": [self._record(change) for change in self._diff.changes],
                "not_compared": [
                    {"action": each.action, "class": each.cls.__name__, "reason": each.reason}
                    for each in self._diff.not_compared
                ],
            }
        )

    def _record(self, change: Change) -> dict[str, t.Any]:
        shown: dict[str, t.Any] = {
            "action": change.action,
            "class": change.cls.__name__,
            "gains": change.gains,
            "condition": change.condition,
            "actors": len(change.actors),
            "pairs": change.count,
        }
        if self._with_pairs:
            shown["witnesses"] = [
                {"actor": _word(pair.actor), "row": _word(pair.row)} for pair in change.witnesses
            ]
        return shown

    def annotations(self) -> None:
        """Print an annotation for each change, and for what was not compared."""
        for change in self._diff.changes:
            level = "error" if change.gains else "warning"
            show_annotation(_headline(change), file=None, line=None, level=level, title="Policy")
        for each in self._diff.not_compared:
            message = f"Not compared: {each.action} {each.cls.__name__}: {each.reason}"
            show_annotation(message, file=None, line=None, title="Policy")


def _headline(change: Change) -> str:
    sign, verb = ("+", "may now") if change.gains else ("-", "may no longer")
    actors = with_count(len(change.actors), "actor")
    where = "" if change.condition in (None, "true") else f" where {change.condition}"
    return (
        f"{sign} {actors} {verb} {change.action} {change.cls.__name__}{where}:"
        f" {with_count(change.count, 'pair')} of an actor and a row."
    )


def _words(pair: Pair) -> str:
    return f"{with_escapes(_word(pair.actor))} -> {with_escapes(_word(pair.row))}"


def _word(thing: t.Any) -> str:
    return "anonymous" if thing is None else word_for(thing)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
