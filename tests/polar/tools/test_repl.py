"""The REPL answers lines, shows every error, and goes on."""

from __future__ import annotations

import typing as t

import pytest

from flask_oso import Oso
from flask_oso.polar.tools.repl import Repl, completion_words
from tests.support.consoles import ScriptedConsole, converse
from tests.support.models.world import make_oso

POLICY = """\
role("ana", "owner");
role("ana", "member");
broken(x) if x.boom();
waits() if debug();
"""


class Refusing:
    """Raises whatever it is given, and cannot be printed."""

    def fail(self) -> t.NoReturn:
        raise KeyError("key")

    def silent(self) -> t.NoReturn:
        raise ValueError

    def interrupt(self) -> t.NoReturn:
        raise KeyboardInterrupt

    def __repr__(self) -> str:
        raise ValueError("No text.")


@pytest.fixture
def oso(monkeypatch: pytest.MonkeyPatch) -> Oso:
    monkeypatch.setenv("POLAR_IGNORE_NO_ALLOW_WARNING", "1")
    oso = make_oso()
    oso.register_constant(Refusing(), "refusing")
    oso.load_str(POLICY)
    return oso


def answers(oso: Oso, *lines: str | type[BaseException]) -> list[str]:
    """Give what is shown without the prompts."""
    return [text for text in converse(oso, *lines) if not text.startswith("query> ")]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ('role("ana", x)', ["x = 'owner'", "x = 'member'"]),
        ('role("ana", "owner")', ["True"]),
        ('role("ana", _)', ["True", "True"]),
        ('role("zoe", _)', ["False"]),
        ("y = 1 and x = [y]", ["y = 1\nx = [1]"]),
        (";x = 1;", ["x = 1"]),
        (" ;; x = 1 ; ", ["x = 1"]),
        ("f = x", ["f = Variable('x')\nx = Variable('f')"]),
        (
            "x > 1",
            ["x = Expression(And, [Expression(Gt, [Variable('_this'), 1])])"],
        ),
        ("", []),
        (" ; ", []),
    ],
)
def test_answer_has_the_variables_of_the_query(oso: Oso, query: str, shown: list[str]) -> None:
    """An answer is the variables in the order of the query, True without any, or False."""
    assert answers(oso, query) == shown


def test_error_of_the_query(oso: Oso) -> None:
    """The class on one line, then the message with the place; then the session goes on."""
    name, text, after = answers(oso, "f(", "x = 1")

    assert (name, after) == ("UnrecognizedEOF", "x = 1")
    assert text.startswith(
        "hit the end of the file unexpectedly. Did you forget a semi-colon"
        " at line 1, column 3:\n\t001: f(\n\t       ^"
    )


def test_error_of_the_policy(oso: Oso) -> None:
    """The way that led there, the message, the line."""
    name, text = answers(oso, "role(1, 2) or (1).foo = 1")

    assert name == "PolarRuntimeError"
    assert text.startswith("trace (most recent evaluation last):\n")
    assert text.endswith(
        "Application error: 'int' object has no attribute 'foo' at line 1, column 15:\n"
        "\t001: role(1, 2) or (1).foo = 1\n\t                   ^"
    )


def test_error_of_the_host(oso: Oso) -> None:
    """Any exception is shown with its place in the policy and in the program."""
    name, text, after = answers(oso, "broken(rex)", "1 = 1")

    assert name == "ValueError"
    assert "    in rule broken at line 3, column 14\n" in text
    assert "\n\nboom! at line 3, column 14:\n\t003: broken(x) if x.boom();\n" in text
    assert "\nRaised in boom at line " in text
    assert text.endswith("world.py.")
    assert after == "True"


def test_error_without_a_message(oso: Oso) -> None:
    """An error without a message is shown with its place."""
    name, text = answers(oso, "refusing.silent()")

    assert name == "ValueError"
    assert "There is no message. at line 1, column 1:\n" in text


def test_error_of_python_itself(oso: Oso) -> None:
    """What no line of the application raised names none."""
    name, text = answers(oso, 'x = "a".split(1)')

    assert name == "TypeError"
    assert text.endswith(' at line 1, column 5:\n\t001: x = "a".split(1)\n\t         ^')


def test_value_that_cannot_be_printed(oso: Oso) -> None:
    """Showing a result is part of the query."""
    name, text, after = answers(oso, "x = refusing", "1 = 1")

    assert (name, after) == ("ValueError", "True")
    assert text.startswith("No text.\nRaised in __repr__ at line ")


def test_results_before_an_error_are_shown(oso: Oso) -> None:
    """Results are shown one by one, those before an error included."""
    assert answers(oso, 'x = 1 or "a".foo')[:2] == ["x = 1", "PolarRuntimeError"]


def test_interrupt_ends_the_query_alone(oso: Oso) -> None:
    """The session goes on."""
    assert answers(oso, "refusing.interrupt()", "1 = 1") == ["Interrupted.", "True"]


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt, "exit", "quit;"])
def test_end_of_input_ends_the_repl(oso: Oso, end: str | type[BaseException]) -> None:
    """What comes after is not read."""
    assert answers(oso, end, "1 = 1") == []


def test_help_says_what_can_be_typed(oso: Oso) -> None:
    """The help says what can be typed."""
    assert "which actions are?" in answers(oso, "help")[0]


def test_debugger_reads_from_the_same_console(oso: Oso) -> None:
    """Its commands are answered between the queries."""
    shown = converse(oso, "waits()", "stack", "c", "1 = 1")

    assert shown[0] == "query> waits()"
    assert shown[1].startswith("QUERY: debug(), BINDINGS: {}")
    assert shown[3] == "debug> stack"
    assert shown[5:] == ["debug> c", "True", "query> 1 = 1", "True"]


def test_policy_may_change_between_queries(oso: Oso) -> None:
    """A query asks the policy of its moment."""
    oso.register_constant(lambda: oso.clear_rules(), "forget")

    shown = answers(oso, 'role("ana", "owner")', "forget.__call__()", 'role("ana", "owner")')

    assert shown[0] == "True"
    assert shown[-2] == "PolarRuntimeError"


def test_greeting_where_somebody_sits(oso: Oso) -> None:
    """A terminal is told how many rules there are."""
    console = ScriptedConsole([])
    console.is_interactive = True

    Repl(lambda: oso.engine, console).run()

    assert console.shown[0] == "4 rules loaded. Type a query, or 'help'; Ctrl-D leaves."


def test_names_of_the_policy_can_be_completed(oso: Oso) -> None:
    """Rules, classes, constants and words of the language can be completed."""
    assert {"role(", "Animal", "Integer", "rex", "forall("} <= set(completion_words(oso.engine))
