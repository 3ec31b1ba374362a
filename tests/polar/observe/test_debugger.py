"""The debugger stops where it shall, shows what is there, and goes on."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso.polar import Polar
from flask_oso.polar.observe.debugger import HELP
from tests.support.consoles import debug

POLICY = """\
allow(actor, action, resource) if
  x = 1 and
  role(actor, r) and
  debug() and
  grants(r, action, resource) and x < 5;

role("ana", "owner");
role("ana", "member");

grants("owner", _action, _resource);
grants("member", "read", resource) if
  resource in ["a", "b"];

broken(x) if debug() and x.foo = 1;
"""
STOP = """\
QUERY: debug(), BINDINGS: {}
"""
SOURCE = """\
001: allow(actor, action, resource) if
002:   x = 1 and
003:   role(actor, r) and
004:   debug() and
       ^
005:   grants(r, action, resource) and x < 5;
006:
007: role("ana", "owner");
"""
QUERY = 'allow("ana", "read", "a")'


class Quiet:
    """Has an attribute, and a text that says whose it is."""

    def __init__(self) -> None:
        self.name = "quiet"

    def __repr__(self) -> str:
        return "Quiet()"


class Loud:
    """Cannot be printed."""

    name = "loud"

    def __repr__(self) -> str:
        raise ValueError("No text.")


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")
    monkeypatch.delenv("POLAR_LOG", raising=False)


def load(text: str = POLICY) -> Polar:
    polar = Polar()
    polar.register_class(Quiet)
    polar.load_str(text)
    return polar


def after(command: str, query: str = QUERY, policy: str = POLICY) -> list[str]:
    """Give what is shown for a command at the first stop, until the run goes on."""
    return debug(load(policy), query, command)[3:]


def queries(shown: list[str]) -> list[str]:
    """Give the goals of all stops after the first."""
    return [text.split(", BINDINGS")[0] for text in shown if text.startswith("QUERY: ")][1:]


def test_stop_shows_goal_and_lines_around_it() -> None:
    """Three lines before and after, and a caret under the goal."""
    assert debug(load(), QUERY)[:2] == [STOP, SOURCE]


def test_end_of_input_goes_on() -> None:
    """Without commands a query has its results; each pass over debug() stops."""
    assert debug(load(), QUERY) == [STOP, SOURCE, "result {}"] * 2


@pytest.mark.parametrize("command", ["c", "continue", "q", "quit", "c;", "  c  "])
def test_continue_goes_on_to_the_next_debug(command: str) -> None:
    """The run goes on to the next debug()."""
    assert after(command)[:3] == ["result {}", STOP, SOURCE]


def test_debug_at_the_prompt_takes_arguments() -> None:
    """Arguments of ``debug()`` at the prompt are not shown."""
    assert debug(load(), "x = 1 and debug(x)", "query")[0] == STOP


@pytest.mark.parametrize("command", ["h", "help", "what", "?"])
def test_help_lists_the_commands(command: str) -> None:
    """Help, and anything that is no command, lists the commands."""
    assert after(command)[0] == HELP


def test_empty_line_repeats_the_last_command() -> None:
    """At first that is help."""
    shown = debug(load(), QUERY, "", "line", "")

    assert shown[3] == HELP
    assert shown[5] == shown[7] == "004:   debug() and\n       ^"


@pytest.mark.parametrize("command", ["s", "step", "into"])
def test_step_goes_into_rules(command: str) -> None:
    """A step goes to the next goal, then into the body of the rule it calls, part by part."""
    shown = debug(load(), QUERY, *[command] * 4)

    assert queries(shown)[:2] == [
        "QUERY: grants(_r_5, _action_2, _resource_3)",
        "QUERY: _x_4 < 5",
    ]


def test_step_enters_a_body() -> None:
    """A conjunction is a goal before its parts are."""
    policy = "f(x) if g(x) and x = 1; g(x) if x > 0;"

    shown = debug(load(policy), "debug() and f(1)", "s", "s", "s", "s")

    assert queries(shown) == [
        "QUERY: f(1)",
        "QUERY: g(_x_1) and _x_1 = 1",
        "QUERY: g(_x_1)",
        "QUERY: _x_2 > 0",
    ]


@pytest.mark.parametrize("command", ["n", "next", "over"])
def test_next_stays_on_the_level(command: str) -> None:
    """The body of the rule that is called goes by."""
    policy = "f(x) if g(x) and x = 1; g(x) if x > 0;"

    shown = debug(load(policy), "debug() and f(1) and true", command, command)

    assert queries(shown) == ["QUERY: f(1)", "QUERY: true"]


@pytest.mark.parametrize("command", ["o", "out"])
def test_out_leaves_the_rule(command: str) -> None:
    """What is left of the body goes by."""
    policy = "f(x) if debug() and x > 0 and x < 2;"

    shown = debug(load(policy), "f(1) and 1 = 1", command)

    assert queries(shown) == ["QUERY: 1 = 1"]


@pytest.mark.parametrize("command", ["r", "rule"])
def test_rule_shows_the_next_rule(command: str) -> None:
    """The rule as the engine has it, and where it stands."""
    shown = after(command)

    assert shown[0] == 'grants("owner", _action, _resource);'
    assert '010: grants("owner", _action, _resource);\n     ^' in shown[1]


@pytest.mark.parametrize("command", ["g", "goal"])
def test_goal_shows_what_the_engine_does(command: str) -> None:
    """The command 'goal' shows each step of the engine, down to single bindings."""
    shown = debug(load("f(x) if debug() and x = 1;"), "f(y)", command, command)

    assert [text for text in shown if text.startswith(("Unify", "⇒"))] == [
        "Unify(y, 1)",
        "⇒ bind: y ← 1",
    ]


@pytest.mark.parametrize("command", ["e", "error"])
def test_error_stops_where_it_occurs(command: str) -> None:
    """The goal, its lines, and the error, which is raised when the run goes on."""
    shown = debug(load(), "broken(1)", command)

    assert shown[3].startswith("QUERY: _x_1.foo = __value_1_2, BINDINGS: {_x_1 = 1")
    assert "014: broken(x) if debug() and x.foo = 1;\n" + " " * 30 + "^" in shown[4]
    assert shown[5].startswith("ERROR: trace (most recent evaluation last):\n")
    assert "'int' object has no attribute 'foo' at line 14, column 26:" in shown[5]
    assert shown[6:] == ["raised PolarRuntimeError"]


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("l", "004:   debug() and\n       ^"),
        (
            "line 1",
            "003:   role(actor, r) and\n004:   debug() and\n       ^\n"
            "005:   grants(r, action, resource) and x < 5;",
        ),
        ("line x", "004:   debug() and\n       ^"),
        ("query", "QUERY: debug(), BINDINGS: {}"),
        ("query 0", "QUERY: debug(), BINDINGS: {}"),
        ("query 2", 'QUERY: allow("ana", "read", "a"), BINDINGS: {}'),
        ("query 9", "Error: level is out of range"),
        ("goals", "Query(grants(_r_5, _action_2, _resource_3) and _x_4 < 5)"),
        ("var x", "x@_x_4 = 1"),
        ("var _x_4", "_x_4 = 1"),
        ("var nobody", "nobody = <unbound>"),
        ("var actor r", 'actor@_actor_1 = "ana"\nr@_r_5 = "owner"'),
        ("var", "actor@_actor_1, action@_action_2, resource@_resource_3, x@_x_4, r@_r_5"),
    ],
)
def test_look_around(command: str, text: str) -> None:
    """Each command shows one thing and does not go on."""
    assert after(command)[0] == text


def test_query_shows_the_variables_of_a_level() -> None:
    """Under the names they have in the run, each with its value."""
    shown = after("query 1")[0]

    assert shown.endswith(
        '{_x_4 = 1, _actor_1 = "ana", _r_5 = "owner", _action_2 = "read", _resource_3 = "a"}'
    )


@pytest.mark.parametrize("command", ["stack", "trace"])
def test_stack_has_the_layout_of_an_error(command: str) -> None:
    """The goals from the query to the place at hand."""
    shown = after(command)[0]

    assert shown.startswith("trace (most recent evaluation last):\n  002: allow(")
    assert shown.endswith("  000: debug()\n    in rule allow at line 4, column 3\n")


def test_bindings_has_constants_and_variables() -> None:
    """The registered names first, then those of the query and of the rules."""
    lines = debug(load(), "y = 2 and " + QUERY, "bindings")[3].split("\n")

    assert "Integer = <class 'int'> TYPE `UNKNOWN`" in lines
    assert lines[-6:] == [
        "y = 2",
        '_actor_1 = "ana"',
        '_action_2 = "read"',
        '_resource_3 = "a"',
        "_x_4 = 1",
        '_r_5 = "owner"',
    ]


def test_variables_of_a_query() -> None:
    """Variables of a query have one name, and an alias shows whose it is."""
    shown = debug(load(), "x = 1 and y = [x] and z = w and debug()", "var", "var x y z v")

    assert shown[3] == "x, y, z, w"
    assert shown[5] == "x = 1\ny = [1]\nz = <unbound>\nv = <unbound>"


def test_no_variables() -> None:
    """A query need not have any."""
    assert debug(load(), "debug()", "var")[3] == "No variables in scope."


def test_unbound_variable_of_a_rule() -> None:
    """A variable of a rule that has no value is known, and shown without one."""
    assert after("var y", "f(1)", "f(x) if debug() and y = x and y > 0;")[0] == "y = <unbound>"


def test_helper_variables_are_not_listed() -> None:
    """What rewriting adds is nobody's variable."""
    assert after("var", "f(1)", "f(x) if x.real = 1 and debug();")[0] == "x@_x_1"


def test_objects_are_shown_by_their_text_and_class() -> None:
    """The registered name stands behind."""
    assert after("var q", "f(new Quiet())", "f(q) if debug() and q.name = q.name;")[0] == (
        "q@_q_1 = Quiet() TYPE `Quiet`"
    )


def test_object_that_cannot_be_printed() -> None:
    """Looking at it is no error."""
    polar = load("f(x) if debug() and x.name = 1;")
    polar.register_constant(Loud(), "loud")

    shown = debug(polar, "f(loud)", "var x")

    assert shown[3] == "x@_x_1 = <Loud object> TYPE `UNKNOWN`"


def test_goal_without_source() -> None:
    """What the host asks has no line to show."""
    polar = load("f(x) if debug() and x = 1;")

    assert debug(polar, "f(1)", "query 1", "s", "l")[-2] == "001: f(x) if debug() and x = 1;\n" + (
        " " * 25 + "^"
    )


def test_inside_not() -> None:
    """A negation can be walked through like anything else."""
    shown = debug(load("f(x) if x = 1;"), "debug() and not f(2)", "s", "s", "s")

    assert queries(shown) == ["QUERY: not f(2)", "QUERY: f(2)", "QUERY: _x_1 = 1"]


def test_keyboard_interrupt_at_the_prompt_ends_the_query() -> None:
    """A keyboard interrupt at the prompt comes out of the query as it is."""
    with pytest.raises(KeyboardInterrupt):
        debug(load(), QUERY, KeyboardInterrupt)


def test_time_at_the_prompt_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A query does not time out because somebody thinks."""
    monkeypatch.setenv("POLAR_TIMEOUT_MS", "10000")
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def think(self: t.Any, prompt: str, words: t.Any = ()) -> str:
        now[0] += 3_600
        raise EOFError

    monkeypatch.setattr("tests.support.consoles.ScriptedConsole.ask", think)

    shown = debug(load("f(x) if debug() and g(x) and g(x); g(x) if x.real = 1;"), "f(1)")

    assert shown[-1] == "result {}"


# -- who stops, and who does not ------------------------------------------------------


@pytest.fixture
def never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where somebody reads from standard input."""

    def refuse(prompt: str = "") -> t.NoReturn:
        raise AssertionError(f"Somebody asked {prompt!r}.")

    monkeypatch.setattr("builtins.input", refuse)


@pytest.mark.parametrize(
    "ask",
    [
        lambda polar: list(polar.query("f(1)")),
        lambda polar: list(polar.query_rule("f", 1)),
        lambda polar: polar.query_rule_once("f", 1),
    ],
)
def test_query_stops(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ask: t.Any
) -> None:
    """A query of a program reads commands from standard input."""
    commands = iter(["var x"])

    def read(prompt: str) -> str:
        print(prompt, end="")
        try:
            return next(commands)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)

    ask(load("f(x) if debug() and x = 1;"))

    assert capsys.readouterr().out == (
        "QUERY: debug(), BINDINGS: {}\n\n001: f(x) if debug() and x = 1;\n             ^\n\n"
        "debug> x@_x_1 = 1\ndebug> "
    )


@pytest.mark.usefixtures("never_read")
def test_query_without_debug_asks_nothing() -> None:
    """The debugger is there only where the policy or the query wants it."""
    assert list(load("f(1);").query("f(1)"))


class Asking:
    """Asks the policy from a method that the policy calls."""

    def __init__(self, polar: Polar) -> None:
        self._polar = polar

    def may(self) -> bool:
        return self._polar.query_rule_once("f", 1)


@pytest.mark.usefixtures("never_read")
def test_query_of_a_method_of_a_decision_does_not_stop(capsys: pytest.CaptureFixture[str]) -> None:
    """What a policy's own method asks is part of the decision."""
    polar = load("f(x) if debug() and x = 1; allow(a, _, _) if a.may();")

    assert polar.engine.ask("allow", Asking(polar), "read", 1)
    assert capsys.readouterr().err.startswith("debug() at line 1, column 9\n")


@pytest.mark.usefixtures("never_read")
def test_inline_query_does_not_stop(capsys: pytest.CaptureFixture[str]) -> None:
    """Loading a policy waits for nobody."""
    load("f(1); ?= debug() and f(1);")

    assert "A decision does not wait at debug()." in capsys.readouterr().err


@pytest.mark.usefixtures("never_read")
def test_trace_of_a_decision_does_not_stop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A decision that is traced does not ask either."""
    monkeypatch.setenv("POLAR_LOG", "trace")

    assert load("f(x) if debug() and x = 1;").engine.ask("f", 1)
    assert "A decision does not wait at debug()." in capsys.readouterr().err
