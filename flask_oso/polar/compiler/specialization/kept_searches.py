"""What several strings ask of the same values is searched for once, as the roles of a user.

In go the questions that the tests of a search come to, each about a string of the policy; out come
functions that search for all such strings of a rule, and names for what they find. With ::

    has_permission(user, "edit", doc) if has_role(user, "writer", doc) and not doc.locked;
    has_permission(user, "share", doc) if has_role(user, "writer", doc) and doc.public;

the roles of the user are looked for where the first action needs one, and kept for all others.
"""

from __future__ import annotations

import ast
import typing as t
from collections.abc import Sequence

from ...nodes import Value
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
    :param within: the searches that the function is a part of.
    """

    def __init__(self, own: SearchKey, within: frozenset[SearchKey]) -> None:
        self.within = within | {own}
        #: Those that are kept, once that is known.
        self._chosen: set[t.Any] | None = None
        self._searches: dict[t.Any, KeptSearch] = {}
        #: The string whose test is written.
        self._text = ""

    def begin(self, text: str) -> None:
        """Note for which string the next test is written."""
        self._text = text

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
        text = t.cast(Value, args[at].literal).value
        search.texts.setdefault(str(text), set()).add(self._text)
        return search


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
