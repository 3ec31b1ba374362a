"""The shapes of the benchmarks: their answers, and that compiled code gives them.

How fast anything is does not matter here.
"""

from __future__ import annotations

import typing as t

import pytest

from benchmarks.shapes.catalog import all_shapes, named
from benchmarks.shapes.measuring import check_answers
from benchmarks.shapes.shape import Shape, World
from flask_oso import Oso
from flask_oso.polar.compiler.specialization.tables.first_answers import MAX_FIRST_ANSWERS
from flask_oso.polar.solver.solver import Solver
from tests.support.sizes import IS_FULL

pytestmark = pytest.mark.usefixtures("compiling", "without_allow")

SHAPES = {shape.name: shape for shape in all_shapes()}
#: With more rules than this, compiling all of them takes too long for a test.
LARGEST = 100
#: Their rules are compiled for plain data alone: for other objects the solver answers. Or one has a
#: list in its head, and is compiled where a variable becomes that.
FOR_PLAIN_DATA = {
    "each part of a list, of a class that is not registered",
    "the sum of a list, `[first, *rest]`",
    "the sum of an attribute, `[first, *rest]`",
    "a helper that commits to a value, in one rule among others",
    "a dictionary in one rule among others",
    "parts of two lists, `[user.id, doc.kind] = [doc.owner, …]`",
    "a dictionary that is made, `c = {id: user.id}`",
    "a dictionary for a helper",
    "a pair that a helper gives",
    "a level that a helper gives, the first that holds",
    "`authorized_fields`, lists of 5 and 40, a role by a method",
    "`[role, [org, _]] in user.roles`",
    "`{role: role, org: org} in user.roles`, compared behind",
    "`{role: role, at: {org: org}} in user.roles`",
    "a head that takes a dictionary apart, for each of a list",
    "a dictionary as resource, `{kind: …, org: org}` in a head",
    "`[user.id, {role: role, by: _}] in doc.grants`",
}


class SolverCount:
    """Counts solvers that answer something; one that only looks at the clock does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._made: list[Solver] = []
        made, initialize, check_time = self._made, Solver.__init__, Solver.check_time

        def noted_init(solver: Solver, *args: t.Any) -> None:
            made.append(solver)
            initialize(solver, *args)

        def noted_check_time(solver: Solver, *args: t.Any) -> None:
            made.remove(solver)
            check_time(solver, *args)

        monkeypatch.setattr(Solver, "__init__", noted_init)
        monkeypatch.setattr(Solver, "check_time", noted_check_time)

    def __len__(self) -> int:
        return len(self._made)


def count_solvers(monkeypatch: pytest.MonkeyPatch, world: World, oso: Oso) -> int:
    """Count the solvers that answer the questions once all functions are there."""
    decide = world.decide(oso)
    # In a large policy, compiled rules answer the first questions.
    for _ in range(MAX_FIRST_ANSWERS + 2):
        answers = [decide(*question) for question in world.questions]
    with monkeypatch.context() as patch:
        count = SolverCount(patch)
        assert [decide(*question) for question in world.questions] == answers
    return len(count)


def needs_solver(monkeypatch: pytest.MonkeyPatch, shape: Shape, size: int) -> bool:
    """Tell whether the solver answers a question, or a part of it."""
    world = shape.make(size)
    oso = world.oso()
    is_left = bool(oso.left_to_solver()) != (shape.name in FOR_PLAIN_DATA)
    return is_left or count_solvers(monkeypatch, world, oso) > 0


def sizes_of(name: str) -> list[int]:
    """Give the small size, and where all is looked at the large one that compiles in seconds."""
    small, *large = SHAPES[name].sizes
    return [small, *(size for size in large if size <= LARGEST and IS_FULL)]


@pytest.mark.each(4)
@pytest.mark.parametrize("name", SHAPES)
def test_answers_are_those_of_the_solver_and_by_hand(name: str) -> None:
    """What is timed answers the question, and both allows and denies."""
    shape = SHAPES[name]

    check_answers(shape.make(shape.sizes[0]), with_solver=True)


@pytest.mark.each(4, 2)
@pytest.mark.parametrize("name", [*SHAPES])
def test_shape_is_answered_by_compiled_code(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No rule is left to the solver, and none is made for a comparison or a call."""
    found = {size: needs_solver(monkeypatch, SHAPES[name], size) for size in sizes_of(name)}

    assert found == dict.fromkeys(found, False)


def test_names_are_different() -> None:
    """``--only`` and results of two runs go by the name."""
    assert len(SHAPES) == len(all_shapes())


def test_there_are_sixty_shapes_at_least() -> None:
    """A table of few shapes would have shown no cliff."""
    assert len(SHAPES) >= 60


def test_words_choose_shapes_by_name() -> None:
    """One of the words is enough, upper case or lower."""
    assert {shape.name for shape in named("DECIMAL `<, cut")} == {
        "decimal `<`",
        "decimal `<` a number of the policy",
        "rows: decimal `<`",
        "deny by `cut`",
    }


def test_solver_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Oso that does not compile shows that the count can fail."""
    world = SHAPES["`forall`"].make(3)

    assert count_solvers(monkeypatch, world, world.oso(compiled=False)) == len(world.questions)


def test_disagreement_is_told() -> None:
    """Nothing is timed whose answer is wrong."""
    right = SHAPES["`forall`"].make(3)
    wrong = World(right.policy, right.classes, right.questions[::-1], lambda *_: True)

    with pytest.raises(Exception, match="All answers are True"):
        check_answers(wrong, with_solver=False)


def test_shape_is_data() -> None:
    """Worlds of a shape share nothing: each has objects of its own."""
    shape: Shape = SHAPES["folders"]

    first, second = shape.make(3), shape.make(3)

    assert first.questions[0][2] is not second.questions[0][2]
