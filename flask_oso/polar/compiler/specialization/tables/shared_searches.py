"""The tests of a search for several strings that share what they search for.

In go the strings; out come tests that make each search of a rule once, such as that for the roles
of a user, and the functions for these searches. ``kept_searches.py`` has an example.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from ....value_objects import Record
from ...passes.names import nodes_in
from ...snippets import code_of
from ..kept_searches import KeptSearch, KeptSearches, SearchKey
from ..regions import Region
from ..solution_functions import SolutionFunctions
from ..specialization import SpecializationWriter
from .drafts import Asked, Drafts
from .fused_tests import Test

#: Gives a text that is equal for statements that do the same.
CodeOf = Callable[[Sequence[ast.AST]], str]


class SharedTests(Record):
    """The tests of a search.

    :param checks: the checks of its arguments.
    :param tests: the tests, by what they do, with the strings that are found.
    :param searches: what they share.
    :param functions: the functions that they call, which are to be kept.
    """

    checks: list[ast.stmt]
    tests: list[Test]
    searches: list[KeptSearch]
    functions: list[SolutionFunctions]


def write_shared_tests(
    drafts: Drafts,
    key: SearchKey,
    texts: Sequence[tuple[str, ...]],
    within: frozenset[SearchKey],
    code_of_test: CodeOf,
) -> SharedTests | None:
    """Write the tests; ``None`` if no two strings need the same search.

    :param within: the searches that this one is a part of.
    :raises NotCompilable: if there are no such tests.
    """
    kept = KeptSearches(key, within)
    expanded = _expanded(drafts, kept, key, texts)
    if not within:
        again = kept.choose({text for text, (each, _) in expanded.items() if _is_alone(each.root)})
        if again is None:
            return None
        # What only one string needs is written into its test.
        expanded |= _expanded(drafts, kept, key, [each for each in texts if each[0] in again])
    checks: dict[str, ast.stmt] = {}
    written: dict[str, list[ast.stmt]] = {}
    for text, (writer, _) in expanded.items():
        checked, written[text] = writer.expanded_search()
        checks.update((code_of([check]), check) for check in checked)
    tests: dict[str, Test] = {}
    for alike in texts:
        if test := written[alike[0]]:
            tests.setdefault(code_of_test(test), (test, []))[1].extend(alike)
    nodes = (each for test, _ in tests.values() for each in nodes_in(test))
    names = {each.id for each in nodes if type(each) is ast.Name}
    called = [functions for _, functions in expanded.values()]
    return SharedTests([*checks.values()], [*tests.values()], kept.used(names), called)


def _expanded(
    drafts: Drafts, kept: KeptSearches, key: SearchKey, groups: Sequence[Sequence[str]]
) -> dict[str, tuple[SpecializationWriter, SolutionFunctions]]:
    """Write the clauses for the first string of each group."""
    made: dict[str, tuple[SpecializationWriter, SolutionFunctions]] = {}
    for text, *_ in groups:
        kept.begin(text)
        made[text] = drafts.written(Asked(text, key.classes), _with_clauses, kept=kept)
    return made


def _is_alone(root: Region) -> bool:
    """Tell whether a test looks for one string that a search has found, and does nothing else."""
    if root.successes or root.loops or len(root.items) != 1:
        return False
    (inner,) = root.items
    return bool(inner.successes) and not (inner.items or inner.loops)


def _with_clauses(writer: SpecializationWriter) -> SpecializationWriter:
    writer.expand()
    return writer
