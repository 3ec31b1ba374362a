"""A function that has looked at a whole list may have a loop answer for all of it.

In go the statements of the function; out comes where it has looked at the list that it is given::

    if not type(a) is list: return None;  v = [*a];  if not is_plain_data(v): return None
        =>  behind the last one, ``v``
"""

from __future__ import annotations

import ast

from ...snippets import code_of, is_type, negate, unpacked
from ..names import only_gives_up, written_name


def list_looked_at(statements: list[ast.stmt], name: str) -> tuple[int, str] | None:
    """Return where a function has looked at a list that it is given, and the name of its copy.

    ``None`` if it does anything else before, or takes other values, too.
    """
    is_other = code_of([negate(is_type(name, "list"))])
    for at, statement in enumerate(statements[:-2]):
        asked = statement.test if type(statement) is ast.If else ast.Constant(True)
        if only_gives_up(statement) and code_of([asked]) == is_other:
            made, check = statements[at + 1 : at + 3]
            is_copy = code_of([getattr(made, "value", ast.Pass())]) == code_of([unpacked(name)])
            copy = written_name(made)
            return (at + 3, copy) if is_copy and copy and only_gives_up(check) else None
        is_start = isinstance(getattr(statement, "value", None), (ast.Constant, ast.List))
        if not only_gives_up(statement) and not (written_name(statement) and is_start):
            return None
    return None
