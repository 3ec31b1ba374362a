"""Asks a question once more, to see why it is answered as it is.

In goes a rule call; out comes a ``Proof``. The solver answers it, and keeps account; what
was decided before, perhaps by compiled rules, left no trace.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..characters import with_escapes
from ..exceptions import OsoError, PolarRuntimeError, StackOverflowError
from ..host.conversion import result_to_term
from ..limits import Limits
from ..nodes import Call, Instance, Term, Value
from ..solver.machine import KnowledgeBase
from ..spelling import nearest
from .counterfactuals import Change, CounterfactualSearch, CounterfactualSolver
from .proof import Proof
from .proof_builder import ProofBuilder
from .proof_tree import Outcome, ProofError, Question
from .provenance import Provenance, ProvenanceSolver
from .redaction import DEFAULT_REDACTED, Describer, Redaction, shortened

_MAX_MESSAGE = 4_000
#: How much of a message is looked at.
_MAX_READ = 10_000
_TIMEOUT = "Query timeout"
#: How long it may take to try one change, in milliseconds.
_MAX_TRY_MS = 1_000


class ExplanationRun:
    """One question, asked for the sake of its explanation.

    :param program: the policy.
    :param limits: what each run may cost.
    :param redact: words of attributes whose values are not shown, besides the default ones.
    """

    def __init__(self, program: KnowledgeBase, limits: Limits, redact: Iterable[str] = ()) -> None:
        self._program = program
        self._limits = limits
        redaction = Redaction([*DEFAULT_REDACTED, *redact])
        self._describer = Describer(program.host.classes, redaction)

    def explain(
        self,
        name: str,
        args: Sequence[object],
        make_call: Callable[[], Call],
        decide: Callable[[], bool],
        known_actions: Callable[[], Iterable[str] | None],
    ) -> Proof:
        """Explain a rule call.

        :param make_call: makes the call, or raises what is wrong with the arguments.
        :param decide: decides the question as it is decided every day; asked where to explain
            it takes more than the limits allow.
        :param known_actions: gives the actions that the policy names, ``None`` for any.
        """
        record = Provenance(self._describer)
        error: Exception | None = None
        try:
            call = make_call()
            next(ProvenanceSolver(self._program, self._limits, record).solve(call), None)
        except Exception as raised:
            # Nothing is decided here: what is broken is told apart from what is denied.
            error = raised
        shown = tuple(map(self._shown, args))
        if error is not None:
            return self._broken(name, shown, record, error, decide)
        if record.solution is not None:
            question = ProofBuilder(self._program, self._describer).allowed(record.solution)
            return Proof(Outcome.ALLOWED, name, shown, question)
        advisor = CounterfactualSearch(
            lambda changes: self._ask(call, changes), self._program, self._describer
        )
        suggestions = advisor.suggest(record)
        notes = self._notes(call, known_actions) if name == "allow" and len(args) == 3 else ()
        question = self._denied(record)
        return Proof(Outcome.DENIED, name, shown, question, suggestions, notes=tuple(notes))

    def _notes(
        self, call: Call, known_actions: Callable[[], Iterable[str] | None]
    ) -> Iterator[str]:
        """Name mistakes that look like any denial: a misspelt action, a class that is unknown."""
        action = call.args[1]
        known = known_actions()
        if known is not None and isinstance(action, Value) and type(action.value) is str:
            names = sorted(known)
            if action.value not in names:
                near = nearest(action.value, names)
                meant = f' Did you mean "{near}"?' if near else ""
                yield f"No rule allows {self._describer.term(action)}.{meant}"
        for role, term in (("actor", call.args[0]), ("resource", call.args[2])):
            if self._is_of_unknown_class(term):
                kind = self._describer.class_of(term)
                yield f"The {role} is {kind}, a class that is not registered."

    def _is_of_unknown_class(self, term: Term) -> bool:
        value = term.value if isinstance(term, Instance) else None
        if value is None or issubclass(type(value), type):
            return False
        classes = self._program.host.classes.values()
        # What has another way to tell its instances may know any class.
        return not any(cls in type(value).__mro__ or _tells_itself(cls) for cls in classes)

    def _shown(self, arg: object) -> str:
        try:
            term = result_to_term(arg)
        except Exception:
            # The question was broken by this argument; it is shown as an object.
            term = Instance(arg)
        return self._describer.term(term)

    def _denied(self, record: Provenance) -> Question | None:
        if record.root is None:
            return None
        return ProofBuilder(self._program, self._describer).denied(record.root)

    def _ask(self, call: Call, changes: Sequence[Change]) -> Provenance | None:
        """Ask with some things taken for granted; ``None`` if that gives an error."""
        record = Provenance(self._describer)
        most = self._limits.timeout_ms or _MAX_TRY_MS
        limits = dataclasses.replace(self._limits, timeout_ms=min(most, _MAX_TRY_MS))
        solver = CounterfactualSolver(self._program, limits, record, changes)
        try:
            next(solver.solve(call), None)
        except Exception:
            # It would not be allowed then; nobody asked what it would be instead.
            return None
        return record

    def _broken(
        self,
        name: str,
        shown: tuple[str, ...],
        record: Provenance,
        error: Exception,
        decide: Callable[[], bool],
    ) -> Proof:
        outcome, notes = Outcome.BROKEN, []
        if _is_exhausted(error):
            answer = _answer(decide)
            if answer is not None:
                outcome = Outcome.ALLOWED if answer else Outcome.DENIED
                notes = ["To explain it takes more than the limits allow. Raise them to see all."]
        place = None
        if record.root is not None:
            place = ProofBuilder(self._program, self._describer).broken_place(record.root)
        problem = ProofError(type(error).__name__, self._message(error), place)
        return Proof(
            outcome, name, shown, self._denied(record), problem=problem, notes=tuple(notes)
        )

    def _message(self, error: Exception) -> str:
        try:
            text = str(error)
        except Exception:
            # An exception of the application that cannot say what it is.
            return ""
        if isinstance(error, OsoError):
            # The tree of rules shows the way there, with its values.
            text = self._cleaned(text.removeprefix(error.stack_trace or ""))
        else:
            told = self._describer.redaction.cleaned_sentence(text.strip("\n")[:_MAX_READ])
            text = with_escapes(told)
        return shortened(self._describer.without_hidden(text).strip("\n"), _MAX_MESSAGE)

    def _cleaned(self, text: str) -> str:
        """Clean a message of ours; the lines of the policy in it stay as they are."""
        clean = self._describer.redaction.cleaned
        return "\n".join(
            line if line.startswith("\t") else clean(line) for line in text.split("\n")
        )


def _tells_itself(cls: type) -> bool:
    check: object = type(cls).__instancecheck__
    return check is not type.__instancecheck__


def _is_exhausted(error: Exception) -> bool:
    is_timeout = isinstance(error, PolarRuntimeError) and str(error).startswith(_TIMEOUT)
    return is_timeout or isinstance(error, StackOverflowError)


def _answer(decide: Callable[[], bool]) -> bool | None:
    try:
        return decide()
    except Exception:
        # It is broken every day.
        return None
