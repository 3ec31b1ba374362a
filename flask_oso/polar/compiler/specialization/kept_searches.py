"""What several strings ask of the same values is searched for once, as the roles of a user.

In go the questions that the tests of a search come to, each about a string of the policy; out come
functions that search for all such strings of a rule, and names for what they find. With ::

    has_permission(user, "edit", doc) if has_role(user, "writer", doc) and not doc.locked;
    has_permission(user, "share", doc) if has_role(user, "writer", doc) and doc.public;

the roles of the user are looked for where the first action needs one, and kept for all others. A
search that comes to a question of its own looks whether that string is found already: so "writer"
is found with "owner", if owners are writers.
"""

from __future__ import annotations

import ast
import graphlib
import typing as t
from collections.abc import Iterable, Sequence

from ..binding_analysis import NotCompilable
from ..quotations import Hole, expr, stmt
from ..snippets import any_of, assign, is_none, item_of, load, tuple_of
from .regions import Known, Region

#: What so many strings need is searched for once, also if each needs another text.
MANY_STRINGS = 3
#: The name of the strings that a search has found.
STRINGS: t.Final = "strings"


class SearchKey(t.NamedTuple):
    """What is searched for: the strings of an argument of a rule, given the classes of others."""

    rule: str
    at: int
    classes: tuple[type, ...]


class KeptSearch:
    """A search for the strings of a rule about some values, whose outcome is kept.

    :param result: the name of its outcome.
    :param arguments: the values, of which parameters are the same in the whole function.
    """

    def __init__(self, key: SearchKey, result: str) -> None:
        self.key, self.result = key, result
        #: The strings that are looked for, each with those that need it.
        self.texts: dict[str, set[str]] = {}
        #: The global name of the function.
        self.function = f"search {result}"

    def is_shared(self, alone: set[str]) -> bool:
        """Tell whether several strings need the same one, or many need some.

        :param alone: the strings that need nothing else: without the search, one test that goes
            through the same elements finds them all.
        """
        is_same = any(len(asking) > 1 for asking in self.texts.values())
        asking = self.asking()
        return is_same or (len(asking) >= MANY_STRINGS and not asking <= alone)

    def asking(self) -> set[str]:
        """Return the strings whose tests make the search."""
        return set[str]().union(*self.texts.values())

    def begun(self) -> ast.stmt:
        """Write that nothing was searched for yet."""
        return assign(self.result, ast.Constant(None))


class KeptSearches:
    """The searches that the tests of one function share.

    :param own: what the function itself searches for.
    :param groups: its strings, in groups that rules treat alike.
    :param grows: whether other strings may be searched for, too.
    :param within: the searches that the function is a part of.
    """

    def __init__(
        self,
        own: SearchKey,
        groups: Iterable[Sequence[str]],
        *,
        grows: bool,
        within: frozenset[SearchKey],
    ) -> None:
        self.own, self.within = own, within | {own}
        self.groups = [*groups]
        self._grows = grows
        #: Those that are kept, once that is known.
        self._chosen: set[t.Any] | None = None
        self._first_of = {text: group[0] for group in self.groups for text in group}
        self._searches: dict[t.Any, KeptSearch] = {}
        #: The string whose test is written.
        self._text = ""
        #: The strings with which each is found, and those that its test looks at.
        self._implied: dict[str, dict[str, None]] = {}
        self._needed: dict[str, dict[str, None]] = {}

    def begin(self, text: str) -> None:
        """Note for which string the next test is written."""
        self._text = text
        self._implied[text], self._needed[text] = {}, {}

    def choose(self, alone: set[str]) -> set[str] | None:
        """Keep the searches that several strings need, and no others.

        :param alone: the strings of which each needs one search and nothing else.
        :returns: the strings whose tests need others; ``None`` if none is kept.
        """
        chosen = {key for key, search in self._searches.items() if search.is_shared(alone)}
        left = (each for key, each in self._searches.items() if key not in chosen)
        self._chosen = chosen
        return {text for each in left for text in each.asking()} if chosen else None

    def used(self, names: t.Container[str]) -> list[KeptSearch]:
        """Return the searches whose outcomes are read."""
        return [each for each in self._searches.values() if each.result in names]

    # -- what is asked ---------------------------------------------------------------------

    def own_text(self, rule: str, args: Sequence[Known]) -> str | None:
        """Return the string of a question that is one of the function's own, about the same
        arguments.
        """
        # Another rule of the name may have fewer arguments.
        if rule != self.own.rule or len(args) != len(self.own.classes) + 1:
            return None
        if not all(
            at == self.own.at or (arg.name == f"a{at}" and arg.literal is None)
            for at, arg in enumerate(args)
        ):
            return None
        text = _text_of(args[self.own.at])
        if text is None:
            return None
        if text not in self._first_of and self._grows:
            self._first_of[text] = text
            self.groups.append((text,))
        return self._first_of.get(text)

    def imply(self, text: str) -> None:
        """Note that the current string is found where another one is."""
        self._implied[self._text][text] = None

    def found_before(self, text: str) -> ast.expr:
        """Write the strings that are found, of which one is needed: its test comes before."""
        self._needed[self._text][text] = None
        return load(STRINGS)

    def search(self, rule: str, at: int, args: Sequence[Known], paths: t.Any) -> KeptSearch | None:
        """Return the search for the string of a question; ``None`` if none is kept.

        :param paths: how the other arguments are read from those of the function.
        """
        others = [arg for n, arg in enumerate(args) if n != at]
        key = SearchKey(rule, at, tuple([t.cast(type, arg.exact) for arg in others]))
        told = key, paths
        if key in self.within or (self._chosen is not None and told not in self._chosen):
            return None
        if told not in self._searches:
            self._searches[told] = KeptSearch(key, f"held{len(self._searches)}")
        search = self._searches[told]
        text = t.cast(str, _text_of(args[at]))
        search.texts.setdefault(text, set()).add(self._text)
        return search

    # -- in which order --------------------------------------------------------------------

    def in_order(self) -> list[tuple[str, list[str]]]:
        """Return the first string of each group, behind those it depends on, and what is found
        where its test holds.

        :raises NotCompilable: if there is no such order: a rule asks itself.
        """
        before = {text: {**self._implied[text], **self._needed[text]} for text in self._implied}
        try:
            order = [*graphlib.TopologicalSorter(before).static_order()]
        except graphlib.CycleError:
            raise NotCompilable("a rule that asks itself", None) from None
        found: dict[str, dict[str, None]] = {text: {text: None} for text in order}
        for text in reversed(order):
            for other in self._implied[text]:
                found[other].update(found[text])
        groups = {group[0]: group for group in self.groups}
        return [(text, [each for one in found[text] for each in groups[one]]) for text in order]


def _text_of(arg: Known) -> str | None:
    value = None if arg.literal is None else arg.literal.value
    return value if type(value) is str else None


def path_of(region: Region, value: Known) -> str | None:
    """Return how a value is read from an argument, as in ``a2.account``.

    ``None`` if it is read from something else, such as an element of a list.
    """
    names, known = list[str](), value
    while known.source is not None:
        owner, name = known.source
        names.append(name)
        if _is_parameter(owner):
            return None if "[]" in names else ".".join([owner, *reversed(names)])
        found = _named(region, owner)
        if found is None:
            return None
        known = found
    return known.name if known is value and _is_parameter(known.name) else None


def _is_parameter(name: str) -> bool:
    return name[:1] == "a" and name[1:].isdigit()


def _named(region: Region, name: str) -> Known | None:
    """Return what is known of the value that has a name in a region."""
    for around in region.enclosing():
        for known in around.known.values():
            if known.name == name:
                return known
    return None


def search_once(region: Region, search: KeptSearch, args: Sequence[Known]) -> ast.expr:
    """Write that a search is made, unless it was made for the same values; return what it found.

    A name may stand for each object of a chain in turn, so its value is kept with the outcome.
    """
    given = [arg for at, arg in enumerate(args) if at != search.key.at]
    changing = [arg.name for arg in given if arg.source is not None]
    result = search.result

    def found() -> ast.expr:
        return item_of(load(result), ast.Constant(0)) if changing else load(result)

    fact = ("held", result, *(arg.key for arg in given))
    looked_up = [region.lookup_of(name, fact) for name in changing] or [region.lookup(fact)]
    if None not in looked_up:
        return found()
    region.known[fact] = given[-1]
    values = [
        ast.Constant(None) if at == search.key.at else load(arg.name) for at, arg in enumerate(args)
    ]
    made = expr("SEARCH(*VALUES)", SEARCH=search.function, VALUES=values)
    tests = [is_none(load(result))]
    if changing:
        made = tuple_of([made, *map(load, changing)])
        for at, name in enumerate(changing, 1):
            tests.append(expr("RESULT[AT] is not NAME", RESULT=result, AT=at, NAME=name))
    searched = """
        if IS_OTHER:
            RESULT = MADE
            if FOUND is None: return None
    """
    parts: dict[str, Hole] = {"IS_OTHER": any_of(tests), "MADE": made, "FOUND": found()}
    region.reads.append(stmt(searched, RESULT=result, **parts))
    return found()
