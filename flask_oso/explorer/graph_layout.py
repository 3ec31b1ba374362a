"""Where the graph of blocks is drawn: boxes of blocks, terms in them, lines between them.

In go terms and grants; out come coordinates for an SVG, in pixels. Blocks stand below each other,
those that give before those that are given. In a block roles are steps of stairs, as far to the
right as there are roles that give them, and permissions are the column after the last of them.
"""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .block_graph import BlockGraph, BlockTerm, Grant

_WIDTH, _HEIGHT = 150, 34
_COLUMN, _ROW = 210, 48
_PAD, _HEAD, _GAP = 22, 40, 54
_MARGIN = 16
#: The width of the lanes before the permissions, and of one of them.
_LANES, _LANE = 70, 9
_TURN, _ROUND = 64, 10
#: How many characters of a name fit into a term.
_FITTING = 18


@dataclasses.dataclass(frozen=True)
class DrawnTerm:
    """A term at a place."""

    term: BlockTerm
    label: str
    x: int
    y: int
    width: int = _WIDTH
    height: int = _HEIGHT

    @property
    def middle(self) -> int:
        """Half way down."""
        return self.y + self.height // 2

    @property
    def right(self) -> int:
        """Where lines begin."""
        return self.x + self.width


@dataclasses.dataclass(frozen=True)
class DrawnBlock:
    """The box of a block."""

    name: str
    x: int
    y: int
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class DrawnGrant:
    """The line of a grant."""

    grant: Grant
    path: str


@dataclasses.dataclass(frozen=True)
class Drawing:
    """All of a graph, and how large it is."""

    width: int
    height: int
    blocks: list[DrawnBlock]
    terms: list[DrawnTerm]
    grants: list[DrawnGrant]


def draw(graph: BlockGraph) -> Drawing:
    """Lay a graph out."""
    columns = _columns(graph)
    last = max(columns.values(), default=0)
    width = 2 * _PAD + last * _COLUMN + _WIDTH + _LANES
    blocks: list[DrawnBlock] = []
    terms: list[DrawnTerm] = []
    y = _MARGIN
    for name in _ordered(graph):
        placed = _place(graph.blocks[name], columns, y + _HEAD)
        height = max(each.y for each in placed) + _HEIGHT + _PAD - y
        blocks.append(DrawnBlock(name, _MARGIN, y, width, height))
        terms += placed
        y += height + _GAP
    places = {each.term: each for each in terms}
    lanes = _lanes(graph, _MARGIN + _PAD + last * _COLUMN + _LANES)
    lines = [
        _line(each, places[each.giver], places[each.given], lanes.get(each.giver, 0))
        for each in graph.grants
    ]
    return Drawing(width + 2 * _MARGIN, y - _GAP + _MARGIN, blocks, terms, lines)


def _columns(graph: BlockGraph) -> dict[BlockTerm, int]:
    """Give the column of each term: after those of its block that give it."""
    columns = {term: 0 for terms in graph.blocks.values() for term in terms}
    inner = [each for each in graph.grants if each.giver.block == each.given.block]
    # No more rounds than terms: roles may give each other in a ring.
    for _ in columns:
        moved = {
            each.given: columns[each.giver] + 1
            for each in inner
            if each.given.kind != "permission" and columns[each.given] <= columns[each.giver]
        }
        if not moved or max(moved.values()) >= len(columns):
            break
        columns |= moved
    after = 1 + max((at for term, at in columns.items() if term.kind != "permission"), default=-1)
    return {term: after if term.kind == "permission" else at for term, at in columns.items()}


def _lanes(graph: BlockGraph, left: int) -> dict[BlockTerm, int]:
    """Give each term that gives to another block a lane, to the left of the permissions."""
    across = [each.giver for each in graph.grants if each.giver.block != each.given.block]
    most = (_LANES + _COLUMN - _WIDTH - 2 * _ROUND) // _LANE
    return {
        giver: left - 2 * _ROUND - (at % most) * _LANE
        for at, giver in enumerate(dict.fromkeys(across))
    }


def _ordered(graph: BlockGraph) -> list[str]:
    """Give the blocks, each after those that give to it, as far as that is possible."""
    givers = {name: set[str]() for name in graph.blocks}
    for each in graph.grants:
        if each.giver.block != each.given.block:
            givers[each.given.block].add(each.giver.block)
    ordered: list[str] = []
    while len(ordered) < len(givers):
        waiting = [name for name in givers if name not in ordered]
        ready = [name for name in waiting if givers[name] <= {*ordered}]
        ordered.append((ready or waiting)[0])
    return ordered


def _place(terms: list[BlockTerm], columns: dict[BlockTerm, int], top: int) -> list[DrawnTerm]:
    """Place the terms of a block: each role in a row of its own, so that lines pass by."""
    givers = [term for term in terms if term.kind != "permission"]
    givers.sort(key=lambda term: columns[term])
    permissions = [term for term in terms if term.kind == "permission"]
    rows = [*enumerate(givers), *enumerate(permissions)]
    return [_placed(term, columns[term], top + row * _ROW) for row, term in rows]


def _placed(term: BlockTerm, column: int, y: int) -> DrawnTerm:
    x = _MARGIN + _PAD + column * _COLUMN + (_LANES if term.kind == "permission" else 0)
    is_long = len(term.name) > _FITTING
    label = f"{term.name[: _FITTING - 1]}…" if is_long else term.name
    return DrawnTerm(term, label, x, y)


def _line(grant: Grant, giver: DrawnTerm, given: DrawnTerm, lane: int) -> DrawnGrant:
    if giver.term.block != given.term.block:
        path = _down(giver, given) if giver.x == given.x else _by_lane(giver, given, lane)
    elif given.x > giver.x:
        path = _to_the_right(giver, given)
    else:
        path = _down(giver, given)
    return DrawnGrant(grant, path)


def _to_the_right(giver: DrawnTerm, given: DrawnTerm) -> str:
    """Go along the row of a term, and turn before the other one."""
    start, end, left = giver.middle, given.middle, given.x
    turn = left - _TURN
    return f"M{giver.right},{start} H{turn} C{turn + 24},{start} {left - 24},{end} {left},{end}"


def _by_lane(giver: DrawnTerm, given: DrawnTerm, lane: int) -> str:
    """Go along the row of a term to a lane, and up or down there to the row of the other one."""
    start, end = giver.middle + 7, given.middle
    sign = _ROUND if end > start else -_ROUND
    if given.x <= giver.right:
        lane = giver.right + 20
    x = lane if given.x > lane else given.x - 20
    return (
        f"M{giver.right},{start} H{x - _ROUND} Q{x},{start} {x},{start + sign}"
        f" V{end - sign} Q{x},{end} {x + _ROUND},{end} H{given.x}"
    )


def _down(giver: DrawnTerm, given: DrawnTerm) -> str:
    """Go from the bottom of a term to the top of another one, or up the other way."""
    x, to_x = giver.x + _WIDTH // 2, given.x + _WIDTH // 2
    y, to_y = giver.y + _HEIGHT, given.y
    if to_y < y:
        y, to_y = giver.y, given.y + _HEIGHT
    bend = (to_y - y) // 2
    return f"M{x},{y} C{x},{y + bend} {to_x},{to_y - bend} {to_x},{to_y}"
