"""The generated Python code that answers a question, with places of the policy as comments.

In go an engine and a question such as ``allow(User, "read", Note)``; out comes a text with the
entry function, the specialization for these classes, the compiled rules that they call, and the
calls that are left to the solver. The functions are generated for this text alone.
"""

from __future__ import annotations

import ast
import copy
import inspect
import re
import types
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..characters import with_escapes
from ..compiler.binding_analysis import NotCompilable
from ..compiler.classes.readable_classes import ReadableClasses
from ..compiler.compiler import RuleCompiler
from ..compiler.entry_points import QUESTION_FILE
from ..compiler.programs import CompiledProgram
from ..compiler.scopes import Site, Variant
from ..compiler.snippets import Position, position_of
from ..compiler.source_map import HAS_POSITIONS
from ..compiler.specialization.observation import Resumption
from ..compiler.specialization.solution_functions import SolutionFunctions
from ..compiler.specialization.solution_keys import Kind, OneText
from ..compiler.specialization.specialization import SpecializationWriter
from ..compiler.specialization.tables.dispatch import ByClass, Specializations, string_facts
from ..compiler.specialization.tables.drafts import Asked, Text
from ..compiler.specialization.tables.give_ups import GiveUps
from ..engine import Engine
from ..exceptions import OsoError, ParserError
from ..host.registry import Host
from ..nodes import Call, Term, Value, Variable
from ..solver.clauses import Clause
from ..sources import Source, Span
from ..spelling import nearest, shortened
from ..syntax.parser import parse_query
from ..traversal import terms_of, walk
from .stand_in_classes import load_with_stand_ins

#: How many compiled rules are shown.
MAX_SHOWN = 60
#: How many characters of the policy's text a comment shows.
_WIDTH = 60
_GENERATED_NAME = re.compile(r"[fkt]\d+")
_ENTRY = "The entry function: it takes every question about this rule."
_EXAMPLE = "Write it as in 'allow(User, \"read\", Note)'."

#: The meaning of names that are the same in all generated functions, but for functions whose
#: docstrings tell it.
RUNTIME_NAMES: Mapping[str, str] = {
    "among_first": "x in xs, which looks at no element behind the first that is equal",
    "by_solver": "answers the whole question with the solver",
    "calculate": "arithmetic",
    "bound_method": "the class of methods of an object",
    "call_method": "calls a method of the application",
    "check_clock": "looks at the clock: raises when the time limit is reached",
    "clock": "steps until the clock is looked at, when the question began, the table of its calls",
    "collections": "list, and the collections of rows that are loaded",
    "decided": "the classes whose objects ask nobody what they equal",
    "depth": "how many calls of compiled rules stand in each other",
    "entry": "what is known of this call; its arguments",
    "environment": "the variables of the process",
    "equal": "unification of two values",
    "exhausted": "this call has solutions, and all were searched for",
    "functions": "the classes of methods and functions",
    "gives_up": "the exceptions for which the specialization asks the rules",
    "gives_up_or_deep": "these exceptions, and that Python's stack ends",
    "gone_through": "the classes that are searched as they are, such as tuple",
    "hand_over": "lets the solver answer this call, and go on from here",
    "harmless": "the classes whose objects passed the check of the sandbox",
    "not_called": "stands for the result of a call that was not made",
    "not_silent": "the error that leads to the rules in order",
    "is_first": "whether a loop along a chain ends with its first solution",
    "is_searched": "whether all solutions are looked for, not the first one only",
    "is_told": "tells whether objects of a class are nil only if they are None",
    "islice": "goes through the first elements of a list, which may grow meanwhile",
    "log_variable": "POLAR_LOG: where it is set, the solver answers, and traces",
    "missing": "stands for what is not there",
    "moments": "the classes of datetimes and times",
    "no_field": "what a missing field of a pattern means: no match",
    "monotonic": "the clock",
    "numbers": "the classes of numbers that compare with each other",
    "ordered": "the classes whose values Python orders without running code",
    "plain": "the classes whose objects can be used as they are",
    "read": "reads an attribute of what is no plain object",
    "readable": "the classes whose attributes Python reads directly",
    "resumed": "further solutions of this call are searched for",
    "rows": "the classes whose objects are equal if they are one row",
    "scalars": "bool, int, float and str",
    "subclass_token": "tells how often a class was registered as a subclass of an abstract one",
    "virtual_subclasses": "which classes are registered as subclasses of no other",
    "by_text": "the classes whose objects compare the text of an attribute",
    "sets": "set, frozenset, the keys of a dictionary, and classes that derive from a set",
    "silent_iterators": "the classes of iterators that run no code of the application",
    "shared": "this search came to its end; what it shares its solutions with may have more",
    "read_alone": "stands for a variable without a value, of which attributes are read alone",
    "simple": "the classes whose objects are equal as Python says",
    "alone": "the classes whose objects equal themselves alone",
    "told": "the classes whose objects are nil only if they are None",
    "table": "the calls of recursive rules within this question",
    "unforeseen": "raised where a function met what it took for impossible",
    "unloaded": "stands for a relation that is not loaded",
    "unread": "no place: neither side of a comparison was read",
    "silent_text": "the text that attributes lead to, if reading them runs no code",
    "words": "the words that JSON has besides texts and numbers",
    "variable": "stands for a variable without a value",
}


class QuestionError(OsoError):
    """The text is not a question that this policy can answer."""


@dataclass(frozen=True)
class CompiledQuestion:
    """A question with the facts about its arguments that the compiler uses.

    :param arguments: for each argument a string, a class, or ``None`` for anything.
    """

    name: str
    arguments: tuple[str | type | None, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(_shown_argument, self.arguments))})"


def parse_question(text: str, host: Host) -> CompiledQuestion:
    """Parse a question: a class means an object of it, ``_`` means anything.

    :raises QuestionError: if it is no rule call, or names a class that is not registered.
    """
    call = parse_call(text)
    return CompiledQuestion(call.name, tuple(_argument(term, host) for term in call.args))


def parse_call(text: str) -> Call:
    """Parse the text of a question.

    :raises QuestionError: if it is no rule call.
    """
    try:
        call = parse_query(Source(text.rstrip("; \n")))
    except ParserError as error:
        raise QuestionError(f"The question is not understood: {error}{_EXAMPLE}") from None
    if type(call) is not Call or call.kwargs:
        raise QuestionError(f"A question is a rule call, not {text!r}. {_EXAMPLE}")
    return call


def show_generated_code(engine: Engine, question: CompiledQuestion) -> str:
    """Show the functions that answer a question.

    :raises QuestionError: if the policy has no such rule.
    """
    _check_defined(engine, question)
    if not HAS_POSITIONS:
        return (
            f"# {question}\n#\n# The solver answers everything: Python runs with"
            " -X no_debug_ranges or PYTHONNODEBUGRANGES.\n"
        )
    return _Report(engine, question).text()


class Shown(t.NamedTuple):
    """The functions of a policy without its application, and the warnings of the load."""

    text: str
    warnings: tuple[str, ...]


def show_with_stand_ins(sources: Sequence[Source], question: str) -> Shown:
    """Show the functions that answer a question, without the classes of the application.

    :raises QuestionError: if the policy has no such rule.
    :raises OsoError: if the policy cannot be loaded.
    """
    args = parse_call(question).args
    names = [each.name for each in args if isinstance(each, Variable) and each.name[:1].isupper()]
    loaded = load_with_stand_ins(sources, names)
    parsed = parse_question(question, loaded.engine.host)
    return Shown(show_generated_code(loaded.engine, parsed), loaded.warnings)


def _check_defined(engine: Engine, question: CompiledQuestion) -> None:
    by_arity = engine.clauses(question.name)
    if by_arity is None:
        near = nearest(question.name, engine.policy.rules)
        hint = f" Did you mean {near!r}?" if near else ""
        raise QuestionError(f"The policy has no rule {question.name!r}.{hint}")
    if len(question.arguments) not in by_arity:
        known = " or ".join(map(str, sorted(by_arity)))
        raise QuestionError(
            f"{question.name!r} takes {known} arguments, not {len(question.arguments)}."
        )


def _argument(term: Term, host: Host) -> str | type | None:
    if isinstance(term, Value):
        return term.value if isinstance(term.value, str) else type(term.value)
    if not isinstance(term, Variable):
        raise QuestionError(
            "An argument is a class, a string, a number, nil, or _ for anything,"
            f" not {(term.span.text if term.span else str(term))!r}. {_EXAMPLE}"
        )
    if term.name == "nil":
        return type(None)
    if term.name in host.classes:
        return host.classes[term.name]
    if term.name[:1].isupper():
        near = nearest(term.name, host.classes)
        hint = f" Did you mean {near!r}?" if near else " Register it, or write _ for anything."
        raise QuestionError(f"No class {term.name!r} is registered.{hint}")
    return None


def _shown_argument(argument: str | type | None) -> str:
    if argument is None:
        return "_"
    if isinstance(argument, str):
        return f'"{with_escapes(argument)}"'
    return "nil" if argument is type(None) else argument.__name__


# -- writing the functions --------------------------------------------------------------------


@dataclass
class _Function:
    """One function of the text."""

    name: str
    title: str
    tree: ast.FunctionDef
    #: The places of statements that the function itself knows.
    sites: Mapping[Position, Site] = field(default_factory=dict)
    #: The rules of its variables ``m0``, ``m1`` ….
    rules: Sequence[Clause] = ()


class _Recorder(CompiledProgram):
    """Compiles the rules of an engine, and records the text of the entry functions."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.entries: list[ast.FunctionDef] = []

    def _compiled(self, function: ast.FunctionDef, file: str, sites: dict[Position, Site]) -> t.Any:
        if file == QUESTION_FILE:
            self.entries.append(copy.deepcopy(function))
        return super()._compiled(function, file, sites)

    def variant_for(self, question: CompiledQuestion) -> Variant:
        """Give the compiled rule that the entry function calls for a question."""
        variant = Variant(question.name, len(question.arguments), (), True)
        while (chosen := self.table(variant)) is not None:
            dispatch, table = chosen
            given = question.arguments[dispatch.at]
            if given is None or dispatch.objects:
                return variant
            variant = self._names[table].variant_of(given)
        return variant

    def variants_in(self, tree: ast.AST) -> list[Variant]:
        """Give the compiled rules that a function calls, those in its tables too."""
        tables = self._named_tables()
        for name in names_in(tree):
            if name in tables:
                tables[name].fill()
        by_name = {name: variant for variant, name in self._functions.items()}
        found = []
        for name in names_in(tree):
            if name in by_name:
                found.append(by_name[name])
            elif name in tables:
                found += tables[name].variants()
        return found

    def _named_tables(self) -> dict[str, t.Any]:
        names = [chosen[1] for chosen in self._tables.values() if chosen is not None]
        return {name: self._names[name] for name in names}

    def value_of(self, name: str) -> t.Any:
        """Give the value of a name in a function, if it is no variable."""
        return self._names.get(name)

    def meaning_of(self, name: str) -> str:
        """Describe the value of a name in a function."""
        value = self._names[name]
        variants = {known: variant for variant, known in self._functions.items()}
        if name in variants:
            return shown_variant(variants[name])
        if name in self._named_tables():
            at = value.dispatch.at
            chosen = [(each, self.function(each)) for each in value.variants()]
            shown = [f"{shown_argument(each, at)}: {function}" for each, function in chosen]
            return f"compiled rules by an argument: {', '.join(shown)}"
        return _shown_constant(value)


class _Report:
    """The text about one question."""

    def __init__(self, engine: Engine, question: CompiledQuestion) -> None:
        self._engine = engine
        self._question = question
        self._program = _Recorder(engine)
        self._left: list[str] = []
        self._places = _places_of(engine)
        self._used: set[str] = set()

    def text(self) -> str:
        """Give the whole text."""
        arity = len(self._question.arguments)
        self._program.answer(self._question.name, arity, waits=True)
        parts = [f"# {self._question}\n"]
        parts += [self._shown(each) for each in self._functions()]
        parts += [self._shown_runtime(), self._shown_left()]
        return "\n".join(parts)

    def _functions(self) -> Iterator[_Function]:
        entries = self._program.entries
        if not entries:
            self._leave(self._question.name, self._reason())
            return
        yield _Function("question", _ENTRY, entries[0])
        yield from self._specialization()
        yield from self._rules()

    def _reason(self) -> NotCompilable:
        reasons = [*self._program.not_compiled.values()]
        nothing = "a rule without parameters, which has nothing to be chosen by"
        return reasons[0] if reasons else NotCompilable(nothing, None)

    def _specialization(self) -> Iterator[_Function]:
        """Show the specialization, or the reason why there is none."""
        question, program = self._question, self._program
        specializations = program.specializations(question.name, len(question.arguments))
        reason = self._obstacle(specializations)
        if reason is not None or specializations is None:
            self._left.append(f"specialization: there is none: {reason}")
            return
        at, arguments = specializations.at, [*question.arguments]
        known: Text = None
        if at is not None:
            text = arguments.pop(at)
            is_named = isinstance(text, str) and text in specializations.texts
            known = t.cast(str, text) if is_named else specializations.texts
        asked = Asked(known, tuple(_classes(arguments)))
        try:
            is_empty, tree, functions = specializations.written(asked)
        except NotCompilable as error:
            observing = specializations.maker.drafts.observing(asked)
            if observing is None:
                yield from self._partly(specializations, asked, error)
                return
            title = f"The specialization for {question}, which calls the application once."
            yield _Function("specialization", title, observing)
            return
        yield from self._whole(functions, tree, " No rule applies." if is_empty else "")

    def _partly(
        self, specializations: Specializations, asked: Asked, error: NotCompilable
    ) -> Iterator[_Function]:
        """Show the specialization that gives up where it comes to some goals, if there is one."""
        write = SpecializationWriter.write
        partly = specializations.maker.drafts.partly_written(asked, write, error)
        if partly is None:
            self._leave("specialization", error)
            return
        function, functions, reasons = partly
        for reason in reasons:
            self._leave("where the specialization gives up", reason)
        yield from self._whole(functions, function)

    def _whole(
        self, functions: SolutionFunctions, tree: ast.FunctionDef, remark: str = ""
    ) -> Iterator[_Function]:
        """Show a specialization, behind the functions that it calls."""
        for key, name, function in functions.written:
            title = f"What {key.rule}({', '.join(map(_kind, key.kinds))}) finds; None: gives up."
            yield _Function(name, title, function)
        title = f"The specialization for {self._question}: True, False, or None: ask the rules."
        yield _Function("specialization", title + remark, tree)

    def _obstacle(self, specializations: Specializations | None) -> str | None:
        arguments = self._question.arguments
        clauses = self._program.candidates(self._question.name, len(arguments))
        if clauses is not None and string_facts(clauses) is not None:
            return "the rule is facts about strings only, which the entry function looks up"
        if specializations is None:
            return "it is made for two arguments at least"
        others = [each for at, each in enumerate(arguments) if at != specializations.at]
        if None in others:
            return "it is made for classes, and the question leaves one open (_)"
        at = specializations.at
        if at is not None and not isinstance(arguments[at], str):
            return f"it is chosen by a string as argument {at + 1}, and here is none"
        if not specializations.admits(_classes(others)):
            return "an argument is no plain object, or its class may be a temporary one"
        return None

    def _rules(self) -> Iterator[_Function]:
        """Show the compiled rules: the one that is called first, then those that it calls."""
        waiting = [self._program.variant_for(self._question)]
        seen = set(waiting)
        shown = 0
        while waiting:
            variant = waiting.pop(0)
            if shown == MAX_SHOWN:
                self._left.append(f"not shown: {len(waiting) + 1} or more compiled rules")
                return
            try:
                functions = self._rule(variant)
            except NotCompilable as reason:
                self._leave(shown_variant(variant), reason)
                continue
            shown += 1
            yield from functions
            found = [each for made in functions for each in self._program.variants_in(made.tree)]
            # What asks an argument what it equals has the same goals.
            called = [each for each in dict.fromkeys(found) if each not in seen and not each.asked]
            seen.update(called)
            waiting += called

    def _rule(self, variant: Variant) -> list[_Function]:
        if self._program.candidates(variant.name, variant.arity) is None:
            raise NotCompilable("a rule that is not defined", None)
        writer = RuleCompiler(self._program, variant)
        tree = writer.write()
        for reason in writer.handed.values():
            self._leave(f"a goal of {variant.name}", reason)
        clauses = self._program.clauses_for(variant.name, variant.arity, variant.facts)
        name = self._program.function(variant)
        kind = "True or False" if variant.is_test else "one item for each solution"
        title = f"A compiled rule, {shown_variant(variant)}: {kind}."
        searches = [
            _Function(each.name, f"A search of {name}.", each, writer.sites)
            for each in writer.searches
        ]
        return [_Function(name, title, tree, writer.sites, clauses), *searches]

    def _leave(self, what: str, reason: NotCompilable) -> None:
        place = "" if reason.span is None else f"{_place(reason.span)}: "
        self._left.append(f"{what}: {place}{reason.reason}")

    # -- text ------------------------------------------------------------------------------

    def _shown(self, function: _Function) -> str:
        tree = copy.deepcopy(function.tree)
        used = names_in(tree)
        self._used.update(used)
        lines = [f"# {function.title}"]
        lines += [
            f"#   {name} = {self._program.meaning_of(name)}"
            for name in used
            if _GENERATED_NAME.fullmatch(name)
        ]
        lines += [
            f"#   m{number}: {_place_of_rule(clause)}"
            for number, clause in enumerate(function.rules)
            if f"m{number}" in used
        ]
        places = {**self._places, **_places_of_sites(function.sites)}
        tree.name = function.name
        _add_comments(tree.body, places)
        return "\n".join([*lines, ast.unparse(ast.fix_missing_locations(tree)), ""])

    def _shown_runtime(self) -> str:
        known = self._program.value_of
        found = ((name, runtime_meaning(name, known(name))) for name in sorted(self._used))
        lines = [f"#   {name}: {meaning}" for name, meaning in found if meaning]
        return "\n".join(["# What the functions find under other names:", *lines, ""])

    def _shown_left(self) -> str:
        lines = [f"#   {line}" for line in self._left] or ["#   nothing"]
        return "\n".join(["# Left to the solver, or to the compiled rules, and why:", *lines, ""])


def runtime_meaning(name: str, value: t.Any) -> str | None:
    """Describe what all functions find under a name; ``None`` for the name of one of them."""
    is_described = isinstance(value, (types.FunctionType, types.MethodType))
    if name in RUNTIME_NAMES or not is_described or _GENERATED_NAME.fullmatch(name):
        return RUNTIME_NAMES.get(name)
    return " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split()) or None


def names_in(tree: ast.AST) -> list[str]:
    """Give the names in a function, each once, in the order of the text."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return sorted(dict.fromkeys(node.id for node in nodes), key=_by_number)


def _by_number(name: str) -> tuple[str, int]:
    return name.rstrip("0123456789"), int("0" + "".join(filter(str.isdigit, name)))


def shown_variant(variant: Variant) -> str:
    """Show the call pattern of a compiled rule: ``has_role(_, "owner", _)``."""
    args = [shown_argument(variant, at) for at in range(variant.arity)]
    shown = f"{variant.name}({', '.join(args)})"
    if not variant.asked:
        return shown
    asked = " and ".join(str(at + 1) for at in variant.asked)
    return f"{shown}, which asks argument {asked} what it equals"


def _classes(arguments: Sequence[str | type | None]) -> list[type]:
    """Give the classes of arguments that are classes or strings."""
    return [each if isinstance(each, type) else str for each in arguments]


def shown_argument(variant: Variant, at: int) -> str:
    """Show what is known of an argument."""
    known, lineages = dict(variant.known), dict(variant.lineages)
    if at in known:
        literal = known[at]
        return str(literal) if isinstance(literal, int) else _quoted(literal)
    objects = dict(variant.objects)
    if at in objects:
        cls = objects[at]
        return "another class" if cls is None else cls.__name__
    if at in lineages:
        return "_: " + (lineages[at].classes[0].__name__ if lineages[at].classes else "object")
    return "_"


def _quoted(text: str | None) -> str:
    return "<another string>" if text is None else f'"{with_escapes(text)}"'


def _shown_constant(value: t.Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Specializations):
        return "the specializations, by string and by class"
    if isinstance(value, ByClass):
        return "the specializations, by class"
    if isinstance(value, ReadableClasses):
        names = ", ".join(sorted(value.names)) or "nothing"
        return f"the classes whose objects let {names} be read without running code"
    if isinstance(value, Span):
        return _place(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown_constant, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, (str, int, float, range, type(None))):
        return with_escapes(repr(value))
    if isinstance(value, frozenset) and all(isinstance(each, str) for each in value):
        return f"the strings {', '.join(map(_quoted, sorted(value)))}"
    span = getattr(value, "span", None)
    if isinstance(span, Span):
        return f"the goal at {_place(span)}"
    if isinstance(value, types.MethodType):
        return "the specialization for other classes"
    if isinstance(value, GiveUps):
        return "counts how often this function gives up, and gives None"
    if isinstance(value, Resumption):
        return "lets the rules answer, which get the outcome of the call"
    # Never the repr of an object, which may hold secrets.
    return f"an object: {type(value).__name__}"


# -- places of the policy ------------------------------------------------------------------


def _place(span: Span) -> str:
    return f"{_file(span)}:{span.line}:{span.column}"


def _file(span: Span) -> str:
    return with_escapes(span.source.name or "<policy>")


def _place_of_rule(clause: Clause) -> str:
    span = clause.rule.span
    if span is None:
        return clause.rule.name
    return f"{_place(span)}: {_on_one_line(span.source.line(span.line))}"


def _on_one_line(text: str) -> str:
    return with_escapes(shortened(" ".join(text.split()), _WIDTH))


def _comment(span: Span) -> str:
    return f"# {_place(span)}: {_on_one_line(span.text)}"


def _places_of(engine: Engine) -> dict[Position, str]:
    """Give the comment for each Python position that a term of the policy has.

    A position has no file. If terms of several files have it, the comment names all of them.
    """
    rules = [rule for group in engine.policy.rules.values() for rule in group]
    spans = dict.fromkeys(
        term.span
        for rule in rules
        for term in walk(terms_of(rule.parameters, rule.body))
        if term.span is not None
    )
    found: dict[Position, str] = {}
    for span in spans:
        position = position_of(span)
        comment = _comment(span)
        found[position] = f"{found[position]}, or {comment[2:]}" if position in found else comment
    return found


def _places_of_sites(sites: Mapping[Position, Site]) -> dict[Position, str]:
    goals = {position: site.steps[-1][0] for position, site in sites.items() if site.steps}
    return {
        position: _comment(goal.span)
        for position, goal in goals.items()
        if goal is not None and goal.span is not None
    }


def _add_comments(body: list[ast.stmt], places: Mapping[Position, str], last: str = "") -> str:
    """Put a comment before each statement whose place differs from that of the last one.

    :return: the last comment.
    """
    for statement in [*body]:
        own = next((places[at] for at in _own_positions(statement) if at in places), last)
        if own != last:
            # A name is written as it is, so this one becomes a comment.
            body.insert(_index_of(body, statement), ast.Expr(ast.Name(own, ast.Load())))
            last = own
        for inner in _bodies(statement):
            last = _add_comments(inner, places, last)
    return last


def _index_of(body: Sequence[ast.stmt], statement: ast.stmt) -> int:
    return next(at for at, each in enumerate(body) if each is statement)


def _bodies(statement: ast.stmt) -> Iterable[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        yield getattr(statement, name, None) or []
    for handler in getattr(statement, "handlers", ()):
        yield handler.body


def _own_positions(statement: ast.stmt) -> Iterator[Position]:
    """Give the positions in a statement, without those of nested statements."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop(0)
        if hasattr(node, "lineno"):
            yield (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)  # type: ignore[attr-defined]
        children = ast.iter_child_nodes(node)
        waiting += [
            each for each in children if not isinstance(each, (ast.stmt, ast.ExceptHandler))
        ]


def _kind(kind: Kind) -> str:
    """Show what is known of an argument; what is asked for as a variable."""
    if kind is None:
        return "_"
    if isinstance(kind, OneText):
        return repr(kind.text)
    return kind.__name__ if isinstance(kind, type) else f"<{kind}>"
