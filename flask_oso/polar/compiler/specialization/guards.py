"""The regions of a function, while it is written: names, conditions, loops and class tests.

A method takes a region, and returns the region where what it wrote holds; each read and each test
stands once, in the outermost region that allows it. Before a value is used in a way that Python
code could observe, its class is tested; the function gives up for one that is not plain.
"""

from __future__ import annotations

import ast
import datetime
import itertools
import typing as t
from collections.abc import Callable, Sequence

from ...host import sandbox
from ...host.sandbox import ITERATED
from ...nodes import Term
from ...sources import Span
from ..binding_analysis import NotCompilable, is_string
from ..classes.plain_classes import compares_by_identity, is_plain
from ..passes.names import FOUND, KIND
from ..quotations import expr, stmt
from ..scopes import ClassSet, ProgramInterface
from ..snippets import (
    all_of,
    any_of,
    assign,
    call,
    compared,
    is_more_than,
    is_none,
    is_of,
    is_type,
    is_unchecked,
    load,
    method_call,
    negate,
    size_of,
    unpacked,
)
from .observation import RESULT, Observation, is_method
from .regions import (
    GIVE_UP,
    MAX_STEPS,
    Built,
    Fact,
    Known,
    OneOf,
    Place,
    Region,
    give_up_if,
    step_limit,
    with_span,
)
from .solution_keys import FunctionNames, key_of
from .value_tests import written

#: The argument that has the entries of a dictionary read in the order of the solver.
_IN_ORDER = ast.keyword("is_ordered", ast.Constant(True))


class Guards:
    """Writes reads and tests into the regions of one function.

    :param observation: the call of the application that the function makes.
    :param functions: has names of functions for rules that call themselves, where these are not
        written in place of their calls.
    """

    def __init__(
        self,
        names: ProgramInterface,
        observation: Observation | None,
        functions: FunctionNames | None,
    ) -> None:
        self.names = names
        self.observation = observation
        self.functions = functions
        #: Whether the function is one that gathers solutions, for an argument that is open.
        self.gathers = False
        #: Whether a rule is called that may have such a function, or a list is built.
        self.meets_recursion = False
        #: The lists and dictionaries that the function builds, by name.
        self.built: dict[str, Built] = {}
        #: What reads the entries of dictionaries, by the name of these.
        self.entries: dict[str, ast.Call] = {}
        #: The parameters of such a function, and how deep in calls are those that it makes.
        self.given: set[str] = set()
        self.level: ast.expr = ast.Constant(0)
        #: How many calls are made in it, and whether more than one may be made.
        self.calls_made, self.calls_often = 0, False
        self._numbers, self._steps = itertools.count(), itertools.count()
        self._readable: dict[tuple[str, bool], tuple[str, ClassSet]] = {}
        self.root = Region(FOUND)
        #: The region of the question whose clause is written.
        self.origin = self.root
        #: The names that the function initializes with ``None``.
        self.caches: list[str] = []
        #: The names of the keys of the last dictionary that was looked at.
        self.last_keys: list[str] = []
        #: Whether the function counts steps.
        self.counts = False
        #: The index of the current alternative.
        self.alternative = 0
        #: When the solver comes to each of them, by their indices.
        self.places: list[Place] = [()]
        #: The texts of those that are written for several.
        self.texts: dict[int, OneOf] = {}
        #: Whether it comes to none of them at another place, too.
        self.are_placed = True
        #: The flags of the alternatives that are written, for those that follow them.
        self.marks: list[str] = []

    def note_foreign(self, region: Region | None) -> None:
        """Note that the current clause tests something in a region.

        :raises NotCompilable: if that would be repeated for other objects.
        """
        while region is not None and not self.origin.is_within(region):
            self.refuse_first(region)
            region.is_foreign = True
            region = region.above

    def refuse_first(self, region: Region) -> None:
        """Refuse what stands in a region that is repeated for the objects of a chain."""
        if region.again is not None:
            raise NotCompilable("a condition on the first object of a chain", None)

    def forget_order_of_entries(self) -> None:
        """Note that no solution ends the function: which entry comes first does not matter."""
        for reads in self.entries.values():
            reads.keywords = []

    def next_alternative(self, place: Place = None, text: OneOf | None = None) -> None:
        """Begin the next alternative.

        :param place: when the solver comes to it, if that is known.
        :param text: for which of several texts it does so then.
        """
        self.alternative += 1
        self.places.append(place)
        if text is not None:
            self.texts[self.alternative] = text

    @property
    def place(self) -> Place:
        """When the solver comes to the current alternative."""
        return self.places[-1]

    def next_place(self) -> Place:
        """Return the place of what is asked next in the current alternative."""
        step = next(self._steps)
        return None if self.place is None else (*self.place, step)

    def leave_place(self) -> None:
        """Note that the current alternative goes on in another order than the solver."""
        self.places[-1] = None

    def fresh(self, letter: str = "v") -> str:
        """Return a new name; ``f``, ``g``, ``k`` and ``t`` begin those of all functions."""
        return f"{letter}{next(self._numbers)}"

    def computed(self, region: Region, value: ast.expr, key: Fact, span: Span | None) -> Known:
        """Return the value of an expression, written once in a region."""
        known = region.lookup(key)
        if known is None:
            known = region.known[key] = Known(self.fresh(), region=region)
            self.note_derived(known, key)
            region.reads.append(with_span(assign(known.name, value), span))
        return known

    def solutions(
        self, region: Region, rule: str, values: Sequence[Known | None], span: Span | None
    ) -> Known:
        """Return the list of what the open arguments of a call become, one item for a solution.

        Where none is open, whether there is a solution.
        """
        functions = t.cast(FunctionNames, self.functions)
        for value in values:
            if value is not None and value.exact is list and value.region is not None:
                # The function gets a copy, all of whose elements have passed the check.
                self.elements(region, value, span)
        key, passed = key_of(self.names, region, rule, values, span)
        given = [value.name for value in passed]
        for value in passed:
            self.check_sandbox(region, value)
            if given.count(value.name) > 1 and value.exact is None and value.literal is None:
                # The function has it under two names, and the solver as one term.
                self.check_itself(region, value)
        name = functions.name_of(key)
        fact: Fact = ("solutions", name, *(value.key for value in passed))
        if region.lookup(fact) is None:
            self.calls_made += 1
            self.calls_often |= self.calls_made > 1 or self.is_repeated(region)
            made = call(name, *map(written, passed), self.level, load("memo"))
            found = self.computed(region, made, fact, span)
            region.give_up_if(is_none(load(found.name)))
        found = t.cast(Known, region.lookup(fact))
        return found if None not in values else found.replaced(exact=list, is_own=True)

    def check_itself(self, region: Region, value: Known) -> None:
        """Write that the function gives up for a value that is unequal to itself, such as NaN."""
        if region.lookup(("itself", value.name)) is not None:
            return
        region.known["itself", value.name] = value
        is_number = region.lookup(("number", value.name)) is not None
        itself = expr("X == X" if is_number else "are_themselves([X])", X=value.name)
        region.give_up_if(expr("not type(X) is int and not ITSELF", X=value.name, ITSELF=itself))

    def check_list(self, region: Region, value: Known) -> None:
        """Write that the function gives up for a list that Polar would have to convert."""
        key: Fact = ("plain list", value.name)
        if region.lookup(key) is None:
            region.known[key] = value
            region.give_up_if(negate(call("is_plain_data", load(value.name))))

    def elements(self, region: Region, value: Known, span: Span | None) -> Known:
        """Return a copy of a list of Polar; the function gives up for anything else."""
        key = ("elements", value.name)
        known = region.lookup(key)
        if known is None:
            region.give_up_if(negate(is_type(value.name, "list")))
            known = self.computed(region, unpacked(value.name), key, span)
            test = "is_plain_data"
            if self.functions is not None:
                # Functions give parts of it to others, which have it under other names.
                test = "is_equal_data"
                region.known["itself", known.name] = known
            region.give_up_if(negate(call(test, load(known.name))))
            region.note_checked(value, known)
        return known

    def read_before(self, owner: Known, name: str) -> Known | None:
        """Return an attribute that was read before the call, and that this has not changed."""
        source = owner.name, name
        given = None if self.observation is None else self.observation.read_before(source)
        if given is None:
            return None
        # It is of this class, if it has to be of one: a test of that stands before the call.
        cls = t.cast(Observation, self.observation).classes.get(source)
        made = Known(given, exact=cls, region=self.root, source=source)
        self.root.known["read", owner.name, name] = made
        self.root.note_checked(made)
        return made

    def note_derived(self, made: Known, key: Fact) -> None:
        """Note that a value was made from others, of which one may come from a call."""
        if self.observation is not None:
            self.observation.note(made, key)

    def note_search(self, searched: Known, term: Term) -> None:
        """Note that a value is searched, to which the policy refers by a term."""
        if self.observation is not None:
            self.observation.note_search(searched, term)

    def observed(
        self,
        region: Region,
        owner: Known,
        name: str,
        args: tuple[Known, ...] | None,
        values: Sequence[Known],
    ) -> Known:
        """Return the result of the call of the function.

        :param args: the arguments of a method; ``None`` for a computed attribute.
        :param values: the values of the clause.
        :raises NotCompilable: if it may be another call.
        """
        observation = self.observation
        is_apart = any(around.is_negated for around in region.enclosing())
        if observation is None or is_apart or not self._is_call(owner, name, args):
            raise NotCompilable("a call of the application", None)
        if observation.key != Observation(owner.name, name, args).key:
            raise NotCompilable("calls of the application", None)
        if any(value.name in observation.derived for value in values):
            raise NotCompilable("results of a call that meet", None)
        return Known(RESULT, region=self.root, source=(owner.name, f"{name}()"))

    def _is_call(self, owner: Known, name: str, args: tuple[Known, ...] | None) -> bool:
        """Tell whether the result of a call depends on parameters alone."""
        if not sandbox.is_unrestricted(name) or self.names.is_relation(name):
            return False
        if owner.exact in (None, dict, str) or owner.region is not self.root:
            return False
        cls = owner.exact
        if args is None:
            if name in self.names.host.row_relations or self.names.host.has_keys(cls):
                return False
            # Compiled rules take the outcome where an attribute of the class that they name is
            # computed.
            registered = {*self.names.host.classes.values()}
            named = [base for base in cls.__mro__ if base in registered]
            return not any(sandbox.is_silent_read(base, name) for base in named)
        if not is_method(cls, name):
            return False
        observation = t.cast(Observation, self.observation)
        return all(
            is_string(arg.literal)
            or observation.given(arg) is not None
            or (arg.region is self.root and arg.exact is not dict and arg.choices is None)
            for arg in args
        )

    def now(self, region: Region, clock: Known, span: Span | None) -> Known:
        """Return the current time by ``datetime``, or the day by ``date``, read once."""
        while region.above is not None:
            region = region.above
        known = region.known.get(("now", clock.name))
        if known is None:
            known = Known(self.fresh(), exact=clock.constant, region=region)
            region.known["now", clock.name] = region.known["now", known.name] = known
            method = "now" if clock.constant is datetime.datetime else "today"
            value = method_call(load(clock.name), method)
            region.reads.append(with_span(assign(known.name, value), span))
        return known

    def is_now(self, value: Known) -> bool:
        """Tell whether a value is the current time, or the day."""
        return value.region is not None and ("now", value.name) in value.region.known

    def leave_out_known(
        self, region: Region, keeps_order: bool, ends: Sequence[Region] = ()
    ) -> None:
        """Drop the sandbox check of a value that is tested anyway.

        :param keeps_order: whether a solution ends the function, so that the alternative that reads
            a value has to test it.
        :param ends: the regions whose solution ends the function.
        """
        tested = _tested_before(region, ends) if region.unchecked else {}
        dropped = {
            id(unless)
            for name, alternative, unless in region.unchecked
            if region.checks(name)
            or (name in tested and (not keeps_order or alternative in tested[name]))
        }
        if dropped:
            region.reads = [each for each in region.reads if id(each) not in dropped]
        for inner in [*region.items, *region.loops]:
            self.leave_out_known(inner, keeps_order, ends)

    def readable(self, owner: Known, name: str, *, are_rows: bool = False) -> tuple[str, ClassSet]:
        """Return the classes from whose objects attributes are read in the place of a value."""
        kept = (owner.name, are_rows)
        if kept not in self._readable:
            self._readable[kept] = self.names.quiet(are_rows=are_rows)
        self._readable[kept][1].names.add(name)
        return self._readable[kept]

    def guard_kind(
        self, region: Region, owner: Known, name: str, *, are_rows: bool = False
    ) -> None:
        """Write that the class of a value has attributes that are read without side effects."""
        quiet, classes = self.readable(owner, name, are_rows=are_rows)
        key = ("stored" if are_rows else "quiet", owner.name)
        if region.lookup(key) is not None:
            return
        region.known[key] = owner
        region.note_checked(owner)
        kinds = load(self.names.constant(classes.kinds))

        def is_odd(kind: ast.expr) -> ast.expr:
            admitted = method_call(load(quiet), "admits", kind)
            return all_of([compared(kind, ast.NotIn(), kinds), negate(admitted)])

        has_entries = self.is_repeated(region) and not are_rows
        entries = [self._entries(region, owner)] if has_entries else []
        region.reads += self.unless_class(region, owner, is_odd, entries)

    def _entries(self, region: Region, owner: Known) -> ast.stmt:
        """Write that attributes are read from an object; return that those of a dictionary are its
        entries. Then the attributes of all other elements are read without another test.
        """
        reader = self.fresh("o")
        region.known["quiet", owner.name] = owner.replaced(name=reader)
        region.reads.append(assign(reader, load(owner.name)))
        return assign(reader, call("fields_of", load(owner.name)))

    def check_sandbox(self, region: Region, value: Known) -> None:
        """Write the sandbox check of a value, unless it has passed."""
        if value.source is None and value.exact is None and value.region is None:
            return
        if value.exact is not None or value.literal is not None:
            return
        if any(here.checks(value.name) for here in region.enclosing()):
            return
        region.note_checked(value)
        region.reads.append(self.unless_checked(value))

    def unless_checked(self, value: Known) -> ast.If:
        """Write that the function gives up for a value that has not passed the sandbox check."""
        return give_up_if(is_unchecked(value.name))

    def unless_plain(self, region: Region, value: Known, known: str) -> ast.stmt:
        """Write that the function gives up for a value that is not plain.

        In a loop, the test is skipped if the last element had the same class.

        :param known: the set of classes that need no check.
        """
        odd = "if type(X) not in KNOWN and not is_plain_data([X]): GIVE_UP"
        if self.is_repeated(region):
            odd = """
                if type(X) is not LAST:
                    if type(X) in KNOWN: LAST = type(X)
                    elif not is_plain_data([X]): GIVE_UP
            """
        last = self._new_cache() if self.is_repeated(region) else None
        return stmt(odd, X=value.name, KNOWN=known, LAST=last, GIVE_UP=GIVE_UP)

    def _new_cache(self) -> str:
        """Return a new name for the last class that was looked at."""
        self.caches.append(self.fresh("c"))
        return self.caches[-1]

    def check_tested(self, region: Region, value: Known, known: str) -> None:
        """Write that the function gives up for a value that is not plain, and learn its class.

        The check is dropped where something else tests the value anyway.

        :param known: the set of classes that need no check.
        """
        unless = self.unless_plain(region, value, known)
        region.reads.append(unless)
        region.unchecked.append((value.name, self.alternative, unless))

    def not_simple(self, region: Region, value: Known, known: Sequence[str]) -> list[ast.stmt]:
        """Write that the function gives up for a value with an equality of its own.

        :param known: the sets of classes that have none, or one that is known not to hold.
        """
        return self.unless_class(
            region,
            value,
            lambda kind: all_of([compared(kind, ast.NotIn(), load(each)) for each in known]),
        )

    def unless_class(
        self,
        region: Region,
        value: Known,
        is_odd: Callable[[ast.expr], ast.expr],
        entries: Sequence[ast.stmt] = (),
    ) -> list[ast.stmt]:
        """Write that the function gives up for a value of an odd class.

        In a loop, the test is skipped if the last element had the same class.

        :param is_odd: writes whether a class is one.
        :param entries: what is done with each dictionary, if the test allows them.
        """
        kind = call("type", load(value.name))
        if not self.is_repeated(region):
            return [give_up_if(is_odd(kind))]
        cache = self._new_cache()
        look = [give_up_if(is_odd(load(KIND))), assign(cache, load(KIND))]
        if entries:
            look = [ast.If(compared(load(KIND), ast.Is(), load("dict")), [*entries], look)]
        look.insert(0, assign(KIND, kind))
        return [ast.If(compared(kind, ast.IsNot(), load(cache)), look, [])]

    def is_identity(self, cls: type) -> bool:
        """Tell whether instances of a class equal no instance of another class."""
        return is_plain(cls) and (compares_by_identity(cls) or self.names.host.has_keys(cls))

    def under(
        self,
        region: Region,
        key: Fact,
        test: ast.expr,
        otherwise: list[ast.stmt],
        span: Span | None,
        texts: tuple[str, frozenset[str]] | None = None,
    ) -> Region:
        """Return the region where a condition holds.

        :param otherwise: the statements where it does not.
        :param texts: the value that the condition compares with some strings.
        """
        known = region.holds(key)
        if known is not None:
            return region
        if key not in region.inside:
            header = with_span(ast.If(test, [], otherwise), span)
            inner = Region(region.found, region, header=header, texts=texts)
            inner.alternative = self.alternative
            region.inside[key] = inner
            region.items.append(inner)
        region.inside[key].users.add(self.alternative)
        return region.inside[key]

    def guard(
        self,
        region: Region,
        key: Fact,
        test: ast.expr,
        values: Sequence[Known],
        span: Span | None,
    ) -> Region:
        """Return the region where values are of some classes; for others the function gives up."""
        inner = self.under(region, key, test, [GIVE_UP], span)
        if inner is region.inside.get(key):
            inner.tested = tuple(value.name for value in values)
        for value in values:
            inner.note_checked(value)
        return inner

    def guard_scalar(self, region: Region, value: Known, span: Span | None) -> Region:
        """Return the region where a value is a string, a number or an object without ``__eq__``."""
        is_known = any_of([is_of(value.name, "simple"), is_type(value.name, "bool")])
        return self.guard(region, ("plain", value.name), is_known, [value], span)

    def refuse(self, span: Span | None) -> t.NoReturn:
        raise NotCompilable("objects that are compared by a method of their own", span)

    def loop(self, region: Region, collection: Known, span: Span | None) -> tuple[Region, Known]:
        """Return the region within a loop, and the element.

        The loop is in the region where the list was read, so that all searches share it.
        """
        exact = collection.exact
        is_other = exact is not None and exact not in ITERATED and exact is not list
        if collection.is_literal or is_other:
            raise NotCompilable("a search in something else than a list", span)
        out = region
        for around in region.around():
            out = around
            if around is collection.region:
                break
        key = ("each", collection.name)
        if key not in out.inside:
            out.inside[key] = self._new_loop(out, collection, span)
        made = out.inside[key]
        made.searched.add(self.alternative)
        if collection.name in self.entries and not any(
            each.is_negated for each in region.enclosing()
        ):
            # Under 'not' all entries are looked at, so that their order does not matter.
            self.entries[collection.name].keywords = [_IN_ORDER]
        if region is not out:
            self.note_foreign(region)
            region.flag = region.flag or self.fresh("w")
            made_under = self.under(made, ("flag", region.flag), load(region.flag), [], span)
            made_under.is_flagged = True
            return made_under, made.known["element",]
        return made, made.known["element",]

    def _new_loop(self, out: Region, collection: Known, span: Span | None) -> Region:
        """Write a loop over a collection into a region; return the region within the loop."""
        foreign = "not type(X) is list and type(X) not in gone_through"
        if collection.expected is not None:
            foreign = "type(X) not in collections"
        looked_at = ("iterable", collection.name)
        if collection.exact is None and out.lookup(looked_at) is None:
            out.known[looked_at] = collection
            out.give_up_if(expr(foreign, X=collection.name))
        out.note_checked(collection)
        name = self.fresh()
        # A copy: if another thread changes the list, no element may be skipped.
        over = load(collection.name) if collection.is_own else unpacked(collection.name)
        header: t.Any = ast.For(ast.Name(name, ast.Store()), over, [], [])
        made = Region(out.found, out, is_barrier=True, header=with_span(header, span))
        made.over, made.alternative = collection.name, self.alternative
        source = collection.name, "[]"
        element = Known(name, expected=collection.expected, region=made, source=source)
        self.note_derived(element, (collection.name,))
        made.known["element",] = element
        size = size_of(collection.name)
        if collection.is_own:
            # What a function has found is counted there, and looked at once.
            made.body = [give_up_if(is_more_than(size, MAX_STEPS))]
        elif out.lookup(("short", collection.name)) is not None and not self.is_repeated(out):
            made.body = []
        else:
            made.body = step_limit(size)
            self.counts = True
        self.check_tested(made, element, "harmless")
        out.loops.append(made)
        return made

    def is_repeated(self, region: Region) -> bool:
        return any(here.is_barrier for here in region.enclosing())

    def apart(self, region: Region, *, is_negated: bool = False) -> Region:
        """Return a region with its own flag for a solution, for a goal that others depend on."""
        inner = Region(self.fresh("b"), region, is_barrier=True, is_negated=is_negated)
        inner.alternative = self.alternative
        inner.users.add(self.alternative)
        region.items.append(inner)
        return inner


def _tested_before(region: Region, ends: Sequence[Region]) -> dict[t.Any, set[int]]:
    """Return the values that are always tested in a region, and the alternatives that do it.

    :param ends: the regions whose solution ends the function.
    """
    found, *others = [region.tested_values(end) for end in ends or (None,)]
    return {
        name: tested for name, tested in found.items() if all(name in other for other in others)
    }
