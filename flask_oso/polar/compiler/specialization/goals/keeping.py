"""Questions about a string of the policy whose search is kept for other strings.

In go the call of a rule and its arguments; out comes the region where the search has found the
string.
"""

from __future__ import annotations

import ast
import typing as t

from ....nodes import Call
from ...binding_analysis import is_string
from ...scopes import Pending
from ...snippets import compared
from ..kept_searches import KeptSearch, KeptSearches, path_of, search_once
from ..regions import Fact, Known, Region, RuleCall
from ..value_tests import VALUES
from .operands import Operands

#: The region and the goals that follow, as of ``GoalStep.take``.
Following = tuple[Region, Pending] | None


def write_kept(
    step: Operands, kept: KeptSearches, called: Call, args: tuple[Known, ...]
) -> tuple[Following] | None:
    """Write a call by what a search has found; ``None`` if none is kept for it."""
    texts = [at for at, arg in enumerate(called.args) if is_string(arg)]
    if len(texts) != 1 or called.kwargs:
        return None
    (at,) = texts
    narrowed = step.patterns.of_one_class(step.region, called.name, args)
    if narrowed is None:
        return (None,)
    region, args = narrowed
    search = _search(step, kept, region, (called.name, args), at)
    if search is None:
        return None
    found = search_once(region, search, args)
    value = t.cast(t.Any, args[at].literal).value
    key: Fact = ("held", search.result, value, *(arg.key for arg in args))
    test = compared(ast.Constant(value), ast.In(), found)
    return ((step.guards.under(region, key, test, [], step.goal.span), step.rest),)


def _search(
    step: Operands, kept: KeptSearches, region: Region, node: RuleCall, at: int
) -> KeptSearch | None:
    """Return the search for the string, if the other arguments are objects of known classes."""
    name, args = node
    names = step.guards.names
    others = [arg for n, arg in enumerate(args) if n != at]
    if not others:
        # A rule about the string alone, such as a switch, searches nothing of the values.
        return None
    paths = tuple([path_of(region, arg) for arg in others])
    if None in paths or not all(
        arg.exact is not None
        and arg.exact not in VALUES
        and arg.literal is None
        and arg.constant is None
        and names.host.keeps(arg.exact)
        for arg in others
    ):
        return None
    return kept.search(name, at, args, paths)
