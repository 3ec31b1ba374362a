"""``flask oso actions`` and ``who``, and how their words name objects."""

from __future__ import annotations

import json
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_oso import FlaskOso, Oso
from flask_oso.cli.terminal.objects import find_object
from flask_oso.sqlalchemy import SqlAlchemyAdapter
from tests.support.databases import open_database
from tests.support.models.shop import Line, Order, Parcel
from tests.support.sites import make_app

# -- objects -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("read", "read"),
        ("anonymous", None),
        ("nil", None),
        ('"nil"', "nil"),
        ("'Order:1'", "Order:1"),
        ('"two\\nlines"', "two\nlines"),
        ('"', '"'),
        ("Order", Order),
        ('"Order"', "Order"),
        ("10:30", "10:30"),
        ("a b:c", "a b:c"),
        ("Parcel:7", Parcel(7)),
        ('Parcel:"7"', Parcel("7")),
        ("Parcel:07", Parcel("07")),
        ("Parcel:x:y", Parcel("x:y")),
    ],
)
def test_word_stands_for(shop: Flask, in_command: t.Any, word: str, value: t.Any) -> None:
    """Classes, nobody, texts, and objects that a loader finds."""
    with in_command(shop):
        assert find_object(word) == value


def test_key_of_one_column_may_have_commas(shop: Flask, in_command: t.Any) -> None:
    """Only the key of several columns is divided, and that of one may be in quotes."""
    with in_command(shop):
        plain, quoted = find_object("Coupon:a,b"), find_object('Coupon:"a,b"')

        assert plain.code == "a,b"
        assert plain is quoted


def test_word_finds_rows(shop: Flask, in_command: t.Any) -> None:
    """Rows are found by their primary key, of however many columns."""
    with in_command(shop):
        row, line = find_object("Order:2"), find_object("Line:1,2")

        assert (type(row), row.id) == (Order, 2)
        assert (type(line), line.order_id, line.number) == (Line, 1, 2)


@pytest.mark.parametrize(
    ("word", "method", "path"),
    [("Request:/health", "GET", "/health"), ("Request:POST:/a/b?c=1", "POST", "/a/b")],
)
def test_word_makes_a_request(
    shop: Flask, in_command: t.Any, word: str, method: str, path: str
) -> None:
    """A request has a method and a path."""
    with in_command(shop):
        made = find_object(word)

        assert (made.method, made.path) == (method, path)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("Order:99", "Error: There is no Order:99.\n"),
        ("Order:01", "Error: There is no Order:01.\n"),
        ("Parcel:9", "Error: There is no Parcel:9.\n"),
        (
            "Order:",
            "Error: 'Order:' has no key. Write one behind the colon, or '\"Order:\"' to mean the"
            " text.\n",
        ),
        ("Ordr:1", "Error: No class 'Ordr' is registered. Did you mean 'Order'?\n"),
        (
            "Invoice:1",
            "Error: No class 'Invoice' is registered. Give it to 'FlaskOso', as in"
            " 'models=[Invoice]'. To mean the text, quote it: '\"Invoice:1\"'.\n",
        ),
        (
            "mailto:ann",
            "Error: No class 'mailto' is registered. To mean the text, quote it:"
            " '\"mailto:ann\"'.\n",
        ),
        (
            "Line:1",
            "The primary key of 'Line' has 2 columns, and 1 values were given. Register a"
            " function that finds it: '@oso.loader(Line)'.\n",
        ),
        (
            "String:1",
            "'str' is not mapped by SQLAlchemy. Register a function that finds it:"
            " '@oso.loader(str)'.\n",
        ),
    ],
)
def test_word_that_stands_for_nothing(shop: Flask, run: t.Any, word: str, message: str) -> None:
    """What is not there is misconfigured, and no denial."""
    result = run(shop, "actions", "anonymous", word)

    assert (result.exit_code, result.stderr) == (2, message)


# -- actions -------------------------------------------------------------------------


def test_actions_lists_what_is_allowed(shop: Flask, run: t.Any) -> None:
    """The actions that are allowed are listed, one a line."""
    result = run(shop, "actions", "Customer:1", "Order:1")

    assert (result.exit_code, result.output) == (0, "cancel\nread\n")


def test_actions_exits_with_1_if_there_are_none(shop: Flask, run: t.Any) -> None:
    """Nothing is a denial of everything."""
    result = run(shop, "actions", "Customer:2", "Order:1")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Nothing is allowed.\n"


def test_object_in_the_place_of_the_action_is_told_of(shop: Flask, run: t.Any) -> None:
    """Who swaps the action and the object is told so: a denial alone looks like an answer."""
    explained = run(shop, "explain", "Customer:2", "Order:1", "read")
    asked = run(shop, "who", "Order:1", "read")

    hint = "'Order:1' stands where the action does. '--help' shows the order of the arguments.\n"
    assert hint in explained.stderr
    assert hint in asked.stderr


def test_text_in_the_place_of_an_object_is_told_of(shop: Flask, run: t.Any) -> None:
    """Who forgets the class and the key is told how an object is written."""
    result = run(shop, "actions", "ann", "Order:1")

    assert result.exit_code == 1
    assert result.stderr == (
        "Nothing is allowed.\n'ann' is a text. An object is written with its key, as in 'User:1'.\n"
    )


def test_nobody_has_a_word(shop: Flask, run: t.Any) -> None:
    """Who writes nobody as Python does is told the word."""
    result = run(shop, "actions", "None", "Order:1")

    assert result.stderr == "Nothing is allowed.\n'None' is a text. Nobody is written 'nil'.\n"


def test_class_in_the_place_of_an_object_is_told_of(shop: Flask, run: t.Any) -> None:
    """Who forgets the key is told that the class itself was asked about."""
    result = run(shop, "who", "see", "Order")

    assert result.exit_code == 1
    assert result.stderr == (
        "No Customer.\n'Order' is the class itself. Its objects have a key: 'Order:1'."
        " A rule about the class has no colon: 'allow(_, \"see\", Order);'.\n"
    )


def test_text_in_quotes_is_meant(shop: Flask, run: t.Any) -> None:
    """Of a text in quotes nothing is said."""
    assert run(shop, "actions", '"ann"', "Order:1").stderr == "Nothing is allowed.\n"


def test_who_misses_a_class(shop: Flask, run: t.Any) -> None:
    """A class that nobody registered is told of, in a sentence."""
    result = run(shop, "who", "see", "Order:1", "--class", "Custmer")

    assert result.exit_code == 2
    assert result.stderr == "Error: No class 'Custmer' is registered. Did you mean 'Customer'?\n"


def test_actions_shows_a_wildcard(shop: Flask, run: t.Any) -> None:
    """Who may do anything may do ``*``."""
    assert run(shop, "actions", "clerk", "Order:1").output == "*\n"


def test_actions_on_a_class(shop: Flask, run: t.Any) -> None:
    """Actions on a class are listed: a class is a resource."""
    assert run(shop, "actions", "Customer:1", "Order").output == "create\n"


def test_actions_on_a_request(shop: Flask, run: t.Any) -> None:
    """Actions on a request are listed: a request is a resource."""
    assert run(shop, "actions", "anonymous", "Request:/health").output == "GET\n"
    assert run(shop, "actions", "anonymous", "Request:/other").exit_code == 1


def test_actions_as_json(shop: Flask, run: t.Any) -> None:
    """Programs get a list."""
    result = run(shop, "actions", "Customer:1", "Order:2", "--format", "json")

    assert json.loads(result.output) == ["read"]


class Lost:
    """What is in a table that is not there."""


def find_in_no_table(_key: str) -> t.NoReturn:
    """Ask an empty database."""
    with open_database() as engine, engine.connect() as connection:
        connection.execute(sa.text("SELECT id FROM lost"))
    raise AssertionError


def test_policy_that_fails_is_broken(run: t.Any) -> None:
    """An error of the policy is neither a denial nor a mistake on the command line."""
    app, oso = make_app(), Oso()
    FlaskOso(oso, app)
    oso.load_str('allow(_, "read", page) if page.missing = 1;')

    result = run(app, "actions", "ann", "page")

    assert result.exit_code == 3
    assert "'str' object has no attribute 'missing'" in result.stderr


def test_method_that_fails_is_broken(run: t.Any) -> None:
    """Whatever a method of an object raises ends with the code for broken, and its traceback."""

    class Page:
        def check(self) -> bool:
            raise ZeroDivisionError

    app, oso = make_app(), Oso()
    oso.register_class(Page)
    FlaskOso(oso, app).loader(Page)(lambda number: Page())
    oso.load_str('allow(_, "read", page: Page) if page.check();')

    result = run(app, "actions", "ann", "Page:1")

    assert (result.exit_code, "ZeroDivisionError" in result.stderr) == (3, True)


def test_database_that_fails_is_told_in_its_words(run: t.Any) -> None:
    """Tables that were never made are the most likely reason, and no traceback says so."""
    app, oso = make_app(), Oso()
    FlaskOso(oso, app).loader(Lost)(find_in_no_table)
    oso.register_class(Lost)
    oso.load_str('allow(_, "read", _: Lost);')

    result = run(app, "explain", "ann", "read", "Lost:1")

    assert result.exit_code == 2
    assert result.stderr == (
        "The database says: no such table: lost\n"
        "Are its tables made, and is it the one that the application names?\n"
    )


# -- who -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        (["read", "Order:1"], 0, "Customer:1\n"),
        (["read", "Order:3"], 0, "Customer:2\n"),
        (["cancel", "Order:2"], 1, ""),
        (["read", "Order:1", "--class", "Customer"], 0, "Customer:1\n"),
        (["read", "Order:1", "--format", "json"], 0, '[\n  "Customer:1"\n]\n'),
    ],
)
def test_who_lists_actors(
    shop: Flask, run: t.Any, arguments: list[str], code: int, output: str
) -> None:
    """The rows of the actor's class who may do it."""
    result = run(shop, "who", *arguments)

    assert (result.exit_code, result.stdout) == (code, output)


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ('allow(_, "see", _: Order);', "'anonymous' may: whoever is not logged in.\n"),
        (
            'allow(nil, "see", _: Order);',
            "No Customer.\n'anonymous' may: whoever is not logged in.\n",
        ),
        ('allow(_: Customer, "see", _: Order);', ""),
        ('allow(actor, "see", _: Order) if actor.id = 1;', ""),
    ],
)
def test_who_tells_of_the_anonymous_actor(shop: Flask, run: t.Any, policy: str, told: str) -> None:
    """Nobody is no row, and may be the one who matters."""
    shop.extensions["oso"].oso.load_str(f"actor Customer {{}} {policy}", replace=True)

    assert run(shop, "who", "see", "Order:1").stderr == told


def test_who_stops_at_the_limit(shop: Flask, run: t.Any) -> None:
    """A long list is cut, and it says so."""
    oso = shop.extensions["oso"].oso
    oso.load_str('actor Customer {} allow(_: Customer, "see", _: Order);', replace=True)

    result = run(shop, "who", "see", "Order:1", "--limit", "1")

    assert result.stdout == "Customer:1\n"
    assert result.stderr == "There are more than 1. Raise '--limit' to see them.\n"


def test_who_cannot_say_what_no_query_can(shop: Flask, run: t.Any) -> None:
    """What no statement can say is told with its place, and what to do instead."""
    oso = shop.extensions["oso"].oso
    oso.load_str(
        'allow(customer: Customer, "see", _: Order) if customer.metadata.x;actor Customer {}',
        replace=True,
    )

    result = run(shop, "who", "see", "Order:1")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "metadata" in result.stderr
    assert result.stderr.endswith(
        "No statement can say who. Ask about one actor at a time: flask oso explain Customer:KEY"
        " see Order:1\n"
    )


def test_who_asks_for_the_class(shop: Flask, run: t.Any) -> None:
    """Without an actor block, and without a class User, it has to be named."""
    shop.extensions["oso"].oso.load_str("allow(_, _, _);", replace=True)

    result = run(shop, "who", "see", "Order:1")

    assert result.exit_code == 2
    assert result.stderr.endswith(
        "Error: Which class do actors have? Say it with '--class'; declared: none.\n"
    )


def test_who_needs_models(run: t.Any) -> None:
    """Without models there is nothing to query, and the message says what to call."""
    app, oso = make_app(), Oso()
    oso.register_class(Parcel)
    FlaskOso(oso, app)
    oso.load_str("allow(_, _, _);")

    result = run(app, "who", "see", "page", "--class", "Parcel")

    assert (result.exit_code, result.stderr.partition(".")[0]) == (
        2,
        "No models are registered, so there is nothing to query",
    )


def test_who_reads_through_an_adapter(shop: Flask, run: t.Any) -> None:
    """Programs for the data filtering of oso have an adapter, which reads the rows."""
    with shop.app_context():
        session = shop.extensions["sqlalchemy"].session
        shop.extensions["oso"].oso.set_data_filtering_adapter(SqlAlchemyAdapter(session))

    assert run(shop, "who", "read", "Order:3").stdout == "Customer:2\n"


# -- explain -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "code", "verdict"),
    [
        (("Customer:1", "cancel", "Order:1"), 0, 'ALLOWED: Customer:1 may "cancel" Order:1.'),
        (("Customer:1", "cancel", "Order:2"), 1, 'DENIED: Customer:1 may not "cancel" Order:2.'),
        (("anonymous", "GET", "Request:/health"), 0, "ALLOWED: "),
        (("anonymous", "GET", "Request:/other"), 1, "DENIED: "),
        (("clerk", '"a b"', "Order:3"), 0, 'ALLOWED: "clerk" may "a b" Order:3.'),
    ],
)
def test_explain_exits_with_the_decision(
    shop: Flask, run: t.Any, question: tuple[str, ...], code: int, verdict: str
) -> None:
    """The proof is printed, and the exit code is the answer."""
    result = run(shop, "explain", *question)

    assert (result.exit_code, result.output.startswith(verdict)) == (code, True)


def test_explain_shows_what_failed(shop: Flask, run: t.Any) -> None:
    """A denial names the condition."""
    result = run(shop, "explain", "Customer:1", "cancel", "Order:2")

    assert "not order.sent" in result.output


def test_explain_as_json(shop: Flask, run: t.Any) -> None:
    """Programs get the proof as a dictionary."""
    result = run(shop, "explain", "Customer:1", "read", "Order:3", "--format", "json")

    assert (result.exit_code, json.loads(result.output)["outcome"]) == (1, "denied")


def test_explain_calls_a_failing_policy_broken(run: t.Any) -> None:
    """A policy that fails has no answer, and that is no denial."""
    app, oso = make_app(), Oso()
    FlaskOso(oso, app)
    oso.load_str('allow(_, "read", page) if page.missing = 1;')

    result = run(app, "explain", "ann", "read", "page")

    assert result.exit_code == 3
    assert "'str' object has no attribute 'missing'" in result.output


def test_explain_misses_an_object(shop: Flask, run: t.Any) -> None:
    """An object that is not there is no denial, either."""
    assert run(shop, "explain", "Customer:1", "read", "Order:99").exit_code == 2
