"""``POLAR_LOG`` prints what a run does, and changes nothing of it."""

from __future__ import annotations

import pytest

from flask_oso.polar import Polar
from flask_oso.polar.exceptions import PolarRuntimeError
from flask_oso.polar.output import BANNER, LogLevel, LogSettings, parse_log_settings
from tests.support.cases import Case, read_cases, run_case
from tests.support.models.world import make_oso

POLICY = """\
f(x, y) if x in [1, 2] and g(x, z) and y = z + 1;
g(1, 10);
g(2, 20);
h(dog: Dog) if not g(dog.age, _);
"""


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")


def trace(monkeypatch: pytest.MonkeyPatch, setting: str, query: str) -> None:
    """Ask a query of a policy loaded before the setting is made."""
    monkeypatch.delenv("POLAR_LOG", raising=False)
    oso = make_oso()
    oso.load_str(POLICY)
    monkeypatch.setenv("POLAR_LOG", setting)
    list(oso.query(query, accept_expression=True))


@pytest.mark.parametrize(
    ("text", "level", "is_immediate"),
    [
        ("info", LogLevel.INFO, False),
        ("INFO", LogLevel.INFO, False),
        ("debug", LogLevel.INFO, False),
        ("anything", LogLevel.INFO, False),
        ("trace", LogLevel.TRACE, False),
        ("info,trace", LogLevel.TRACE, False),
        ("Trace, Now", LogLevel.TRACE, True),
        ("now", LogLevel.INFO, True),
        ("trace,off", LogLevel.OFF, False),
        ("0,trace", LogLevel.OFF, False),
        ("now,off", LogLevel.OFF, True),
        ("", LogLevel.OFF, False),
    ],
)
def test_setting_gives_a_level(text: str, level: LogLevel, is_immediate: bool) -> None:
    """``off`` wins, then ``trace``; anything else means ``info``."""
    assert parse_log_settings(text) == LogSettings(level, is_immediate)


@pytest.mark.parametrize("setting", ["info", "trace", "now", "yes", "", "OFF", "off,info"])
def test_new_oso_says_that_it_traces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    """An Oso that is made says that tracing was asked for, in oso's words."""
    monkeypatch.setenv("POLAR_LOG", setting)

    Polar()

    assert capsys.readouterr().out == BANNER + "\n"


@pytest.mark.parametrize("setting", ["0", "off"])
def test_no_banner(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    """Switched off is silent."""
    monkeypatch.setenv("POLAR_LOG", setting)

    Polar()

    assert capsys.readouterr().out == ""


def test_info_prints_calls_and_results(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Calls with their values, the rules that apply, the rules tried, the result."""
    trace(monkeypatch, "info", "f(1, y)")

    assert (
        capsys.readouterr().out
        == """\
[oso][info]   QUERY RULE: f(1, y)
[oso][info]     APPLICABLE_RULES:
[oso][info]       f(x, y) at line 1, column 1
[oso][info]     RULE: f(x, y) if x in [1, 2] and g(x, z) and y = _op_1 and z + 1 = _op_1;
[oso][info]       QUERY RULE: g(1, z)
[oso][info]         APPLICABLE_RULES:
[oso][info]           g(1, 10) at line 2, column 1
[oso][info]         RULE: g(1, 10);
[oso][info]   RESULT: {
[oso][info]     y: 11
[oso][info]   }
"""
    )


@pytest.mark.parametrize(
    ("query", "last"),
    [
        ("f(1, 11)", "[oso][info]   RESULT: SUCCESS"),
        ("g(3, _)", "[oso][info]     No matching rules found"),
        ("g(1)", "[oso][info]     No matching rules found"),
        ("x > 2 and x < 5", "[oso][info]     x: _this > 2 and _this < 5\n[oso][info]   }"),
        ("x = rex", "Dog object at "),
        ("x = [1, {a: y}]", "[oso][info]     x: [1, {a: y}]"),
    ],
)
def test_end_of_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], query: str, last: str
) -> None:
    """Results are printed in Polar, objects with their text; nothing found says so."""
    trace(monkeypatch, "info", query)

    assert last in capsys.readouterr().out


def test_places_name_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    """A rule of a file is found by its name."""
    path = f"{tmp_path}/page.polar"
    with open(path, "w", encoding="utf-8") as file:
        file.write("f(1);")
    polar = Polar()
    polar.load_files([path])
    monkeypatch.setenv("POLAR_LOG", "info")

    list(polar.query("f(1)"))

    assert f"      f(1) at line 1, column 1 of file {path}\n" in capsys.readouterr().out


def test_full_trace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every goal under the names of its variables, every binding, every way back."""
    trace(monkeypatch, "trace", "g(x, y) and y > 15")

    assert (
        capsys.readouterr().out
        == """\
[oso][trace]   Query(g(x, y) and y > 15)
[oso][trace]   QUERY: g(x, y) and y > 15, BINDINGS: {}
[oso][trace]     Query(g(x, y))
[oso][info]     QUERY RULE: g(x, y), BINDINGS: {}
[oso][info]       APPLICABLE_RULES:
[oso][info]         g(1, 10) at line 2, column 1
[oso][info]         g(2, 20) at line 3, column 1
[oso][info]       RULE: g(1, 10);
[oso][trace]       Unify(x, 1)
[oso][trace]       ⇒ bind: x ← 1
[oso][trace]       Unify(y, 10)
[oso][trace]       ⇒ bind: y ← 10
[oso][trace]     Query(y > 15)
[oso][trace]     QUERY: y > 15, BINDINGS: {y => 10}
[oso][trace]       BACKTRACK
[oso][info]       RULE: g(2, 20);
[oso][trace]       Unify(x, 2)
[oso][trace]       ⇒ bind: x ← 2
[oso][trace]       Unify(y, 20)
[oso][trace]       ⇒ bind: y ← 20
[oso][trace]     Query(y > 15)
[oso][trace]     QUERY: y > 15, BINDINGS: {y => 20}
[oso][info]   RESULT: {
[oso][info]     x: 2
[oso][info]     y: 20
[oso][info]   }
[oso][trace]       BACKTRACK
[oso][trace]       HALT
"""
    )


def test_full_trace_shows_what_python_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Attributes and methods are printed with what came of them."""
    trace(monkeypatch, "trace", 'x = rex.name and y = "a".upper() and rex matches Animal')

    lines = [line.split("] ")[1].strip() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line.startswith(("=> ", "CALL"))] == [
        '=> "rex"',
        'CALL: "a".upper()',
        '=> "A"',
    ]
    assert any(line.startswith("LOOKUP: ") and line.endswith("`Dog`.name") for line in lines)
    assert any(line.endswith("TYPE `Dog` matches Animal{}") for line in lines)


def test_now_prints_on_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of the trace goes to standard output then."""
    trace(monkeypatch, "now", "g(1, 10)")

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("[oso][info]   QUERY RULE: g(1, 10)\n")


@pytest.mark.parametrize("setting", ["", "0", "off", "info,off"])
def test_off_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    """Switched off, a query prints nothing."""
    trace(monkeypatch, setting, "g(1, 10)")

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("setting", "out", "err"),
    [(None, '"hi", 1, {a: 2}\n', ""), ("now,off", "", '"hi", 1, {a: 2}\n')],
)
def test_print_goes_the_way_of_the_trace(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    setting: str | None,
    out: str,
    err: str,
) -> None:
    """What a policy prints goes the way of the trace."""
    monkeypatch.setenv("POLAR_LOG", setting or "off")

    list(Polar().query('print("hi", 1, {a: 2})'))

    assert capsys.readouterr() == ((out, err) if setting is None else (f"{BANNER}\n{out}", err))


def test_error_ends_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line says what went wrong."""
    with pytest.raises(PolarRuntimeError):
        trace(monkeypatch, "info", "nothing(1)")

    assert capsys.readouterr().out == (
        "[oso][info]   QUERY RULE: nothing(1)\n"
        "[oso][info]   ERROR: PolarRuntimeError: Query for undefined rule `nothing`\n"
    )


def test_decision_is_traced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A decision is traced as a query is."""
    oso = make_oso()
    oso.load_str("allow(_, _, _);")
    monkeypatch.setenv("POLAR_LOG", "info")

    assert oso.is_allowed("ana", "read", "page")
    assert '  QUERY RULE: allow("ana", "read", "page")\n' in capsys.readouterr().out


def test_setting_is_read_when_a_query_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change takes effect with the next query."""
    polar = Polar()
    polar.load_str("f(1); f(2);")
    started = polar.query("f(x)")
    next(started)
    monkeypatch.setenv("POLAR_LOG", "info")

    assert list(started) == [{"bindings": {"x": 2}, "trace": None}]
    assert capsys.readouterr().out == ""


def test_deep_goals_are_indented_no_further(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trace of deep recursion does not grow with the square of its depth."""
    polar = Polar()
    polar.load_str("f(0); f(n) if n > 0 and f(n - 1);")
    monkeypatch.setenv("POLAR_LOG", "info")

    list(polar.query("f(60)"))

    assert "]" + " " * 81 + "QUERY RULE: f(0)\n" in capsys.readouterr().out


def test_term_inside_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What has no end is not printed to its end."""
    trace(monkeypatch, "trace", "x = [x] and y = 1")

    assert "BINDINGS: {}" in capsys.readouterr().out


@pytest.mark.each(4, 1)
@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_case_gives_the_same_when_traced(monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    """A run that is watched gives what the same run gives alone."""
    monkeypatch.setenv("POLAR_LOG", "trace,now")

    results, error = run_case(case)

    assert results == case.results
    assert (type(error).__name__ if error else None) == case.error, error
    assert case.error_text in str(error)
