"""The lint of a policy: everything that is wrong with it, or that is not meant, with codes.

In go texts and an engine with the registered names; out come findings, those of the check of a
policy among them. Comments ``# oso: ignore[code] reason`` take findings away.
"""

from __future__ import annotations

import dataclasses
import typing as t
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from ...engine import Engine
from ...exceptions import OsoError
from ...nodes import Call, Rule, Term, Value, Variable
from ...policy.policy import calls_in
from ...printer import to_polar
from ...residual.algebra.schema import Schema
from ...sources import Source, Span, located
from ...spelling import nearest
from ...traversal import terms_of
from ..policy_check import CheckResult, Severity, check_policy, finding, findings_of
from ..stand_in_classes import load_with_stand_ins
from .alternatives import Alternative, variables_in
from .class_facts import ClassFacts
from .codes import BY_NUMBER, Code, code_of_message
from .derivation import Derivations, has_cut
from .facts import ANYTHING, Kind
from .grants import Ungranted, declared_names, ungranted_permissions, ungranted_roles
from .ignores import Ignore, ignores_in
from .misspelt_rules import misspelt_rules
from .openness import allows_everything, leaves_actor_open
from .reachability import Reachability, Reason
from .row_reads import RowReads
from .subsumption import is_cut_off, subsumes

#: The most rules of one name that are compared with each other.
_MOST_COMPARED = 400
_IGNORING = "# oso: ignore[OSO101] reason"


class LintFinding(t.NamedTuple):
    """One finding, with its place if it is known; the message contains the line, too."""

    code: Code
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def severity(self) -> Severity:
        """How severe it is."""
        return self.code.severity


@dataclasses.dataclass(frozen=True, eq=False)
class LintResult:
    """The findings about a policy, and an engine with it, if it would load.

    :param ignores: the ignoring comments by file; further findings may be ignored by them.
    """

    findings: tuple[LintFinding, ...]
    engine: Engine | None
    classes: ClassFacts | None
    ignores: dict[str | None, list[Ignore]]

    def with_findings(self, more: Iterable[LintFinding]) -> LintResult:
        """Give a result with further findings."""
        return dataclasses.replace(self, findings=(*self.findings, *more))

    def settled(self, codes: Iterable[Code] | None = None) -> tuple[LintFinding, ...]:
        """Give the findings that no comment ignores, and those about comments, in order.

        :param codes: the codes that were looked for; all by default. An ignoring comment for
            another code may be of use elsewhere.
        """
        kept = [each for each in self.findings if not self._is_ignored(each)]
        looked_for = {each.number for each in (Code if codes is None else codes)}
        for ignores in self.ignores.values():
            for each in ignores:
                kept += _about_ignore(each, looked_for)
        return tuple(sorted(dict.fromkeys(kept), key=_order))

    def _is_ignored(self, found: LintFinding) -> bool:
        # What does not load cannot be ignored.
        if found.code is Code.LOAD_ERROR:
            return False
        matching = [
            each
            for each in self.ignores.get(found.file, ())
            if found.line in each.lines and found.code.number in each.codes and each.reason
        ]
        for each in matching:
            each.used.add(found.code.number)
        return bool(matching)


def _order(found: LintFinding) -> tuple[str, int, int, str]:
    return found.file or "", found.line or 0, found.column or 0, found.code.number


#: The codes of findings about the routes and templates of an application.
CODES_OF_APPLICATIONS: t.Final = (Code.ACTION_NEVER_ASKED, Code.ROUTE_NEVER_ALLOWED)


def lint_policy(
    sources: Sequence[Source], engine: Engine, models: Schema | None = None, **options: t.Any
) -> LintResult:
    """Lint texts as one policy.

    :param engine: has the registered names.
    :param models: the schema of rows, if models are registered.
    :param options: those of ``check_policy``.
    """
    return _lint(sources, check_policy(sources, engine, models=models, **options), models)


def lint_with_stand_ins(sources: Sequence[Source]) -> LintResult:
    """Lint texts whose classes are not known: each has a plain class that stands in."""
    try:
        made = load_with_stand_ins(sources).engine
    except OsoError as error:
        return _lint(sources, CheckResult(tuple(findings_of(error)), None), None)
    host = made.host
    # The rules of these roles are there if the policy mentions them.
    checked = check_policy(sources, made, roles="role_allows" in made.policy.rules)
    made_up = frozenset(name for name, cls in host.classes.items() if cls.__module__ == "policy")
    return _lint(sources, checked, None, made_up)


def _lint(
    sources: Sequence[Source],
    checked: CheckResult,
    models: Schema | None,
    made_up: frozenset[str] = frozenset(),
) -> LintResult:
    findings = [
        LintFinding(code_of_message(each.severity, each.message), each.message, *each.place)
        for each in checked.findings
        # What is declared has no rules before data give some.
        if not each.message.endswith(": a rule that is not defined")
    ]
    if all(source.name is not None for source in sources):
        # Rules without a file are those of the roles of oso 0.15.
        findings = [each for each in findings if each.file or each.code is not Code.NOT_COMPILED]
    ignores = {source.name: ignores_in(source) for source in sources}
    if checked.engine is None:
        return LintResult(tuple(findings), None, None, ignores)
    classes = ClassFacts(checked.engine, made_up, models)
    never_equal = {(each.file, each.line) for each in findings if each.code is Code.NEVER_EQUAL}
    linter = _Linter(checked.engine, classes, models, never_equal)
    found = [each for each in linter.findings() if not _is_told(each, findings)]
    return LintResult((*findings, *found), checked.engine, classes, ignores)


def _is_told(found: LintFinding, loaded: Sequence[LintFinding]) -> bool:
    """Tell whether a load names a role that nobody holds: one warning may be about several."""
    if found.code is not Code.ROLE_NEVER_HELD:
        return False
    first = found.message.partition(" at line ")[0]
    role, _, class_name = first.removeprefix("No rule gives anybody the role ").partition(" of ")
    told = [each.message.partition(" at line ")[0] for each in loaded if each.code is found.code]
    return any(role in each and each.endswith(f" of {class_name}") for each in told)


def lint_finding(code: Code, message: str, span: Span | None) -> LintFinding:
    """Make a finding at a place of the policy."""
    found = finding(code.severity, located(message, span))
    return LintFinding(code, found.message, *found.place)


class _Linter:
    """Lints the rules of one policy.

    :param told: the files and lines of equations that the load says to be never true.
    """

    def __init__(
        self,
        engine: Engine,
        classes: ClassFacts,
        models: Schema | None,
        told: Collection[tuple[str | None, int | None]],
    ) -> None:
        self._told = told
        self._engine = engine
        self._policy = engine.policy
        self._classes = classes
        self._constants = frozenset(engine.host.constants)
        self._rows = (
            None if models is None else RowReads(engine.host, models, self._alternatives_of)
        )
        self._reachability = Reachability(engine, classes, declared_names(engine.policy))
        self._calls = [*_calls(engine)]
        self._derivations = Derivations(
            engine.policy, self._reachability.alternatives, classes, self._constants
        )
        #: The ids of rules that add nothing. What makes another one superfluous is not among them.
        self._needless: set[int] = set()

    def findings(self) -> Iterator[LintFinding]:
        """Give the findings."""
        spans = Counter(rule.span for rule in self._written())
        never: set[int] = set()
        for rule in self._written():
            # A rule that several classes inherit is superfluous only in some of them.
            if spans[rule.span] > 1:
                continue
            for found in self._about_rule(rule):
                never.add(id(rule))
                yield found
        self._needless |= never
        for name in self._policy.rules:
            rules = [rule for rule in self._policy.rules[name] if id(rule) not in never]
            yield from self._superfluous(rules, spans)
        for rule in self._written():
            if id(rule) not in never and spans[rule.span] == 1:
                yield from self._dead_sides(rule)
                yield from self._needless_sides(rule)
            yield from self._openness(rule)
            yield from self._about_rows(rule)
        for rule, meant in misspelt_rules(self._policy):
            message = f"Nothing asks for the rule `{rule.name}`. Did you mean `{meant}`?"
            yield lint_finding(Code.MISSPELT_RULE, message, rule.span)
        for each in ungranted_permissions(self._engine, self._classes):
            yield _ungranted(each, "permission", Code.PERMISSION_NEVER_GRANTED)
        for each in ungranted_roles(self._engine, self._classes):
            yield _ungranted(each, "role", Code.ROLE_NEVER_HELD)

    def _written(self) -> list[Rule]:
        """Give the rules whose text is part of the policy."""
        known = {id(source) for source in self._policy.sources}
        rules = self._policy.rules_in_source_order()
        return [rule for rule in rules if rule.span is not None and id(rule.span.source) in known]

    def _alternatives(self, rule: Rule) -> tuple[Alternative, ...]:
        return self._reachability.alternatives(rule) or ()

    def _alternatives_of(self, call: Call) -> list[Alternative]:
        """Give the alternatives of the rules that a call may ask."""
        rules = self._policy.rules.get(call.name, ())
        return [
            each
            for rule in rules
            if len(rule.parameters) == len(call.args)
            for each in self._alternatives(rule)
        ]

    # -- rules that never apply, or that others make superfluous -------------------------------

    def _about_rule(self, rule: Rule) -> Iterator[LintFinding]:
        if has_cut(rule):
            # It may be there for what it cuts off.
            return
        reason = self._reachability.why_never(rule)
        if reason is not None and not self._is_told(reason):
            yield lint_finding(
                Code.NEVER_APPLIES, f"This rule never applies: {_explained(reason)}", rule.span
            )

    def _is_told(self, reason: Reason) -> bool:
        """Tell whether the load says what a column has to do with it."""
        goals = () if reason.contradiction is None else reason.contradiction.goals
        spans = [goal.span for goal in goals]
        return None in spans and any(
            (span.source.name, span.line) in self._told for span in spans if span is not None
        )

    def _dead_sides(self, rule: Rule) -> Iterator[LintFinding]:
        """Give the sides of an ``or`` that never hold, of a rule that may apply."""
        if len(self._alternatives(rule)) == 1:
            return
        for reason in self._reachability.dead_alternatives(rule):
            goals = () if reason.contradiction is None else reason.contradiction.goals
            spans = [goal.span for goal in (*goals, reason.call) if goal is not None]
            span = next((each for each in spans if each is not None), None)
            if span is not None and not self._is_told(reason):
                message = f"This side of an `or` never holds: {_explained(reason)}"
                yield lint_finding(Code.NEVER_APPLIES, message, span)

    def _needless_sides(self, rule: Rule) -> Iterator[LintFinding]:
        """Give the sides of an ``or`` that another side answers, too."""
        kept = [*self._alternatives(rule)]
        if len(kept) == 1 or has_cut(rule):
            return
        for each in reversed(self._alternatives(rule)):
            others = [other for other in kept if other is not each]
            found = next((other for other in others if self._answers_for(other, each)), None)
            # A side that stands in several alternatives may matter in one of them.
            span = None if found is None else _own_span(each, others)
            if span is not None:
                kept = others
                message = "This side of an `or` adds nothing: another side answers whatever it does"
                yield lint_finding(Code.SUBSUMED_RULE, message, span)

    def _answers_for(self, general: Alternative, special: Alternative) -> bool:
        return subsumes((general,), (special,), self._classes, self._constants)

    def _superfluous(
        self, rules: Sequence[Rule], spans: Counter[Span | None]
    ) -> Iterator[LintFinding]:
        rules = rules[:_MOST_COMPARED]
        cutting = {len(rule.parameters) for rule in rules if has_cut(rule)}
        for at, rule in enumerate(rules):
            others = [each for each in rules if len(each.parameters) == len(rule.parameters)]
            if spans[rule.span] != 1 or rule.span is None:
                continue
            if len(rule.parameters) in cutting:
                yield from self._cut_off(rule, others)
                continue
            earlier = {id(each) for each in rules[:at]}
            kept = [each for each in others if id(each) not in {*self._needless, id(rule)}]
            answering = self._answering(rule, kept, earlier)
            if answering:
                self._needless.add(id(rule))
                yield _superfluous(rule, answering)

    def _answering(
        self, rule: Rule, others: Sequence[Rule], earlier: Collection[int]
    ) -> Sequence[Rule]:
        """Give the rules that answer whatever a rule does: one of its name, or several."""
        for other in others:
            if self._makes_superfluous(other, rule, is_later=id(other) in earlier):
                return [other]
        without = {*self._needless, id(rule)}
        for other in others:
            found = self._derivations.rules_for(other, rule, without)
            if len(found) > 1 and not self._is_asked_openly(other, rule):
                return found
        return ()

    def _makes_superfluous(self, other: Rule, rule: Rule, *, is_later: bool) -> bool:
        if not self._subsumes(other, rule) or self._is_asked_openly(other, rule):
            return False
        # Of two rules that mean the same, the second one is superfluous.
        return is_later or not self._subsumes(rule, other) or self._is_asked_openly(rule, other)

    def _subsumes(self, general: Rule, special: Rule) -> bool:
        one, other = self._alternatives(general), self._alternatives(special)
        return bool(one) and bool(other) and subsumes(one, other, self._classes, self._constants)

    def _is_asked_openly(self, general: Rule, special: Rule) -> bool:
        """Tell whether a rule asks for a value that only the special one of two rules gives."""
        gives = [
            at
            for at, (one, other) in enumerate(
                zip(general.parameters, special.parameters, strict=True)
            )
            if isinstance(one.term, Variable) and not isinstance(other.term, Variable)
        ]
        return bool(gives) and any(
            name == general.name and len(is_open) == len(general.parameters) and is_open[at]
            for name, is_open in self._calls
            for at in gives
        )

    def _cut_off(self, rule: Rule, others: Sequence[Rule]) -> Iterator[LintFinding]:
        for other in others:
            if other is rule:
                return
            mine, earlier = self._alternatives(rule), self._alternatives(other)
            if mine and earlier and is_cut_off(earlier, mine, self._classes, self._constants):
                place = "" if other.span is None else f" in line {other.span.line}"
                message = f"This rule is never tried: the `cut` of the rule{place} comes first"
                yield lint_finding(Code.CUT_OFF, message, rule.span)
                return

    # -- rules that allow too much, or read too much ---------------------------------------------

    def _openness(self, rule: Rule) -> Iterator[LintFinding]:
        alternatives = self._alternatives(rule)
        if allows_everything(alternatives):
            message = "This rule lets everybody do everything to everything"
            yield lint_finding(Code.ALLOWS_EVERYTHING, message, rule.span)
        elif leaves_actor_open(alternatives):
            message = (
                "This rule asks nothing of the actor, so anybody may do this, also who is not"
                " logged in. Give the actor a class, or a condition"
            )
            yield lint_finding(Code.OPEN_ACTOR, message, rule.span)

    def _about_rows(self, rule: Rule) -> Iterator[LintFinding]:
        if self._rows is None:
            return
        seen: set[str] = set()
        for alternative in self._alternatives(rule):
            for read in self._rows.per_row(alternative):
                message = (
                    f"`{to_polar(read)}` is read from the database for each row. Load the"
                    " relation with its rows, or compare it with a row"
                )
                if message not in seen:
                    seen.add(message)
                    yield lint_finding(Code.READ_PER_ROW, message, read.span or rule.span)
            for call in self._rows.calls(alternative):
                message = (
                    f"A list of rows refuses `{rule.name}`: `{to_polar(call)}` is unknown without a"
                    " row. Say it with columns and relations"
                )
                if message not in seen:
                    seen.add(message)
                    yield lint_finding(Code.NOT_LISTED, message, call.span or rule.span)


def may_be_allowed(
    result: LintResult, action: t.Any, cls_name: str | None, text: Term | None = None
) -> bool:
    """Tell whether a rule may allow somebody an action.

    :param cls_name: the name of the class of the object, if it is known.
    :param text: the object, if it is a value of the language.
    """
    if result.engine is None or result.classes is None or not isinstance(action, str):
        return True
    tags = frozenset() if cls_name is None else frozenset([cls_name])
    resource = Kind(text if isinstance(text, Value) else None, tags)
    rules = Reachability(result.engine, result.classes)
    return rules.may_hold("allow", (ANYTHING, Kind(Value(action)), resource))


def _own_span(alternative: Alternative, others: Iterable[Alternative]) -> Span | None:
    """Give the place of a goal that no other alternative has."""
    shared = {goal.span for other in others for goal in other.goals}
    return next(
        (goal.span for goal in alternative.goals if goal.span and goal.span not in shared), None
    )


def _ungranted(found: Ungranted, noun: str, code: Code) -> LintFinding:
    of_class = "" if found.class_name == "global" else f" of {found.class_name}"
    message = f'No rule gives anybody the {noun} "{found.name.text}"{of_class}'
    return lint_finding(code, message, found.name.span)


def _superfluous(rule: Rule, others: Sequence[Rule]) -> LintFinding:
    places = list(dict.fromkeys(_place_of(each, rule) for each in others))
    if len(places) == 1:
        message = f"{places[0]} answers whatever it does. Remove one of them"
    else:
        message = f"{', '.join(places[:-1])} and {places[-1]} together answer whatever it does"
    message = f"This rule adds nothing: {message}"
    return lint_finding(Code.SUBSUMED_RULE, message, rule.span)


def _place_of(rule: Rule, from_rule: Rule) -> str:
    if rule.span is None:
        return "another rule"
    source, own = rule.span.source, None if from_rule.span is None else from_rule.span.source
    file = "" if source is own or source.name is None else f" of {source.name}"
    return f"the rule in line {rule.span.line}{file}"


def _explained(reason: Reason) -> str:
    if reason.call is not None:
        return f"no rule answers `{to_polar(reason.call)}` with these classes and values"
    goals = () if reason.contradiction is None else reason.contradiction.goals
    shown = list(dict.fromkeys(f"`{to_polar(goal)}`" for goal in goals))
    if len(shown) == 1:
        return f"{shown[0]} does not hold"
    return f"{' and '.join(shown)} do not hold together"


def _calls(engine: Engine) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """Give the calls in bodies, and which of their arguments the head does not bind."""
    for rule in engine.policy.rules_in_source_order():
        known = variables_in(terms_of(rule.parameters))
        known |= frozenset(engine.host.constants)
        for call in calls_in(rule.body):
            yield (
                call.name,
                tuple(isinstance(arg, Variable) and arg.name not in known for arg in call.args),
            )


# -- comments that ignore findings ---------------------------------------------------------------


def _about_ignore(ignore: Ignore, looked_for: set[str]) -> Iterator[LintFinding]:
    if not ignore.codes:
        message = f"This comment ignores no code; write `{_IGNORING}`"
        yield lint_finding(Code.UNKNOWN_CODE, message, ignore.span)
    unknown = [each for each in ignore.codes if each not in BY_NUMBER]
    for number in unknown:
        meant = nearest(number, BY_NUMBER)
        message = f"There is no code {number}" + (f", did you mean {meant}?" if meant else "")
        yield lint_finding(Code.UNKNOWN_CODE, message, ignore.span)
    if ignore.codes and not ignore.reason:
        message = f"A comment that ignores a finding says why: `{_IGNORING}`"
        yield lint_finding(Code.IGNORE_WITHOUT_REASON, message, ignore.span)
        return
    for number in ignore.codes:
        if number in looked_for and number not in unknown and number not in ignore.used:
            message = f"Nothing here is {number}, so this comment ignores nothing. Remove it"
            yield lint_finding(Code.UNUSED_IGNORE, message, ignore.span)
