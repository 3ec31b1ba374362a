"""Explanations: a rule call is queried again with an observed solver, for a ``Proof``.

The decision itself, which compiled rules may have made, kept no record of its reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ..characters import with_escapes
from ..exceptions import OsoError, PolarRuntimeError, StackOverflowError
from ..host.conversion import result_to_term
from ..limits import Limits
from ..nodes import Call, Instance, Term, Value
from ..solver.class_tests import has_instance_test
from ..solver.machine import KnowledgeBase
from ..solver.observation import ObservedSolver
from ..spelling import nearest, shortened
from .counterfactuals import Change, CounterfactualSearch, CounterfactualSolver
from .proof import Proof
from .proof_builder import ProofBuilder
from .proof_tree import Outcome, ProofError, ProofQuestion
from .provenance import Provenance, ProvenanceObserver
from .redaction import DEFAULT_REDACTED, Describer, Redaction

_MAX_MESSAGE = 4_000
#: How many characters of a message are searched for values to redact.
_MAX_READ = 10_000
_TIMEOUT = "Query timeout"
#: How long it may take to try one change, in milliseconds.
_MAX_TRY_MS = 1_000


class ExplanationRun:
    """Explains a query.

    :param program: the policy.
    :param limits: the limits of each run.
    :param redact: words of attributes whose values are redacted, besides the default ones.
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

        :param make_call: makes the call, or raises the error for its arguments.
        :param decide: makes the decision without an explanation. It is called if the run for the
            explanation exceeds the limits.
        :param known_actions: returns the actions that the policy names; ``None`` for any.
        """
        self._describer.note_question(args)
        record = Provenance(self._describer)
        error: Exception | None = None
        try:
            call = make_call()
            observer = ProvenanceObserver(record)
            next(ObservedSolver(self._program, self._limits, [observer]).solve(call), None)
        except Exception as raised:
            # Nothing is decided here. The proof tells an error from a denial.
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
        """Yield likely mistakes: a misspelt action, a class that is not registered."""
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
        # A class with an instance test of its own may accept any object.
        return not any(cls in type(value).__mro__ or has_instance_test(cls) for cls in classes)

    def _shown(self, arg: object) -> str:
        try:
            term = result_to_term(arg)
        except Exception:
            # This argument caused the error of the query; it is shown as an object.
            term = Instance(arg)
        return self._describer.term(term)

    def _denied(self, record: Provenance) -> ProofQuestion | None:
        if record.root is None:
            return None
        return ProofBuilder(self._program, self._describer).denied(record.root)

    def _ask(self, call: Call, changes: Sequence[Change]) -> Provenance | None:
        """Query again with some changes assumed; ``None`` if that raises an error."""
        record = Provenance(self._describer)
        most = self._limits.timeout_ms or _MAX_TRY_MS
        limits = self._limits.replaced(timeout_ms=min(most, _MAX_TRY_MS))
        solver = CounterfactualSolver(self._program, limits, record, changes)
        try:
            next(solver.solve(call), None)
        except Exception:
            # An error is not an allow: this is no suggestion.
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
            # The ``__str__`` of an exception of the application raised an error.
            return ""
        if isinstance(error, OsoError):
            # The proof tree has the stack of goals, with redacted values.
            text = self._cleaned(text.removeprefix(error.stack_trace or ""))
        else:
            told = self._describer.redaction.cleaned_sentence(text.strip("\n")[:_MAX_READ])
            text = with_escapes(told)
        return shortened(self._describer.without_hidden(text).strip("\n"), _MAX_MESSAGE)

    def _cleaned(self, text: str) -> str:
        """Redact one of our own messages; its lines of the policy stay as they are."""
        clean = self._describer.redaction.cleaned
        return "\n".join(
            line if line.startswith("\t") else clean(line) for line in text.split("\n")
        )


def _is_exhausted(error: Exception) -> bool:
    is_timeout = isinstance(error, PolarRuntimeError) and str(error).startswith(_TIMEOUT)
    return is_timeout or isinstance(error, StackOverflowError)


def _answer(decide: Callable[[], bool]) -> bool | None:
    try:
        return decide()
    except Exception:
        # The decision without an explanation raises an error, too.
        return None
