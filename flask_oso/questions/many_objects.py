"""Questions about many objects at once: what they have in common, and what is loaded for them.

In go the arguments of a question with one object; out come the relations of mapped rows that the
rules will read, loaded for all objects in a few statements. The questions themselves are in
``Oso``.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..polar.host.terms import Variable

if t.TYPE_CHECKING:
    from ..polar.engine import Engine
    from ..polar.tools.relations_read import RelationsRead

_T = t.TypeVar("_T")


class ManyAsked(t.NamedTuple):
    """A question about many objects: the method, the rule, what is asked for, classes before."""

    method: str
    rule: str
    at: int
    kinds: tuple[type, ...]


def listed(objects: Iterable[_T], method: str) -> list[_T]:
    """Give the objects that a method was given.

    :raises TypeError: it was given one, or a text, such as the action.
    """
    try:
        found = None if isinstance(objects, str) else iter(objects)
    except TypeError:
        found = None
    if found is not None:
        return [*found]
    what = f"one {type(objects).__name__!r}."
    if isinstance(objects, type):
        what = f"the class {objects.__name__!r}. 'authorized_query' selects the rows of a class."
    raise TypeError(f"{method!r} takes several objects, as in a list, and not {what}")


@contextlib.contextmanager
def noting(method: str, current: Callable[[], tuple[int, t.Any]]) -> Iterator[None]:
    """Add to an error which of many objects it is about."""
    try:
        yield
    except Exception as error:
        # It is raised again, whatever it is.
        at, asked = current()
        error.add_note(f"In '{method}': object {at}, of {type(asked).__name__!r}.")
        raise


def load_relations(
    engine: Engine,
    rule: str,
    question: Callable[[t.Any], tuple[t.Any, ...]],
    objects: Sequence[t.Any],
) -> bool:
    """Load the relations that questions will read of an actor and of several resources.

    :param question: gives the arguments for an object, the actor first.
    :return: whether there may have been some.
    """
    rows = engine.host.identities
    if rows is None or len(objects) < 2:
        return False
    relations: RelationsRead | None = engine.relations_read
    if relations is None:
        from ..polar.tools.relations_read import RelationsRead

        relations = engine.relations_read = RelationsRead(engine)
    questions = [question(each) for each in {type(each): each for each in objects}.values()]
    actor = questions[0][0]
    kinds = tuple(tuple(map(_kind, args[1:])) for args in questions)
    read = relations.together(rule, _kind(actor), kinds)
    rows.load_relations(actor, objects, read)
    return read.are_some


def _kind(arg: t.Any) -> t.Any:
    """Give what is known of an argument before it is asked about: its class, or the text itself."""
    if type(arg) is Variable:
        return None
    return arg if type(arg) is str else type(arg)
