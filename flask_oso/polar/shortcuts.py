"""Rules as one function for plain data, which is what a hand-written check would be.

In goes a question whose strings and classes are known: who asks is a ``User``, about a
``Folder``, for ``"read"``. Out comes a function that gives ``True``, ``False``, or ``None``
where it cannot tell and the rules have to be asked one by one (``compiler.py``).

Nobody can observe that plain data are read: attributes that objects have in themselves,
strings, numbers, lists, and objects that are equal to themselves only. So a function need
not keep to the order of the policy. It reads an attribute once, goes through a list once
for all roles that would do, and up a chain of folders once. What makes the answer the
solver's all the same:

- The function looks at whatever the solver might look at, and stops for no solution. Where
  all of it is plain, no error is possible and every order gives the same answer.
- Whatever is not plain, or missing, or of a kind that a comparison refuses, ends the
  function with ``None`` before it was touched.

What a function cannot express raises ``Unfollowable`` when it is written: there is none then.
"""

from __future__ import annotations

import ast
import itertools
import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from . import attributes
from .clauses import Candidates, Clause, Slot, Template
from .host import RESERVED_NAMES, Host
from .modes import Unfollowable, check_class, has_cut, is_plain, is_string
from .nodes import (
    COMPARISONS,
    Call,
    Expression,
    Instance,
    List,
    Operator,
    Pattern,
    Term,
    Value,
)
from .regions import Env, Key, Node, Region, Val
from .snippets import (
    assign,
    both,
    call,
    compared,
    either,
    function_of,
    load,
    negated,
    position_of,
    typed,
)
from .sources import Span

_NONE: ast.stmt = ast.Return(ast.Constant(None))
#: How many goals one function may hold, and how many regions.
MAX_GOALS = 600
MAX_REGIONS = 60
#: How many links of a chain are followed, such as folders in folders.
LEVELS = 256
#: How many elements are looked at in lists of lists. The rules have a deadline, this has not.
MAX_ELEMENTS = 100_000
_NATIVE = frozenset({"String", "Integer", "Float", "Boolean", "List", "Dictionary"})


class Quiet(t.Protocol):
    """Classes whose instances can be read without a trace, for some attributes."""

    kinds: set[type]
    names: set[str]

    def admits(self, kind: type) -> bool: ...


class Names(t.Protocol):
    """What is needed of the program that a function is part of."""

    host: Host

    def candidates(self, name: str, arity: int) -> Candidates | None: ...
    def constant(self, value: t.Any) -> str: ...
    def members(self, union: str) -> tuple[type, ...]: ...
    def is_relation(self, name: str) -> bool: ...
    def quiet(self) -> tuple[str, Quiet]: ...
    def is_quiet(self, cls: type, attribute: str) -> bool: ...


Goal = tuple[Term, int]
Goals = tuple[t.Any, ...]


def in_front(goals: Iterable[Goal], rest: Goals) -> Goals:
    """Put goals in front of others."""
    for goal in reversed(list(goals)):
        rest = (goal, rest)
    return rest


class ShortcutWriter:
    """Writes the function for one rule, some strings, and the classes of all else.

    :param text: the position of a string, and what it is; or the strings that it is not.
    :param classes: the class of each other argument. Whoever calls the function has made
        sure of that of the last one.
    """

    def __init__(
        self,
        names: Names,
        rule: str,
        text: tuple[int, str | frozenset[str]],
        classes: t.Mapping[int, type],
    ) -> None:
        self._names = names
        self._rule = rule
        self._numbers = itertools.count()
        self._clauses = itertools.count()
        self._goals_written = 0
        self._quiet: dict[str, tuple[str, Quiet]] = {}
        self._caches: list[str] = []
        self._counts = False
        #: Whether no rule applies, so that the function refuses whatever is asked.
        self.is_empty = False
        self._regions = 0
        self._pending: list[Region] = []
        #: Which node asks which, to find what would never end.
        self._asked: dict[Key, set[Key]] = {}
        root = self._root = Region("found")
        at, known = text
        self._parameters = [f"a{n}" for n in range(len(classes) + 1)]
        self._other = f"a{at}" if isinstance(known, frozenset) else None
        if isinstance(known, frozenset):
            string = Val(f"a{at}", others=known, exact=str, region=root)
        else:
            string = Val(f"a{at}", literal=Value(known))
        args = tuple(
            string if n == at else Val(name, exact=classes[n], region=root)
            for n, name in enumerate(self._parameters)
        )
        self._classes = classes
        self._add(root, (rule, args), None)

    def write(self) -> ast.FunctionDef:
        """Write the function.

        :raises Unfollowable: if the rules do what needs their order, or cannot be followed.
        """
        self._expand()
        self._check_ends()
        body: list[ast.stmt] = []
        if self._other is not None:
            # A string with surrogates is refused.
            is_ascii = ast.Call(ast.Attribute(load(self._other), "isascii", ast.Load()), [], [])
            body.append(ast.If(negated(is_ascii), [_NONE], []))
        body += [assign("found", ast.Constant(False))]
        body += [assign(name, ast.Constant(None)) for name in self._caches]
        if self._counts:
            body.append(assign("count", ast.Constant(0)))
        inner = self._rendered(self._root)
        self.is_empty = not inner
        *tested, _ = sorted(self._classes.items())
        for position, cls in tested:
            test = compared(
                call("type", load(f"a{position}")), ast.IsNot(), load(self._names.constant(cls))
            )
            body.append(ast.If(test, [_NONE], []))
        handler = ast.ExceptHandler(load("AttributeError"), None, [_NONE])
        attempt = ast.Try([*body, *inner, ast.Return(load("found"))], [handler], [], [])
        return function_of("shortcut", self._parameters, [attempt])

    # -- which rules are asked -------------------------------------------------------------

    def _add(self, region: Region, node: Node, asking: Key | None) -> None:
        """Ask a rule at a region, unless it is asked there, or around it, anyway."""
        name, args = node
        key = (name, *(arg.key for arg in args))
        if asking is not None:
            self._asked.setdefault(asking, set()).add(key)
        for around in region.around():
            if around.found == region.found and key in around.nodes:
                return
        region.nodes[key] = node
        region.waiting.append(node)
        self._pending.append(region)

    def _expand(self) -> None:
        """Find out all that is asked, region by region; then write it."""
        unwritten: list[Region] = []
        while self._pending or unwritten:
            if self._pending:
                here = self._pending.pop(0)
                if here.is_live() and self._is_expanded(here):
                    unwritten.append(here)
            else:
                self._write_leaves(unwritten.pop(0))

    def _is_expanded(self, here: Region) -> bool:
        """Ask what waits at a region; tell whether it is still there to be written."""
        self._regions += 1
        if self._regions > MAX_REGIONS:
            raise Unfollowable("a chain of different rules", None)
        while here.waiting:
            self._ask(here, here.waiting.pop(0))
        return not self._begins_anew(here)

    def _ask(self, region: Region, node: Node) -> None:
        name, args = node
        candidates = self._names.candidates(name, len(args))
        if candidates is None:
            raise Unfollowable("a rule that is not defined", None)
        key = (name, *(arg.key for arg in args))
        for clause in candidates.for_call([arg.literal or arg for arg in args]):
            if has_cut(clause):
                raise Unfollowable("a cut", clause.rule.span)
            if self._may_match(clause, args):
                if _is_passed_on(clause):
                    self._clause(region, clause, node, key)
                else:
                    region.leaves.append((clause, node))

    def _begins_anew(self, here: Region) -> bool:
        """Tell whether a region asks what a region around it asks, of the next in a chain."""
        if here.subject is None or not here.nodes:
            return False
        for around in itertools.islice(here.around(), 1, None):
            subject = around.subject
            if subject is None or subject.source is None or here.subject.source is None:
                continue
            if (here.subject.exact, here.subject.source) != (
                subject.exact,
                (subject.name, subject.source[1]),
            ):
                continue
            renamed = {
                tuple(_renamed(part, here.subject.name, subject.name) for part in key)
                for key in here.nodes
            }
            if renamed == set(around.nodes) and around.again is None:
                here.flag = here.flag or self._fresh("g")
                around.again = (here.flag, here.subject.name)
                here.items.clear()
                here.leaves.clear()
                here.inside.clear()
                here.reads.clear()
                around.is_barrier = True
                return True
        return False

    def _check_ends(self) -> None:
        """Refuse rules that ask themselves about the same: the solver says so in its error."""
        done: set[Key] = set()
        for start in self._asked:
            path: list[tuple[Key, t.Iterator[Key]]] = [(start, iter(self._asked[start]))]
            on_path = {start}
            while path:
                key, following = path[-1]
                for other in following:
                    if other in on_path:
                        raise Unfollowable("a rule that asks itself", None)
                    if other not in done and other in self._asked:
                        on_path.add(other)
                        path.append((other, iter(self._asked[other])))
                        break
                else:
                    done.add(key)
                    on_path.discard(key)
                    path.pop()

    def _may_match(self, clause: Clause, args: Sequence[Val]) -> bool:
        """Leave out a clause that what is known of the arguments excludes."""
        for parameter, arg in zip(clause.parameters, args, strict=True):
            if isinstance(parameter.term, Value):
                literal = parameter.term.value
                if type(literal) is not str:
                    raise Unfollowable("a literal that is no string", parameter.span)
                if arg.literal is not None and arg.literal.value != literal:
                    return False
                if literal in arg.others or (arg.exact is not None and arg.exact is not str):
                    return False
            elif not isinstance(parameter.term, Slot):
                raise Unfollowable("a list or dictionary in a head", parameter.span)
            if parameter.specializer is not None and arg.exact is not None:
                pattern = self._pattern(parameter.specializer)
                if not self._is_of(arg.exact, pattern):
                    return False
        return True

    # -- clauses ---------------------------------------------------------------------------

    def _write_leaves(self, region: Region) -> None:
        """Write the clauses of a region; those that differ in a string only as one."""
        groups: dict[Key, list[tuple[Clause, Node]]] = {}
        leaves, region.leaves = region.leaves, []
        for clause, node in leaves:
            at = _open_string(clause, node[1])
            keys = [None if n == at else arg.key for n, arg in enumerate(node[1])]
            groups.setdefault((id(clause), at, *keys), []).append((clause, node))
        for (_, at, *_), alike in groups.items():
            clause, (name, args) = alike[0]
            if at is not None and len(alike) > 1:
                texts = frozenset(str(node[1][at].literal.value) for _, node in alike)  # type: ignore[union-attr]
                any_of = Val(self._names.constant(texts), choices=texts)
                args = (*args[:at], any_of, *args[at + 1 :])
            for _, node in alike:
                key = (node[0], *(arg.key for arg in node[1]))
                self._clause(region, clause, (name, args), key)
                if at is not None:
                    # What it asks further in, if anything, does not depend on the string.
                    break

    def _clause(self, region: Region, clause: Clause, node: Node, asking: Key) -> None:
        """Write one clause for a node."""
        env, number = Env(), next(self._clauses)
        here: Region | None = region
        for parameter, arg in zip(clause.parameters, node[1], strict=True):
            if here is None:
                return
            if isinstance(parameter.term, Value):
                here = self._equal(here, Val("", literal=parameter.term), arg, parameter.span)
                continue
            variable = env.variable(number, t.cast(Slot, parameter.term).index)
            if parameter.specializer is not None:
                pattern = self._pattern(parameter.specializer)
                here, arg = self._instance(here, arg, pattern, parameter.span)
                if here is None:
                    return
            if variable in env.values:
                here = self._equal(here, env.values[variable], arg, parameter.span)
            env.values[variable] = arg
        if here is not None:
            self._run(here, _body_goals(clause, number), env, asking)

    def _run(self, region: Region, goals: Goals, env: Env, asking: Key) -> None:
        """Write goals one after the other, each where the one before it holds."""
        here: Region | None = region
        while goals:
            (term, clause), goals = goals
            self._goals_written += 1
            if self._goals_written > MAX_GOALS:
                raise Unfollowable("a rule with too many alternatives", term.span)
            step = _Step(self, t.cast(Region, here), goals, env, clause, term, asking)
            following = step.take()
            if following is None:
                return
            here, goals = following
        if any(env.waiting.values()):
            raise Unfollowable("a condition on a variable that is never bound", None)
        here = t.cast(Region, here)
        for value in env.values.values():
            self.make_sure(here, value)
        here.is_successful = True

    # -- values ----------------------------------------------------------------------------

    def _fresh(self, letter: str = "v") -> str:
        return f"{letter}{next(self._numbers)}"

    def read(self, region: Region, owner: Val, name: str, span: Span | None) -> Val:
        """Read an attribute, once for all who need it here."""
        if owner.literal is not None or owner.choices is not None:
            raise Unfollowable("an attribute of a literal", span)
        if not attributes.is_unrestricted(name) or self._names.is_relation(name):
            raise Unfollowable("an attribute that is not read as it is", span)
        known = region.lookup(("read", owner.name, name))
        if known is not None:
            return known
        if owner.exact is None:
            self._guard_kind(region, owner, name)
        elif not self._names.is_quiet(owner.exact, name):
            raise Unfollowable("an attribute that is computed", span)
        made = Val(self._fresh(), region=region, source=(owner.name, name))
        value = ast.Attribute(load(owner.name), name, ast.Load())
        region.reads.append(_at(assign(made.name, value), span))
        region.known["read", owner.name, name] = made
        return made

    def _guard_kind(self, region: Region, owner: Val, name: str) -> None:
        """Write that the class of a value is one whose attributes are read without a trace."""
        if owner.name not in self._quiet:
            self._quiet[owner.name] = self._names.quiet()
        quiet, classes = self._quiet[owner.name]
        classes.names.add(name)
        if region.lookup(("quiet", owner.name)) is not None:
            return
        region.known["quiet", owner.name] = owner
        admitted = ast.Call(ast.Attribute(load(quiet), "admits", ast.Load()), [load("kind")], [])
        region.reads += self._remembered(owner, negated(admitted))

    def make_sure(self, region: Region, value: Val) -> None:
        """Write that a value leads nowhere that it must not, unless that is known."""
        if value.source is None and value.exact is None and value.region is None:
            return
        if value.exact is not None or value.literal is not None:
            return
        if any(region.lookup((fact, value.name)) for fact in ("sure", "simple", "quiet")):
            return
        region.known["sure", value.name] = value
        test = compared(call("type", load(value.name)), ast.NotIn(), load("harmless"))
        region.reads.append(ast.If(test, [_NONE], []))

    def _make_simple(self, region: Region, value: Val) -> None:
        """Write that a value is equal to nothing but itself, or a string or a number."""
        if value.exact is str or (value.exact is not None and self._is_identity(value.exact)):
            return
        if region.lookup(("simple", value.name)) is None:
            region.known["simple", value.name] = value
            region.reads += self._not_simple(region, value)

    def _not_simple(self, region: Region, value: Val) -> list[ast.stmt]:
        """Write that the function gives up for a value that may have an equality of its own."""
        kind = call("type", load(value.name))
        if not self._is_repeated(region):
            return [ast.If(compared(kind, ast.NotIn(), load("simple")), [_NONE], [])]
        return self._remembered(value, compared(load("kind"), ast.NotIn(), load("simple")))

    def _remembered(self, value: Val, is_odd: ast.expr) -> list[ast.stmt]:
        """Write that the class of an element is looked at, if it is not that of the last one."""
        cache = self._fresh("c")
        self._caches.append(cache)
        kind = call("type", load(value.name))
        look = [
            assign("kind", kind),
            ast.If(is_odd, [_NONE], []),
            assign(cache, load("kind")),
        ]
        return [ast.If(compared(kind, ast.IsNot(), load(cache)), look, [])]

    def _is_identity(self, cls: type) -> bool:
        """Tell whether instances of a class are equal to themselves only."""
        own: t.Any = cls.__eq__
        return own is object.__eq__ and is_plain(cls)

    # -- conditions ------------------------------------------------------------------------

    def under(
        self,
        region: Region,
        key: Key,
        test: ast.expr,
        otherwise: list[ast.stmt],
        span: Span | None,
        texts: tuple[str, frozenset[str]] | None = None,
    ) -> Region:
        """Give the region where a condition holds.

        :param otherwise: what is done where it does not.
        :param texts: the value that is one of some strings there.
        """
        known = region.holds(key)
        if known is not None:
            return region
        if key not in region.inside:
            header = _at(ast.If(test, [], otherwise), span)
            inner = Region(region.found, region, header=header, texts=texts)
            region.inside[key] = inner
            region.items.append(inner)
        return region.inside[key]

    def _equal(self, region: Region, one: Val, other: Val, span: Span | None) -> Region | None:
        """Give the region where two values are equal; ``None`` if they never are."""
        if one.literal is None and one.choices is None:
            one, other = other, one
        if other.choices is not None or (one.choices is not None and other.literal is not None):
            raise Unfollowable("a string of several that is compared with a literal", span)
        if one.literal is not None and other.literal is not None:
            if not (is_string(one.literal) and is_string(other.literal)):
                raise Unfollowable("two literals that are compared", span)
            return region if one.literal.value == other.literal.value else None
        if one.choices is not None or is_string(one.literal):
            return self._equal_string(region, one, other, span)
        if one.literal is not None:
            return self._equal_literal(region, one.literal, other, span)
        if one.name == other.name:
            return region
        return self._equal_values(region, one, other, span)

    def _equal_string(
        self, region: Region, one: Val, other: Val, span: Span | None
    ) -> Region | None:
        if other.exact is not None and other.exact is not str:
            return None if self._is_identity(other.exact) else self._no(span)
        if one.literal is not None and one.literal.value in other.others:
            return None
        if region.is_flagged and other.region is not region:
            # A flag is looked at last, so that all who compare this value do it once.
            inner = self._equal_string(t.cast(Region, region.above), one, other, span)
            flag = t.cast(ast.Name, t.cast(ast.If, region.header).test)
            return self.under(t.cast(Region, inner), ("flag", flag.id), flag, [], span)
        if other.exact is None:
            test = typed(other.name, "str")
            doubt = self._not_simple(region, other)
            region = self.under(region, ("str", other.name), test, doubt, span)
            region.known["sure", other.name] = other
        if one.choices is not None:
            test = compared(load(other.name), ast.In(), load(one.name))
            key: Key = ("in", other.name, one.choices)
            return self.under(region, key, test, [], span, (other.name, one.choices))
        text = str(t.cast(Value, one.literal).value)
        test = compared(load(other.name), ast.Eq(), ast.Constant(text))
        texts = other.name, frozenset({text})
        return self.under(region, ("is", other.name, text), test, [], span, texts)

    def _equal_literal(
        self, region: Region, literal: Value, other: Val, span: Span | None
    ) -> Region | None:
        kind = type(literal.value)
        if kind not in (int, bool):
            raise Unfollowable("a literal that is compared", span)
        if other.exact is not None:
            return None if self._is_identity(other.exact) else self._no(span)
        test = typed(other.name, kind.__name__)
        region = self.under(region, (kind, other.name), test, [_NONE], span)
        region.known["sure", other.name] = other
        sign = ast.Is() if kind is bool else ast.Eq()
        test = compared(load(other.name), sign, ast.Constant(literal.value))
        return self.under(region, ("is", other.name, kind, literal.value), test, [], span)

    def _equal_values(self, region: Region, one: Val, other: Val, span: Span | None) -> Region:
        key = ("same", *sorted((one.name, other.name)))
        identities = [v for v in (one, other) if v.exact and self._is_identity(v.exact)]
        if identities:
            known = identities[0]
            unknown = other if known is one else one
            test = compared(load(unknown.name), ast.Is(), load(known.name))
            is_known = unknown.exact is not None and self._is_identity(unknown.exact)
            is_known = is_known or region.lookup(("simple", unknown.name)) is not None
            doubt = [] if is_known else self._not_simple(region, unknown)
            inner = self.under(region, key, test, doubt, span)
            inner.known["sure", unknown.name] = unknown
            return inner
        for value in (one, other):
            if value.exact not in (None, str):
                self._no(span)
            self._make_simple(region, value)
        test = compared(load(one.name), ast.Eq(), load(other.name))
        return self.under(region, key, test, [], span)

    def _no(self, span: Span | None) -> t.NoReturn:
        raise Unfollowable("objects that are compared by a method of their own", span)

    def _pattern(self, specializer: t.Any) -> Pattern:
        if not isinstance(specializer, Pattern) or specializer.tag is None or specializer.fields:
            raise Unfollowable("a specializer with fields", getattr(specializer, "span", None))
        check_class(specializer, self._names.host)
        return specializer

    def _classes_of(self, pattern: Pattern) -> tuple[type, ...]:
        if pattern.tag in RESERVED_NAMES:
            return self._names.members(pattern.tag)
        return (self._names.host.classes[t.cast(str, pattern.tag)],)

    def _is_of(self, cls: type, pattern: Pattern) -> bool:
        """Tell whether instances of a plain class match."""
        return issubclass(cls, self._classes_of(pattern))

    def _instance(
        self, region: Region, value: Val, pattern: Pattern, span: Span | None
    ) -> tuple[Region | None, Val]:
        """Give the region where a value is of a class, and what is known of it there."""
        if value.choices is not None or is_string(value.literal):
            return (region if pattern.tag == "String" else self._no_class(span)), value
        if value.literal is not None:
            self._no_class(span)
        if value.exact is not None:
            return (region if self._is_of(value.exact, pattern) else None), value
        if pattern.tag in _NATIVE:
            self._no_class(span)
        classes = self._classes_of(pattern)
        if not all(map(is_plain, classes)):
            self._no_class(span)
        key = ("class", value.name, pattern.tag)
        known = region.holds(key)
        if known is not None:
            return region, t.cast(Val, known.subject)
        one = load(self._names.constant(classes[0] if len(classes) == 1 else classes))
        is_one = call("isinstance", load(value.name), one)
        kind = call("type", load(value.name))
        odd = compared(kind, ast.NotIn(), load("harmless"))
        if len(classes) == 1 and not self._has_subclass(classes[0]):
            # Most values are of the class itself; those of a class below it are left.
            test = compared(kind, ast.Is(), one)
            left = ast.If(ast.BoolOp(ast.Or(), [odd, is_one]), [_NONE], [])
            inner = self.under(region, key, test, [left], span)
            inner.subject = replace(value, exact=classes[0])
        else:
            self.make_sure(region, value)
            inner = self.under(region, key, is_one, [], span)
            inner.subject = value
        return inner, inner.subject

    def _has_subclass(self, cls: type) -> bool:
        known = self._names.host.classes.values()
        return any(other is not cls and issubclass(other, cls) for other in known)

    def _no_class(self, span: Span | None) -> t.NoReturn:
        raise Unfollowable("a class of Polar's own values", span)

    # -- loops -----------------------------------------------------------------------------

    def loop(self, region: Region, collection: Val, span: Span | None) -> tuple[Region, Val]:
        """Give the region inside a loop, and the element.

        The loop is written as far out as its list is known: one for all who search it.
        """
        if collection.literal is not None or collection.choices is not None or collection.exact:
            raise Unfollowable("a search in something else than a list", span)
        out = region
        for around in region.around():
            out = around
            if around is collection.region:
                break
        key = ("each", collection.name)
        if key not in out.inside:
            out.reads.append(ast.If(negated(typed(collection.name, "list")), [_NONE], []))
            out.known["sure", collection.name] = collection
            element = Val(self._fresh())
            header: t.Any = ast.For(
                ast.Name(element.name, ast.Store()), load(collection.name), [], []
            )
            made = Region(out.found, out, is_barrier=True, header=_at(header, span))
            element = replace(element, region=made, source=(collection.name, "[]"))
            made.known["element",] = element
            out.inside[key] = made
            out.loops.append(made)
            if self._is_repeated(out):
                self._counts = True
                made.body = [_at(_counted(collection), span)]
        made = out.inside[key]
        if region is not out:
            region.flag = region.flag or self._fresh("g")
            made_under = self.under(made, ("flag", region.flag), load(region.flag), [], span)
            made_under.is_flagged = True
            return made_under, made.known["element",]
        return made, made.known["element",]

    def _is_repeated(self, region: Region) -> bool:
        here: Region | None = region
        while here is not None:
            if here.is_barrier:
                return True
            here = here.above
        return False

    def apart(self, region: Region) -> Region:
        """Give a region that has an answer of its own, for a goal that others depend on."""
        inner = Region(self._fresh("b"), region, is_barrier=True)
        region.items.append(inner)
        return inner

    # -- writing it down -------------------------------------------------------------------

    def _rendered(self, region: Region) -> list[ast.stmt]:
        """Write down a region: values first, then what depends on them, loops last."""
        is_start = region.above is None or region.is_barrier
        flags = _flags_of(region) if is_start else []
        out = [assign(flag, ast.Constant(False)) for flag in flags]
        out += region.reads
        if region.is_successful:
            out.append(assign(region.found, ast.Constant(True)))
        for inner in [*region.items, *region.loops]:
            _append(out, self._enclosed(inner))
        if region.flag is not None:
            out.append(assign(region.flag, ast.Constant(True)))
        if region.again is not None:
            out = self._repeated(region, out)
        return out

    def _enclosed(self, inner: Region) -> list[ast.stmt]:
        body = self._rendered(inner)
        header: t.Any = inner.header
        if header is None:
            return [assign(inner.found, ast.Constant(False)), *body]
        if isinstance(header, ast.If):
            header.body = body or [ast.Pass()]
            header.texts = inner.texts  # type: ignore[attr-defined]
            return [header] if body or header.orelse else []
        header.body = body
        return [*inner.body, header] if body else []

    def _repeated(self, region: Region, body: list[ast.stmt]) -> list[ast.stmt]:
        """Write that a region is passed again for the next in a chain, so often at most."""
        flag, following = t.cast("tuple[str, str]", region.again)
        subject = t.cast(Val, region.subject).name
        go_on = ast.If(negated(load(flag)), [ast.Break()], [])
        levels = load(self._names.constant(_LEVELS))
        target = ast.Name(self._fresh("n"), ast.Store())
        step = assign(subject, load(following))
        kept = self._fresh()
        return [
            assign(kept, load(subject)),
            ast.For(target, levels, [*body, go_on, step], [_NONE]),
            # Where the chain begins, the value has the same name.
            assign(subject, load(kept)),
        ]


_LEVELS = range(LEVELS)


@dataclass
class _Step:
    """One goal of a clause, and what stands behind it."""

    writer: ShortcutWriter
    region: Region
    rest: Goals
    env: Env
    clause: int
    goal: Term
    asking: Key

    def take(self) -> tuple[Region, Goals] | None:
        """Write the goal; give where to go on, ``None`` if there is nothing left to write."""
        term = self.goal
        if isinstance(term, Template) and isinstance(term.term, Call):
            return self._call(term.term)
        if isinstance(term, Call):
            return self._call(term)
        if not isinstance(term, Expression):
            return self._condition(term)
        method = _OPERATORS.get(term.operator)
        if method is None:
            raise Unfollowable(f"'{term.operator.value.lower()}'", term.span)
        return method(self, term)

    def _at(self, region: Region | None, rest: Goals | None = None) -> tuple[Region, Goals] | None:
        return None if region is None else (region, self.rest if rest is None else rest)

    # -- operands

    def _variable(self, term: Term) -> int | None:
        return self.env.variable(self.clause, term.index) if isinstance(term, Slot) else None

    def _value(self, term: Term) -> Val | None:
        """Give what an operand is; ``None`` if it is not bound."""
        if isinstance(term, Slot):
            return self.env.values.get(self.env.variable(self.clause, term.index))
        if isinstance(term, Value):
            return Val("", literal=term)
        if isinstance(term, Instance) and is_plain(type(term.value)):
            return Val(self.writer._names.constant(term.value), exact=type(term.value))
        raise Unfollowable("a list, a dictionary or a pattern", term.span)

    def _bound(self, term: Term) -> Val:
        value = self._value(term)
        if value is None:
            raise Unfollowable("a variable that is not bound yet", self.goal.span)
        return value

    def _bind(self, variable: int, value: Val, region: Region) -> tuple[Region, Goals] | None:
        here: Region | None = region
        for pattern in self.env.waiting.pop(variable, ()):
            here, value = self.writer._instance(t.cast(Region, here), value, pattern, pattern.span)
            if here is None:
                return None
        self.env.values[variable] = value
        return self._at(here)

    # -- operators

    def conjunction(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write all of several goals."""
        goals = in_front([(arg, self.clause) for arg in term.args], self.rest)
        return self.region, goals

    def disjunction(self, term: Expression) -> None:
        """Write each alternative, with what stands behind it."""
        for arg in term.args:
            goals = in_front([(arg, self.clause)], self.rest)
            self.writer._run(self.region, goals, self.env.copy(), self.asking)

    def unification(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write ``a = b``."""
        left, right = (self._value(arg) for arg in term.args)
        if left is not None and right is not None:
            return self._at(self.writer._equal(self.region, left, right, term.span))
        variables = [self._variable(arg) for arg in term.args]
        if left is None and right is None:
            one, other = t.cast("list[int]", variables)
            if one != other:
                self.env.unite(one, other)
            return self._at(self.region)
        if left is None:
            return self._bind(t.cast(int, variables[0]), t.cast(Val, right), self.region)
        return self._bind(t.cast(int, variables[1]), left, self.region)

    def lookup(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write ``x.a = v``."""
        owner, key, result = term.args
        if not is_string(key):
            raise Unfollowable("a method, or a field that is computed", term.span)
        name = str(t.cast(Value, key).value)
        made = self.writer.read(self.region, self._bound(owner), name, term.span)
        known = self._value(result)
        if known is not None:
            return self._at(self.writer._equal(self.region, known, made, term.span))
        return self._bind(t.cast(int, self._variable(result)), made, self.region)

    def membership(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write ``x in xs``."""
        item, collection = term.args
        if isinstance(collection, List):
            return self._among(item, collection)
        region, element = self.writer.loop(self.region, self._bound(collection), term.span)
        known = self._value(item)
        if known is not None:
            return self._at(self.writer._equal(region, known, element, term.span))
        return self._bind(t.cast(int, self._variable(item)), element, region)

    def _among(self, item: Term, collection: List) -> tuple[Region, Goals] | None:
        if collection.rest is not None or not all(map(is_string, collection.items)):
            raise Unfollowable("a search in a list of more than strings", self.goal.span)
        known = self._bound(item)
        texts = frozenset(str(t.cast(Value, each).value) for each in collection.items)
        if known.literal is not None or known.choices is not None:
            raise Unfollowable("a literal that is searched for", self.goal.span)
        choices = Val(self.writer._names.constant(texts), choices=texts)
        return self._at(self.writer._equal(self.region, choices, known, self.goal.span))

    def instance(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write ``x matches Class``."""
        left, right = term.args
        pattern = self.writer._pattern(right)
        value, variable = self._value(left), self._variable(left)
        if value is None:
            waiting = self.env.waiting.get(t.cast(int, variable), ())
            self.env.waiting[t.cast(int, variable)] = (*waiting, pattern)
            return self._at(self.region)
        region, value = self.writer._instance(self.region, value, pattern, term.span)
        if variable is not None:
            self.env.values[variable] = value
        return self._at(region)

    def comparison(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write a comparison of two integers, or of two strings."""
        values = [self._bound(arg) for arg in term.args]
        region, kind = self.region, None
        for value in values:
            if value.exact is not None or value.choices is not None:
                raise Unfollowable("a comparison of objects", term.span)
            if value.literal is not None:
                kind = type(value.literal.value)
        unknown = [value for value in values if value.literal is None]
        if kind not in (int, str, None) or not unknown:
            raise Unfollowable("a comparison of this kind of literals", term.span)
        test = compared(*self._compared(values, _COMPARE[term.operator]()))
        key: Key = ("alike", *(value.name for value in unknown))
        if kind is None:
            names = [value.name for value in unknown]
            is_known = either([both([typed(name, k) for name in names]) for k in ("int", "str")])
        else:
            key = (kind, unknown[0].name)
            is_known = typed(unknown[0].name, kind.__name__)
        region = self.writer.under(region, key, is_known, [_NONE], term.span)
        for value in unknown:
            region.known["sure", value.name] = value
        key = (term.operator, *(value.key for value in values))
        return self._at(self.writer.under(region, key, test, [], term.span))

    def _compared(self, values: list[Val], sign: ast.cmpop) -> tuple[ast.expr, ast.cmpop, ast.expr]:
        left, right = (
            load(v.name) if v.literal is None else ast.Constant(v.literal.value) for v in values
        )
        return left, sign, right

    def negation(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write that a goal has no solution."""
        inner = self.writer.apart(self.region)
        env = self.env.copy()
        bound = set(env.values)
        self.writer._run(inner, in_front([(term.args[0], self.clause)], ()), env, self.asking)
        numbers = set(self.env.names.values())
        if any(number in numbers and number not in bound for number in env.values):
            raise Unfollowable("a negation that binds a variable", term.span)
        key = ("not", inner.found)
        return self._at(
            self.writer.under(self.region, key, negated(load(inner.found)), [], term.span)
        )

    def for_all(self, term: Expression) -> tuple[Region, Goals] | None:
        """Write ``forall(c, a)``, which is ``not (c and not a)``."""
        condition, action = term.args
        opposite = Expression(Operator.NOT, (action,), span=action.span)
        both = Expression(Operator.AND, (condition, opposite), span=term.span)
        return self.negation(Expression(Operator.NOT, (both,), span=term.span))

    def _condition(self, term: Term) -> tuple[Region, Goals] | None:
        """Write a value that is true."""
        if isinstance(term, Value) and type(term.value) is bool:
            return self._at(self.region if term.value else None)
        value = self._bound(term)
        if value.literal is not None or value.choices is not None or value.exact is not None:
            raise Unfollowable("a condition that is no attribute", term.span)
        is_true = compared(load(value.name), ast.Is(), ast.Constant(True))
        doubt = compared(load(value.name), ast.IsNot(), ast.Constant(False))
        key = ("true", value.name)
        otherwise: list[ast.stmt] = [ast.If(doubt, [_NONE], [])]
        return self._at(self.writer.under(self.region, key, is_true, otherwise, term.span))

    # -- calls

    def _call(self, called: Call) -> tuple[Region, Goals] | None:
        if called.kwargs:
            raise Unfollowable("keyword arguments", self.goal.span)
        values = [self._value(arg) for arg in called.args]
        if any(value is None for value in values):
            return self._in_place(called, values)
        args = tuple(t.cast("list[Val]", values))
        if any(arg.choices is not None for arg in args):
            raise Unfollowable("a string of several that is passed on", self.goal.span)
        for arg in args:
            self.writer.make_sure(self.region, arg)
        if not self.rest and not any(self.env.waiting.values()):
            self.writer._add(self.region, (called.name, args), self.asking)
            return None
        inner = self.writer.apart(self.region)
        self.writer._add(inner, (called.name, args), self.asking)
        region = self.region
        return self._at(
            self.writer.under(region, ("found", inner.found), load(inner.found), [], self.goal.span)
        )

    def _in_place(self, called: Call, values: list[Val | None]) -> tuple[Region, Goals] | None:
        """Write the clauses of a rule where it is called, since it binds something."""
        candidates = self.writer._names.candidates(called.name, len(values))
        if candidates is None:
            raise Unfollowable("a rule that is not defined", self.goal.span)
        for clause in candidates:
            if has_cut(clause):
                raise Unfollowable("a cut", clause.rule.span)
            self._clause_in_place(called, clause, values)
        return None

    def _clause_in_place(self, called: Call, clause: Clause, values: list[Val | None]) -> None:
        env, number = self.env.copy(), next(self.writer._clauses)
        region: Region | None = self.region
        for at, parameter in enumerate(clause.parameters):
            value, term = values[at], parameter.term
            span = parameter.span
            if isinstance(term, Value):
                if value is None:
                    raise Unfollowable("a literal that a variable has to become", span)
                region = self.writer._equal(
                    t.cast(Region, region), Val("", literal=term), value, span
                )
            elif not isinstance(term, Slot):
                raise Unfollowable("a list or dictionary in a head", span)
            elif (number, term.index) in env.names:
                raise Unfollowable("a variable that stands in a head twice", span)
            elif value is None:
                outer = env.variable(self.clause, t.cast(Slot, called.args[at]).index)
                env.names[number, term.index] = outer
                if parameter.specializer is not None:
                    pattern = self.writer._pattern(parameter.specializer)
                    env.waiting[outer] = (*env.waiting.get(outer, ()), pattern)
            else:
                if parameter.specializer is not None:
                    pattern = self.writer._pattern(parameter.specializer)
                    region, value = self.writer._instance(
                        t.cast(Region, region), value, pattern, span
                    )
                env.values[env.variable(number, term.index)] = value
            if region is None:
                return
        goals = _joined(_body_goals(clause, number), self.rest)
        self.writer._run(t.cast(Region, region), goals, env, self.asking)


_OPERATORS: dict[Operator, t.Callable[[_Step, Expression], tuple[Region, Goals] | None]] = {
    Operator.AND: _Step.conjunction,
    Operator.OR: _Step.disjunction,
    Operator.NOT: _Step.negation,
    Operator.FORALL: _Step.for_all,
    Operator.UNIFY: _Step.unification,
    Operator.DOT: _Step.lookup,
    Operator.IN: _Step.membership,
    Operator.ISA: _Step.instance,
    **dict.fromkeys(COMPARISONS, _Step.comparison),
}
_COMPARE: dict[Operator, type[ast.cmpop]] = {
    Operator.EQ: ast.Eq,
    Operator.NEQ: ast.NotEq,
    Operator.LT: ast.Lt,
    Operator.LEQ: ast.LtE,
    Operator.GT: ast.Gt,
    Operator.GEQ: ast.GtE,
}


# -- small questions about clauses and regions ----------------------------------------------


def _body_goals(clause: Clause, number: int) -> Goals:
    return () if clause.body is None else ((clause.body, number), ())


def _joined(goals: Goals, rest: Goals) -> Goals:
    listed = []
    while goals:
        goal, goals = goals
        listed.append(goal)
    return in_front(listed, rest)


def _flat(body: Term | None) -> list[Term]:
    """Give the goals of a conjunction."""
    goals: list[Term] = []
    stack = [body] if body is not None else []
    while stack:
        term = stack.pop()
        if isinstance(term, Expression) and term.operator is Operator.AND:
            stack.extend(reversed(term.args))
        else:
            goals.append(term)
    return goals


_PASSING = (Operator.DOT, Operator.UNIFY, Operator.ISA)


def _is_passed_on(clause: Clause) -> bool:
    """Tell whether a clause asks another rule, of its own arguments or what they lead to."""
    goals = _flat(clause.body)
    if not goals or not isinstance(getattr(goals[-1], "term", goals[-1]), Call):
        return False
    return all(
        isinstance(getattr(goal, "term", goal), Call)
        or (isinstance(goal, Expression) and goal.operator in _PASSING)
        for goal in goals[:-1]
    )


def _open_string(clause: Clause, args: Sequence[Val]) -> int | None:
    """Give the position of a string of which it matters only what is equal to it."""
    goals = _flat(clause.body)
    if any(isinstance(getattr(goal, "term", goal), Call) for goal in goals):
        return None
    for at, (parameter, arg) in enumerate(zip(clause.parameters, args, strict=True)):
        is_open = isinstance(parameter.term, Slot) and is_string(arg.literal)
        if is_open and _is_compared_once(t.cast(Slot, parameter.term).index, goals):
            return at
    return None


def _is_compared_once(index: int, goals: list[Term]) -> bool:
    """Tell whether all that is done to a variable is to compare it with one attribute."""
    uses = [goal for goal in goals if index in _slots(goal)]
    if len(uses) != 1 or not isinstance(uses[0], Expression):
        return False
    use = uses[0]
    if use.operator is Operator.DOT:
        return index not in _slots(use.args[0]) and index not in _slots(use.args[1])
    if use.operator is Operator.UNIFY:
        others = [arg for arg in use.args if not _is_slot(arg, index)]
        if len(others) == 1 and isinstance(others[0], Slot):
            return _is_result_once(others[0].index, [goal for goal in goals if goal is not use])
    return False


def _is_result_once(index: int, goals: list[Term]) -> bool:
    uses = [goal for goal in goals if index in _slots(goal)]
    if len(uses) != 1 or not isinstance(uses[0], Expression):
        return False
    use = uses[0]
    return use.operator is Operator.DOT and _is_slot(use.args[2], index)


def _is_slot(term: Term, index: int) -> bool:
    return isinstance(term, Slot) and term.index == index


def _slots(term: t.Any) -> set[int]:
    found: set[int] = set()
    stack = [term]
    while stack:
        part = stack.pop()
        part = getattr(part, "term", part)
        if isinstance(part, Slot):
            found.add(part.index)
        stack.extend(getattr(part, "args", ()))
        stack.extend(getattr(part, "items", ()) if isinstance(part, List) else ())
        if isinstance(part, Pattern):
            stack.extend(value for _, value in part.fields)
    return found


def _flags_of(region: Region) -> list[str]:
    """Give the flags of the regions inside one that are passed as often as it is."""
    flags, stack = [], [*region.items]
    while stack:
        inner = stack.pop(0)
        if inner.flag is not None:
            flags.append(inner.flag)
        if not inner.is_barrier:
            stack = [*inner.items, *stack]
    return flags


def _renamed(part: t.Any, old: str, new: str) -> t.Any:
    return (new, *part[1:]) if isinstance(part, tuple) and part[0] == old else part


def _counted(collection: Val) -> ast.stmt:
    """Write that the elements of a list in a loop are counted, and that many are too many."""
    more = ast.BinOp(load("count"), ast.Add(), call("len", load(collection.name)))
    is_over = compared(load("count"), ast.Gt(), ast.Constant(MAX_ELEMENTS))
    return ast.If(ast.Constant(True), [assign("count", more), ast.If(is_over, [_NONE], [])], [])


def _append(out: list[ast.stmt], following: list[ast.stmt]) -> None:
    """Append statements; as ``elif`` where the test before excludes theirs."""
    last = out[-1] if out else None
    while isinstance(last, ast.If) and len(last.orelse) == 1:
        last = last.orelse[0]
    if isinstance(last, ast.If) and not last.orelse and len(following) == 1:
        before, behind = getattr(last, "texts", None), getattr(following[0], "texts", None)
        if before and behind and before[0] == behind[0] and not before[1] & behind[1]:
            last.orelse = following
            return
    out += following


def _at(node: t.Any, span: Span | None) -> t.Any:
    """Give a statement its place in the policy."""
    node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = position_of(span)
    return node
