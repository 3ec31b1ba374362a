"""Tables of who may do what, as tests write them: read, compared with a policy, and shown.

In goes a text or rows; out come the cells whose answer is another one than expected. An error
of the policy is an answer that nobody expects. A cell that was denied as expected, and that no
policy like this could allow, is a mistake of the table: it would prove nothing.
"""

from __future__ import annotations

import dataclasses
import enum
import reprlib
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..oso import Oso
from ..polar.output import in_columns
from ..polar.spelling import nearest
from ..request_state import unwrap
from .vain_questions import find_mistake

Row: t.TypeAlias = tuple[t.Any, t.Any, t.Any, bool]
Rows: t.TypeAlias = "Iterable[Row] | Mapping[tuple[t.Any, t.Any, t.Any], bool]"

_EXPECTED = {"yes": True, "no": False}
_HEADINGS = ("actor", "action", "resource", "expected", "got")
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def short(value: t.Any) -> str:
    """Give the ``repr`` of a value, or the ends of it if it is long."""
    return _SHORT.repr(value)


class Answer(enum.Enum):
    """What came of a question."""

    ALLOWED = "allowed"
    DENIED = "denied"
    ERROR = "error"


@dataclasses.dataclass(frozen=True, eq=False)
class Cell:
    """One question of a table, and the answer that is expected."""

    actor: t.Any
    action: t.Any
    resource: t.Any
    expected: bool
    #: What the table calls actor, action and resource.
    names: tuple[str, str, str]

    @classmethod
    def of(cls, actor: t.Any, action: t.Any, resource: t.Any, *, expected: bool) -> Cell:
        """Make a cell that calls things by their ``repr``."""
        names = (short(actor), _action_name(action), short(resource))
        return cls(actor, action, resource, expected, names)


@dataclasses.dataclass(frozen=True, eq=False)
class WrongCell:
    """A cell whose answer is not the one expected."""

    cell: Cell
    got: Answer
    error: Exception | None = None


def read_table(
    text: str, actors: Mapping[str, t.Any], resources: Mapping[str, t.Any]
) -> list[Cell]:
    """Read a text: a line of headings, ``actor resource`` and actions, and a line for each pair.

    Words are apart by blanks or ``|``; lines of ``-`` and what follows a ``#`` is left out.
    """
    _check_names(text, {"actors": actors, "resources": resources})
    heading, *lines = _lines(text) or [[]]
    if heading[:2] != ["actor", "resource"] or not heading[2:] or not lines:
        raise ValueError(
            "The table has no cells. Begin it with a line 'actor resource ACTION ...', and add"
            " a line for each actor and resource, with 'yes' or 'no' for each action."
        )
    return [cell for words in lines for cell in _read_line(words, heading[2:], actors, resources)]


def read_rows(rows: Rows) -> list[Cell]:
    """Read rows ``(actor, action, resource, expected)``, or a mapping with such keys."""
    if isinstance(rows, Mapping):
        rows = [(*question, expected) for question, expected in rows.items()]
    cells = [_read_row(row) for row in rows]
    if not cells:
        raise ValueError("The table has no cells. Add '(actor, action, resource, expected)'.")
    return cells


class MistakenTestError(ValueError, AssertionError):
    """A test that would pass, or fail, whatever the policy says."""


def ask_cell(oso: Oso, cell: Cell) -> bool:
    """Ask the policy a question.

    :raises MistakenTestError: the answer is no ``bool``, or a denial that was expected would
        come from any policy like this.
    """
    __tracebackhide__ = True
    answer = oso.is_allowed(cell.actor, cell.action, cell.resource)
    if type(answer) is not bool:
        raise MistakenTestError(
            f"{type(oso).__name__!r} answered {short(answer)}, which is neither True nor False."
            " Let its 'is_allowed' give what that of 'Oso' gives."
        )
    mistake = None
    if not answer and not cell.expected:
        mistake = find_mistake(oso, cell.actor, cell.action, cell.resource, short)
    if mistake is not None:
        raise MistakenTestError(mistake)
    return answer


def find_wrong_cells(oso: Oso, cells: Iterable[Cell]) -> list[WrongCell]:
    """Ask the policy all questions of a table; give those with another answer than expected.

    :raises MistakenTestError: a question is none that tells anything.
    """
    __tracebackhide__ = True
    asked = [_ask(oso, cell) for cell in cells]
    return [each for each in asked if each.got is not _wanted(each.cell)]


def show_cells(wrong: Sequence[WrongCell]) -> str:
    """Print cells as a table."""
    rows = [
        _HEADINGS,
        *((*each.cell.names, _wanted(each.cell).value, each.got.value) for each in wrong),
    ]
    return "\n".join(f"  {line}" for line in in_columns(rows))


def _ask(oso: Oso, cell: Cell) -> WrongCell:
    __tracebackhide__ = True
    try:
        is_allowed = ask_cell(oso, cell)
    except MistakenTestError as mistake:
        raise MistakenTestError(f"{_called(cell)}: {mistake}") from None
    # It is shown as what it is; a test with it fails whatever it expects.
    except Exception as error:
        return WrongCell(cell, Answer.ERROR, error)
    return WrongCell(cell, Answer.ALLOWED if is_allowed else Answer.DENIED)


def _called(cell: Cell) -> str:
    actor, action, resource = cell.names
    return f"In the cell of the actor {actor}, the action {action} and the resource {resource}"


def _wanted(cell: Cell) -> Answer:
    return Answer.ALLOWED if cell.expected else Answer.DENIED


def _lines(text: str) -> list[list[str]]:
    """Give the words of the lines that have some."""
    split = (line.partition("#")[0].replace("|", " ").split() for line in text.splitlines())
    return [words for words in split if "".join(words).strip("-+:=")]


def _check_names(text: str, named: Mapping[str, Mapping[str, t.Any]]) -> None:
    """Refuse names that the text has and that are no words of it, such as one of a comment."""
    for where, known in named.items():
        for name in known:
            if "#" in name and name in text:
                raise ValueError(
                    f"The name {name!r} in {where!r} has a '#' in it, with which a comment begins,"
                    " so that its rows would not be read. Give it another name."
                )


def _read_line(
    words: list[str],
    actions: list[str],
    actors: Mapping[str, t.Any],
    resources: Mapping[str, t.Any],
) -> list[Cell]:
    line = " ".join(words)
    if len(words) != len(actions) + 2:
        raise ValueError(
            f"The line {line!r} has {len(words)} words. Write an actor, a resource, and 'yes' or"
            f" 'no' for each of {', '.join(map(repr, actions))}."
        )
    actor = _meant(words[0], "actor", actors)
    resource = _meant(words[1], "resource", resources)
    return [
        Cell(actor, action, resource, _expected(word, line), (words[0], action, words[1]))
        for action, word in zip(actions, words[2:], strict=True)
    ]


def _meant(name: str, kind: str, known: Mapping[str, t.Any]) -> t.Any:
    if name in known:
        return unwrap(known[name])
    near = nearest(name, sorted(known))
    meant = f"Did you mean {near!r}?" if near else f"Add it to '{kind}s'."
    raise ValueError(f"The table names the {kind} {name!r}, which is not in '{kind}s'. {meant}")


def _expected(word: str, line: str) -> bool:
    if word not in _EXPECTED:
        raise ValueError(f"The line {line!r} has {word!r} for an answer. Write 'yes' or 'no'.")
    return _EXPECTED[word]


def _read_row(row: t.Any) -> Cell:
    try:
        actor, action, resource, expected = row
    except (TypeError, ValueError):
        raise ValueError(
            f"The row {short(row)} is not '(actor, action, resource, expected)'."
        ) from None
    if not isinstance(expected, bool):
        raise ValueError(f"The answer {expected!r} is neither True nor False.")
    return Cell.of(unwrap(actor), action, unwrap(resource), expected=expected)


def _action_name(action: t.Any) -> str:
    return action if type(action) is str else short(action)
