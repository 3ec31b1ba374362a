"""From the provenance of a run to the proof tree.

In goes the record of ``provenance.py``; out come the texts of ``proof_tree.py``. The nearest misses
come first: the rules of which most conditions held or most parameters matched. What is left out
is counted.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence

from ..host import numbers
from ..host.conversion import follow
from ..nodes import (
    Dictionary,
    Expression,
    Instance,
    List,
    Operator,
    Parameter,
    Pattern,
    Slot,
    Term,
    Unknown,
    Value,
)
from ..printer import to_polar
from ..solver.class_tests import members_of_tag, tells_by_class
from ..solver.clauses import Clause
from ..solver.machine import KnowledgeBase
from ..spelling import with_article
from ..traversal import is_control, is_operation
from .proof_tree import (
    ProofCondition,
    ProofQuestion,
    ProofRule,
    Seen,
    SourcePlace,
    Verdict,
    source_place,
)
from .provenance import Attempt, Failure, Path, Snapshot, Subgoal
from .redaction import MAX_NAME, REDACTED, Describer
from .source_form import (
    Operand,
    call_of,
    computes_operand,
    condition_span,
    condition_text,
    conditions_of,
    is_shorthand,
    main_condition,
    operands_of,
    pattern_text,
    rule_span,
    rule_text,
    shortened_source,
    spelled,
)

#: How deep rule calls are nested in a proof, and how many rules are shown in all.
MAX_DEPTH = 10
MAX_RULES = 200
#: How many rules of one call are shown that were tried, and that are not applicable.
MAX_TRIED = 6
MAX_OTHERS = 4
#: How many conditions of one rule are shown, and how many values of one condition.
MAX_CONDITIONS = 20
MAX_SEEN = 8
#: How many rules are searched for the parameter that does not match.
MAX_LOOKED_AT = 50_000
#: How deep the search for the rule that got furthest goes.
_MAX_SCORED = 40

#: The names of the arguments of well-known rules.
_ARGUMENTS = {
    ("allow", 3): ("actor", "action", "resource"),
    ("allow_field", 4): ("actor", "action", "resource", "field"),
    ("allow_request", 2): ("actor", "request"),
    ("has_permission", 3): ("actor", "permission", "resource"),
    ("has_relation", 3): ("subject", "relation", "object"),
    ("has_role", 3): ("actor", "role", "resource"),
}
_Score = tuple[bool, int, int]


class _Miss(t.NamedTuple):
    """A rule that does not apply, the position of the mismatch, and how near a miss it is."""

    clause: Clause
    at: int
    nearness: tuple[int, int, int]


class ProofBuilder:
    """Makes the proof tree of one run.

    :param program: the policy.
    :param describer: prints values.
    """

    def __init__(self, program: KnowledgeBase, describer: Describer) -> None:
        self._program = program
        self._classes = program.host.classes
        self._describer = describer
        self._rules_left = MAX_RULES
        self._looks_left = MAX_LOOKED_AT
        self._scores: dict[int, _Score] = {}

    # -- questions ----------------------------------------------------------------------

    def denied(self, subgoal: Subgoal, depth: int = 0) -> ProofQuestion:
        """Return why a rule call has no solution."""
        text = self.question_text(subgoal)
        if depth >= MAX_DEPTH:
            return ProofQuestion(text, note="It goes on deeper than is shown.")
        ranked = self.ranked(subgoal)
        shown = [self._tried(attempt, depth) for attempt in self._affordable(ranked, MAX_TRIED)]
        count_shown = len(shown)
        others, count = self._others(subgoal)
        shown += self._untried(subgoal)
        return ProofQuestion(
            text,
            tuple(shown),
            omitted=(len(subgoal.applicable) if subgoal.is_cut_short else len(ranked))
            - count_shown,
            others=tuple(others),
            omitted_others=count - len(others),
            note=self._note(subgoal, bool(shown or others or count)),
        )

    def allowed(self, path: Path) -> ProofQuestion | None:
        """Return which rules the solution comes from."""
        return None if path.first is None else self._held_question(path.first, path, 0)

    def broken_place(self, subgoal: Subgoal) -> SourcePlace | None:
        """Return the innermost condition in which an error ended the evaluation."""
        place, inner = None, t.cast("Subgoal | None", subgoal)
        while inner is not None:
            attempt = next((each for each in inner.attempts if each.broke), None)
            if attempt is None:
                break
            place = source_place(condition_span(attempt.failures[0].goal)) or place
            inner = attempt.failures[0].subgoal
        return place

    def question_text(self, subgoal: Subgoal) -> str:
        """Return the text of a rule call with the values of its arguments."""
        # The variables of rules in resource blocks are not in the policy.
        around = subgoal.around
        is_named = around is None or not is_shorthand(around.clause)
        shown = [
            self._argument(written, arg, is_named)
            for written, arg in zip(subgoal.call.args, subgoal.args, strict=True)
        ]
        return f"{subgoal.call.name}({', '.join(shown)})"

    def _argument(self, written: t.Any, arg: t.Any, is_named: bool) -> str:
        if type(follow(arg)) is Unknown and isinstance(written, Slot) and is_named:
            return "_" if written.name.startswith("_") else written.name
        return self._describer.term(arg, MAX_NAME)

    def ranked(self, subgoal: Subgoal) -> list[Attempt]:
        """Return the rules that were tried, the nearest miss first."""
        return sorted(subgoal.attempts, key=self._score, reverse=True)

    def _score(self, attempt: Attempt, depth: int = 0) -> _Score:
        """Return how near a miss is: an error, the number of conditions that held, their depth.

        The conditions that held in the rules that the last condition called count, too. A
        condition without an applicable rule is further away than one that does not hold.
        """
        known = self._scores.get(id(attempt))
        if known is not None:
            return known
        nearest: _Score = (False, 1, 0)
        subgoals = [each.subgoal for each in attempt.failures if each.subgoal is not None]
        if subgoals:
            inner = [each for subgoal in subgoals for each in subgoal.attempts]
            is_far = depth >= _MAX_SCORED
            scores = [] if is_far else [self._score(each, depth + 1) for each in inner]
            nearest = max(scores, default=(False, 0, 0))
        _, points, level = nearest
        score = (attempt.broke, points + 2 * max(attempt.passed, 0), level - 1)
        self._scores[id(attempt)] = score
        return score

    def _affordable(self, ranked: Sequence[Attempt], most: int) -> list[Attempt]:
        shown = list(ranked[: min(most, self._rules_left)])
        self._rules_left -= len(shown)
        return shown

    def _untried(self, subgoal: Subgoal) -> list[ProofRule]:
        """Return the rules that apply and were not tried."""
        if subgoal.is_cut_short or any(attempt.broke for attempt in subgoal.attempts):
            return []
        tried = {id(attempt.clause) for attempt in subgoal.attempts}
        left = [clause for clause in subgoal.applicable if id(clause) not in tried]
        reason = "A `cut` in a rule before it came first."
        return [self._bare_rule(clause, Verdict.NOT_TRIED, reason) for clause in left[:MAX_OTHERS]]

    def _note(self, subgoal: Subgoal, has_rules: bool) -> str:
        if subgoal.is_cut_short:
            return "More rules were tried than are shown."
        if has_rules:
            return ""
        return f"There is no rule of this name with {len(subgoal.args)} parameters."

    # -- rules --------------------------------------------------------------------------

    def _bare_rule(self, clause: Clause, verdict: Verdict, reason: str) -> ProofRule:
        return ProofRule(rule_text(clause), self._place(clause), verdict, reason=reason)

    def _place(self, clause: Clause) -> SourcePlace | None:
        span = clause.rule.span
        if span is not None and is_shorthand(clause):
            span = rule_span(clause, span)
        return source_place(span)

    def _tried(self, attempt: Attempt, depth: int) -> ProofRule:
        goals = conditions_of(attempt.clause)
        verdict = Verdict.BROKEN if attempt.broke else Verdict.FAILS
        if attempt.passed < 0 or not attempt.failures:
            return self._bare_rule(attempt.clause, verdict, "")
        snapshot = attempt.failures[0].snapshot
        omitted = max(attempt.passed - MAX_CONDITIONS, 0)
        held = [
            self._held(attempt, goal, snapshot, None, depth)
            for goal in goals[omitted : attempt.passed]
        ]
        failed = self._failed(attempt, goals[attempt.passed], verdict, depth)
        return ProofRule(
            rule_text(attempt.clause),
            self._place(attempt.clause),
            verdict,
            (*held, failed),
            omitted,
            unreached=len(goals) - attempt.passed - 1,
        )

    # -- conditions that fail -----------------------------------------------------------

    def _failed(self, attempt: Attempt, goal: Term, verdict: Verdict, depth: int) -> ProofCondition:
        cases = [self._case(attempt, each, verdict, depth) for each in attempt.failures]
        cases = list(dict.fromkeys(cases))
        omitted = attempt.count - len(attempt.failures)
        text = self._text(attempt, goal, attempt.failures[0].snapshot)
        if len(cases) == 1 and cases[0].text == text and not omitted:
            return cases[0]
        place = source_place(condition_span(goal))
        return ProofCondition(text, place, verdict, parts=tuple(cases), omitted=omitted)

    def _case(
        self, attempt: Attempt, failure: Failure, verdict: Verdict, depth: int
    ) -> ProofCondition:
        subgoal, snapshot = failure.subgoal, failure.snapshot
        is_call = subgoal is not None and subgoal.call is call_of(failure.goal)
        question = self.denied(subgoal, depth + 1) if is_call and subgoal is not None else None
        return ProofCondition(
            self._text(attempt, failure.goal, snapshot),
            source_place(condition_span(failure.goal)),
            verdict,
            () if is_call else self._seen(failure.goal, snapshot),
            self._failure_note(failure),
            question,
            self._counterparts(attempt, failure, depth),
        )

    def _failure_note(self, failure: Failure) -> str:
        if failure.missing is not None:
            return self._missing_key(failure.missing, failure.snapshot)
        if failure.waiting is not None:
            return f"`{shortened_source(failure.waiting.text)}` does not hold for these values."
        main = main_condition(failure.goal)
        if computes_operand(main):
            return "An argument of the rule is something else."
        is_for_all = is_operation(main, Operator.FORALL)
        return "It does not hold for these values." if is_for_all and failure.held else ""

    def _missing_key(self, goal: Expression, snapshot: Snapshot) -> str:
        owner, key = goal.args[0], goal.args[1]
        value = snapshot.values[owner.index] if isinstance(owner, Slot) else owner
        if type(follow(value)) is not Dictionary or not isinstance(key, Value):
            return ""
        return f"The dictionary has no key {to_polar(key)}."

    def _counterparts(
        self, attempt: Attempt, failure: Failure, depth: int
    ) -> tuple[ProofCondition, ...]:
        """Return the condition that holds under a failing ``not``, unless its values suffice."""
        main = main_condition(failure.goal)
        if failure.held is None or not isinstance(main, Expression):
            return ()
        if main.operator is not Operator.NOT:
            return ()
        inner = main.args[0]
        is_plain = call_of(inner) is None and not is_control(main_condition(inner))
        if is_plain:
            return ()
        return (self._held(attempt, inner, failure.snapshot, failure.held, depth),)

    # -- conditions that hold -----------------------------------------------------------

    def _held_question(
        self, pair: tuple[Attempt, Snapshot], path: Path, depth: int
    ) -> ProofQuestion:
        attempt, snapshot = pair
        text = self.question_text(attempt.subgoal)
        if depth >= MAX_DEPTH or self._rules_left <= 0:
            return ProofQuestion(text, note="It goes on deeper than is shown.")
        self._rules_left -= 1
        goals = conditions_of(attempt.clause)
        omitted = max(len(goals) - MAX_CONDITIONS, 0)
        conditions = [self._held(attempt, goal, snapshot, path, depth) for goal in goals[omitted:]]
        where = self._place(attempt.clause)
        rule = ProofRule(
            rule_text(attempt.clause), where, Verdict.HOLDS, tuple(conditions), omitted
        )
        return ProofQuestion(text, (rule,))

    def _held(
        self, attempt: Attempt, goal: Term, snapshot: Snapshot, path: Path | None, depth: int
    ) -> ProofCondition:
        """Return why a condition holds; in short if it is not the one that decided."""
        main = main_condition(goal)
        question: ProofQuestion | None = None
        parts: tuple[ProofCondition, ...] = ()
        if path is not None and call_of(goal) is not None:
            pair = path.rule_for(attempt, main)
            question = self._held_question(pair, path, depth + 1) if pair is not None else None
        elif is_operation(main, Operator.NOT):
            question = self._refuted(attempt, main.args[0], depth)
        elif path is not None and is_control(main):
            parts = self._held_parts(attempt, main, snapshot, path, depth)
        seen = () if question is not None or parts else self._seen(goal, snapshot)
        return ProofCondition(
            self._text(attempt, goal, snapshot),
            source_place(condition_span(goal)),
            Verdict.HOLDS,
            () if is_shorthand(attempt.clause) else seen,
            question=question,
            parts=parts,
        )

    def _held_parts(
        self, attempt: Attempt, main: Expression, snapshot: Snapshot, path: Path, depth: int
    ) -> tuple[ProofCondition, ...]:
        goals: Iterable[Term] = ()
        if main.operator is Operator.OR:
            taken = path.alternative(attempt, main)
            goals = () if taken is None else (taken,)
        elif main.operator is Operator.AND:
            goals = main.args[:MAX_CONDITIONS]
        return tuple(self._held(attempt, goal, snapshot, path, depth) for goal in goals)

    def _refuted(self, attempt: Attempt, goal: Term, depth: int) -> ProofQuestion | None:
        """Return why a rule call under ``not`` has no solution."""
        subgoal = attempt.asked.get(id(main_condition(goal)))
        if call_of(goal) is None or subgoal is None:
            return None
        return self.denied(subgoal, depth + 1)

    # -- values -------------------------------------------------------------------------

    def _text(self, attempt: Attempt, goal: Term, snapshot: Snapshot) -> str:
        """Return the text of a condition; of one in a resource block, with its values."""
        call = call_of(goal)
        if call is None or not is_shorthand(attempt.clause):
            return condition_text(goal)
        return f"{call.name}({', '.join(self._value_in(arg, snapshot) for arg in call.args)})"

    def _value_in(self, term: Term, snapshot: Snapshot) -> str:
        if not isinstance(term, Slot):
            return self._describer.term(term, MAX_NAME)
        value = follow(snapshot.values[term.index])
        # The resource of a relation that has no solution has no value.
        return "_" if value is None else self._describer.term(value, MAX_NAME)

    def _seen(self, goal: Term, snapshot: Snapshot) -> tuple[Seen, ...]:
        found: list[Seen] = []
        known = [(each, value_of(each, snapshot)) for each in operands_of(goal)]
        known = [pair for pair in known if pair[1] is not None and type(pair[1]) is not Unknown]
        # A value that is compared with a secret may be equal or close to it.
        is_secret = any(
            self._hides(each) or self._describer.is_hidden(value) for each, value in known
        )
        for operand, value in known[:MAX_SEEN]:
            is_hidden = self._hides(operand) or (is_secret and _is_plain(value))
            found.append(Seen(operand.text, REDACTED if is_hidden else self._describer.term(value)))
        return tuple(found)

    def _hides(self, operand: Operand) -> bool:
        return self._describer.redaction.hides_part(operand.text)

    # -- rules that are not applicable --------------------------------------------------

    def _others(self, subgoal: Subgoal) -> tuple[list[ProofRule], int]:
        """Return some rules that are not applicable, the nearest miss first, and their number."""
        if subgoal.clauses is None:
            return [], 0
        applicable = {id(clause) for clause in subgoal.applicable}
        left = [clause for clause in subgoal.clauses if id(clause) not in applicable]
        looked_at = left[: max(self._looks_left, MAX_OTHERS)]
        self._looks_left -= len(looked_at)
        misses = [self._miss(subgoal, clause) for clause in looked_at]
        misses.sort(key=lambda miss: miss.nearness, reverse=True)
        shown = [
            self._bare_rule(
                miss.clause, Verdict.NOT_APPLICABLE, self._reason(subgoal, miss.clause, miss.at)
            )
            for miss in misses[: min(MAX_OTHERS, max(self._rules_left, 1))]
        ]
        self._rules_left -= len(shown)
        return shown, len(left)

    def _miss(self, subgoal: Subgoal, clause: Clause) -> _Miss:
        """Return which parameter does not match, and how near a miss the rule is.

        A rule for the same action is nearer than any rule for another action.
        """
        pairs = [*zip(clause.parameters, map(follow, subgoal.args), strict=True)]
        differs = [self._plainly_differs(parameter, arg) for parameter, arg in pairs]
        reached = [at for at, (each, _) in enumerate(pairs) if id(each) in subgoal.reached]
        at = differs.index(True) if True in differs else max(reached, default=0)
        return _Miss(clause, at, (_nearness_of_action(subgoal, pairs, differs), -sum(differs), at))

    def _plainly_differs(self, parameter: Parameter, arg: t.Any) -> bool:
        """Return whether an argument certainly does not match. No code of objects runs."""
        wanted = parameter.specializer if isinstance(parameter.term, Slot) else parameter.term
        if wanted is None or type(arg) is Unknown:
            return False
        if isinstance(wanted, Value) and isinstance(arg, Value):
            return not numbers.equal_scalars(wanted.value, arg.value)
        if isinstance(wanted, (Value, List, Dictionary)) and not isinstance(arg, Instance):
            return type(wanted) is not type(arg)
        if not isinstance(wanted, Pattern):
            return False
        return self._is_class_itself(arg, wanted) or not self._may_be(arg, wanted)

    def _is_class_itself(self, arg: t.Any, pattern: Pattern) -> bool:
        """Return whether the argument is a class where an instance of it is needed."""
        if pattern.tag is None or not isinstance(arg, Instance):
            return False
        # The value of `nil` is `None`, as is the class of a name that is not registered.
        known = (self._classes.get(name) for name in members_of_tag(pattern.tag, self._program))
        return arg.value is not None and any(arg.value is cls for cls in known)

    def _is_registered(self, value: t.Any) -> bool:
        """Return whether a value is a class of the policy. No code of objects runs."""
        return any(value is cls for cls in self._classes.values() if cls is not None)

    def _may_be(self, arg: t.Any, pattern: Pattern) -> bool:
        if pattern.tag is None:
            return True
        classes = [self._classes.get(name) for name in members_of_tag(pattern.tag, self._program)]
        kind = type(arg)
        if kind is List or kind is Dictionary:
            value: t.Any = [] if kind is List else {}
        else:
            value = getattr(arg, "value", None)
        return any(cls is None or _is_perhaps(value, cls) for cls in classes)

    def _reason(self, subgoal: Subgoal, clause: Clause, at: int) -> str:
        """Return which parameter does not match: ``action is "edit", the rule wants "read"``."""
        parameter, arg = clause.parameters[at], follow(subgoal.args[at])
        name = self._name_of(subgoal, parameter, at)
        wanted = parameter.specializer if isinstance(parameter.term, Slot) else parameter.term
        shown = self._describer.term(arg)
        if wanted is None:
            return f"{name} is {shown}, the rule wants it to equal another argument"
        if isinstance(wanted, Instance):
            # A constant: printed as the argument is.
            return f"{name} is {shown}, the rule wants {self._describer.term(wanted)}"
        if not isinstance(wanted, Pattern):
            return f"{name} is {shown}, the rule wants {to_polar(spelled(wanted))}"
        return self._wrong_class(f"{name} is ", shown, arg, wanted)

    def _wrong_class(self, start: str, shown: str, arg: t.Any, wanted: Pattern) -> str:
        text = pattern_text(wanted)
        if self._is_class_itself(arg, wanted):
            return f"{start}the class {shown}, the rule wants {with_article(text)}"
        if wanted.fields and self._may_be(arg, wanted):
            return f"{start}{shown}, the rule wants {text}"
        is_plain = isinstance(arg, Value) or shown == "nil"
        kind = shown if is_plain else self._describer.class_of(arg)
        if isinstance(arg, Instance) and self._is_registered(arg.value):
            # Its own class, such as that of all mapped classes, tells nobody what it is.
            kind = f"the class {shown}"
        if start == "actor is " and shown == "nil":
            kind = "nil (nobody)"
        return f"{start}{kind}, the rule wants {with_article(pattern_text(Pattern(wanted.tag)))}"

    def _name_of(self, subgoal: Subgoal, parameter: Parameter, at: int) -> str:
        known = _ARGUMENTS.get((subgoal.call.name, len(subgoal.args)))
        if known is not None:
            return known[at]
        for term in (subgoal.call.args[at], parameter.term):
            if isinstance(term, Slot) and not term.name.startswith("_"):
                return term.name
        return f"argument {at + 1}"


def value_of(operand: Operand, snapshot: Snapshot) -> t.Any:
    """Return the value of an operand; ``None`` or a variable if it had none."""
    if operand.computed is not None:
        computed = snapshot.result_of(operand.computed)
        if computed is not None or operand.computed.operator is Operator.DOT:
            # The variable of a lookup may be bound before the lookup: use the result itself.
            return follow(computed)
    return follow(snapshot.values[operand.slot])


def _nearness_of_action(
    subgoal: Subgoal, pairs: Sequence[tuple[Parameter, t.Any]], differs: Sequence[bool]
) -> int:
    """Rank a rule by the action: 2 if it names it, 1 if it is for any, 0 for other actions."""
    if len(pairs) < 3 or (subgoal.call.name, len(pairs)) not in _ARGUMENTS or differs[1]:
        return 0
    parameter, arg = pairs[1]
    is_named = isinstance(parameter.term, Value) or isinstance(parameter.specializer, Value)
    return 2 if is_named and isinstance(arg, Value) else 1


def _is_perhaps(value: t.Any, cls: type) -> bool:
    if not tells_by_class(cls):
        # The class has an instance test of its own, which is not run.
        return True
    try:
        return isinstance(value, cls)
    except Exception:
        # The ``__class__`` of the object raised an error.
        return True


def _is_plain(value: t.Any) -> bool:
    return isinstance(value, Value) and type(value.value) is not bool
