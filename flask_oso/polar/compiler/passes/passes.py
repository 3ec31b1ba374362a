"""The passes over what is read and tested, in order."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from .constants import join_alike
from .exclusion import ask_one_class
from .flags import replace_flags
from .hoisting import hoist
from .indexing import index
from .shortening import has_loops, look_up_once, shorten_counts, shorten_names, unpack_pairs
from .unswitching import unswitch


def improve(
    statements: list[ast.stmt],
    fresh: Callable[[str], str],
    lists: Mapping[str, str],
) -> bool:
    """Change the statements of a function for the better; tell whether they count steps yet.

    :param fresh: gives names.
    :param lists: as for ``index``.
    """
    join_alike(statements)
    ask_one_class(statements)
    if not has_loops(statements):
        replace_flags(statements)
        shorten_names(statements)
        look_up_once(statements)
        return False
    index(statements, fresh, lists)
    replace_flags(statements)
    shorten_names(statements)
    unswitch(statements, fresh)
    hoist(statements, fresh)
    unpack_pairs(statements)
    return shorten_counts(statements)
