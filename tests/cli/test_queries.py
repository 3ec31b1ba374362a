"""``flask oso query`` and ``shell``."""

from __future__ import annotations

import json
import typing as t

import pytest
from flask import Flask


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        (["x in [1, 2] and y = x"], 0, "x  y\n1  1\n2  2\n"),
        (["1 = 1;"], 0, "True\n"),
        (["1 = 2"], 1, "False\n"),
        (["x in [] and x = 1"], 1, "False\n"),
        (
            ["allow(ann, action, order)", "ann=Customer:1", "order=Order:1"],
            0,
            "action\n'read'\n'cancel'\n",
        ),
        (["x = order.customer", "order=Order:3"], 0, "x\nCustomer:2\n"),
    ],
)
def test_query_lists_solutions(
    shop: Flask, run: t.Any, arguments: list[str], code: int, output: str
) -> None:
    """Variables are columns; a query without any is true or false."""
    result = run(shop, "query", *arguments)

    assert (result.exit_code, result.output) == (code, output)


def test_query_as_json(shop: Flask, run: t.Any) -> None:
    """Programs get a list of solutions."""
    result = run(shop, "query", 'x in ["a", 1]', "--format", "json")

    assert json.loads(result.output) == [{"x": "'a'"}, {"x": "1"}]


def test_query_stops_at_the_limit(shop: Flask, run: t.Any) -> None:
    """What has no end is cut, and it says so."""
    result = run(shop, "query", "x in [1, 2, 3]", "--limit", "2")

    assert result.stdout == "x\n1\n2\n"
    assert result.stderr == "There are more than 2. Raise '--limit' to see them.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["allow("], 3, "hit the end of the file unexpectedly."),
        (["alow(1, 2, 3)"], 3, "Did you mean `allow`?"),
        (["allow(Customer:1, x, 1)"], 3, "is given a name behind the query: NAME=Customer:1"),
        (["allow(1, x, Order:1)"], 3, "is given a name behind the query: NAME=Order:1"),
        (["x = 1", "ann"], 2, "Error: 'ann' is not NAME=OBJECT, as in 'ana=User:1'."),
        (["x = 1", "Order=Order:1"], 2, "Error: The policy has a 'Order' already."),
        (["x = 1", "a=Order:99"], 2, "Error: There is no Order:99."),
    ],
)
def test_query_that_cannot_be_asked(
    shop: Flask, run: t.Any, arguments: list[str], code: int, message: str
) -> None:
    """What is wrong with the query is broken, what is wrong with the rest is misconfigured."""
    result = run(shop, "query", *arguments)

    assert (result.exit_code, message in result.stderr) == (code, True)


def test_shell_knows_the_policy_and_objects(shop: Flask, run: t.Any) -> None:
    """The prompt answers about the rows that were named."""
    result = run(
        shop, "shell", "ann=Customer:1", "order=Order:2", input="allow(ann, action, order)\n"
    )

    assert (result.exit_code, result.output.splitlines()) == (
        0,
        ["query> action = 'read'", "query> "],
    )


def test_shell_leaves_the_policy_alone(shop: Flask, run: t.Any) -> None:
    """The names of a session end with it."""
    run(shop, "shell", "ann=Customer:1", input="")

    assert "ann" not in shop.extensions["oso"].oso.host.constants
