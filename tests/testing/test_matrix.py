"""Tables of who may do what: read, compared with a policy, and refused where they are none."""

from __future__ import annotations

import typing as t

import pytest
from werkzeug.local import LocalProxy

from flask_oso import Oso
from flask_oso.testing import MistakenTestError, assert_denied, assert_matrix
from flask_oso.testing.matrix import find_wrong_cells, read_rows, read_table, show_cells
from tests.support import policies
from tests.support.models.people import User

POLICY = """
allow("ann", "read", "page");
allow("ann", 7, "page");
allow("eve", "break", x) if x.missing;
allow("bob", "edit", "page");
"""
NAMES = {"ann": "ann", "eve": "eve", "nobody": None}
THINGS = {"page": "page"}


@pytest.fixture
def oso() -> Oso:
    """An Oso by which Ann may read."""
    oso = Oso()
    oso.load_str(POLICY)
    return oso


def wrong_of(oso: Oso, table: t.Any) -> str:
    """Give what is shown of the wrong cells of a table."""
    cells = read_table(table, NAMES, THINGS) if isinstance(table, str) else read_rows(table)
    return show_cells(find_wrong_cells(oso, cells))


@pytest.mark.parametrize(
    "table",
    [
        "actor resource read edit\nann page yes no\nnobody page no no",
        "| actor | resource | read |\n|---|---|---|\n| ann | page | yes |  # she wrote it",
        "\n\n  actor  resource  edit\n  =====\n\n  # nobody may\n  eve  page  no\n",
    ],
    ids=["words", "bars", "lines without words"],
)
def test_table_that_is_right(oso: Oso, table: str) -> None:
    """A text has as much or as little drawn around its words as one likes."""
    assert_matrix(oso, table, actors=NAMES, resources=THINGS)


@pytest.mark.parametrize(
    "rows",
    [
        [("ann", "read", "page", True), ("eve", "read", "page", False)],
        {("ann", "read", "page"): True, ("eve", "read", "page"): False},
        iter([("ann", 7, "page", True), (["eve"], "read", {}, False)]),
        [(LocalProxy(lambda: "ann"), "read", LocalProxy(lambda: "page"), True)],
    ],
    ids=["rows", "mapping", "objects", "proxies"],
)
def test_rows_that_are_right(oso: Oso, rows: t.Any) -> None:
    """Objects need no names, and need not be hashable."""
    assert_matrix(oso, rows)


def test_wrong_cells_are_shown_in_order(oso: Oso) -> None:
    """Each with what was expected and what came, and by the names of the table."""
    table = "actor resource read break\neve page yes no\nann page no no\nnobody page no no"

    assert wrong_of(oso, table) == (
        "  actor  action  resource  expected  got\n"
        "  eve    read    page      allowed   denied\n"
        "  eve    break   page      denied    error\n"
        "  ann    read    page      denied    allowed"
    )


def test_error_is_no_answer_that_was_expected(oso: Oso) -> None:
    """A rule that fails makes a test fail, whatever it expects."""
    rows = [("eve", "break", "page", True), ("eve", "break", "page", False)]

    assert wrong_of(oso, rows).count("error") == 2


def test_wrong_rows_are_shown_by_their_repr(oso: Oso) -> None:
    """Of a long one the ends are shown."""
    shown = wrong_of(oso, [(["eve"], 7, "p" * 100, True)])

    assert shown == (
        "  actor    action  resource                                                      expected"
        "  got\n"
        f"  ['eve']  7       '{'p' * 27}...{'p' * 28}'  allowed   denied"
    )


def test_error_of_the_first_cell_is_the_cause(oso: Oso) -> None:
    """The traceback shows where it was raised."""
    with pytest.raises(AssertionError, match="'str' object has no attribute") as caught:
        assert_matrix(oso, [("eve", "break", "page", False)])

    assert type(caught.value.__cause__).__name__ == "PolarRuntimeError"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "The table has no cells. Begin it with a line 'actor resource ACTION ...', and add"),
        ("actor resource read", "The table has no cells. Begin it with a line"),
        ("actor resource\nann page", "The table has no cells. Begin it with a line"),
        ("ann page yes", "The table has no cells. Begin it with a line"),
        (
            "actor resource read edit\nann page yes",
            "The line 'ann page yes' has 3 words. Write an actor, a resource, and 'yes' or 'no'"
            " for each of 'read', 'edit'.",
        ),
        (
            "actor resource read\nann page maybe",
            "The line 'ann page maybe' has 'maybe' for an answer. Write 'yes' or 'no'.",
        ),
        (
            "actor resource read\nan page yes",
            "The table names the actor 'an', which is not in 'actors'. Did you mean 'ann'?",
        ),
        (
            "actor resource read\nann zebra yes",
            "The table names the resource 'zebra', which is not in 'resources'. Add it to"
            " 'resources'.",
        ),
        ([], "The table has no cells. Add '(actor, action, resource, expected)'."),
        ({}, "The table has no cells. Add '(actor, action, resource, expected)'."),
        (
            [("ann", "read", "page")],
            "The row ('ann', 'read', 'page') is not '(actor, action, resource, expected)'.",
        ),
        ([7], "The row 7 is not '(actor, action, resource, expected)'."),
        ([("ann", "read", "page", 1)], "The answer 1 is neither True nor False."),
        ([("ann", "read", "page", None)], "The answer None is neither True nor False."),
    ],
)
def test_table_that_is_none(oso: Oso, table: t.Any, message: str) -> None:
    """A mistake in a table is no passed test: it is said what to write."""
    with pytest.raises(ValueError) as caught:
        assert_matrix(oso, table, actors=NAMES, resources=THINGS)

    assert str(caught.value).startswith(message)


# -- tests that would prove nothing --------------------------------------------------------


class Robot:
    """An actor that no rule is about, and that is registered."""


class Page:
    """A resource."""


class Stranger:
    """A class that is not registered."""


class Sub(Page):
    """A class that is registered as what it derives from."""


HEADS = 'allow(_: User, "read", page: Page) if page.public;'
INSIDE = 'allow(u, "read", p) if u matches User and p matches Page and p.public;'
CALLS = """
allow(actor, action, resource) if may(resource, action, actor);
may(page: Page, "read", _: User) if page.public;
"""
BLOCKS = """
actor User {}
resource Page { permissions = ["read"]; roles = ["reader"]; "read" if "reader"; }
has_role(_: User, "reader", page: Page) if page.public;
allow(actor, action, resource) if has_permission(actor, action, resource);
"""
ANY = 'allow(user, "read", page) if page.owner = user;'
BESIDE_EVERYBODY = """
allow(_, "read", page: Page) if page.public;
allow(user: User, "edit", page: Page) if page.owner = user;
"""
PROVES_NOTHING = "so that a denial proves nothing"
ORDER = "Pass actor, action and resource in this order."

Page.public = False  # type: ignore[attr-defined]
Page.owner = Stranger.owner = Robot.owner = 1  # type: ignore[attr-defined]
USER, ROBOT, PAGE, STRANGER = User(), Robot(), Page(), Stranger()
UNKNOWN = f"No rule allows the action 'raed', whoever asks, {PROVES_NOTHING}. Did you mean 'read'?"
SWAPPED = (
    "The actor is of the class 'Page' and the resource of 'User', and rules have them the other"
    f" way round. {ORDER}"
)


def make_oso(policy: str) -> Oso:
    """Make an Oso with a policy about users and pages."""
    return policies.make_oso(policy, User, Robot, Page)


def mistake_of(policy: str, *question: t.Any) -> str:
    """Give what 'assert_denied' says of a question."""
    with pytest.raises(MistakenTestError) as caught:
        assert_denied(make_oso(policy), *question)
    return str(caught.value)


@pytest.mark.parametrize("policy", [HEADS, INSIDE, CALLS, BLOCKS, ANY])
def test_denial_of_an_unknown_action_proves_nothing(policy: str) -> None:
    """Whoever asks, and about what."""
    assert mistake_of(policy, USER, "raed", PAGE) == UNKNOWN


@pytest.mark.parametrize("policy", [HEADS, INSIDE, CALLS, BLOCKS, ANY])
@pytest.mark.parametrize(
    ("question", "shown", "role"),
    [((USER, PAGE, "read"), "Page", "resource"), (("read", USER, PAGE), "User", "actor")],
    ids=["action last", "action first"],
)
def test_action_in_another_place_proves_nothing(
    policy: str, question: tuple[t.Any, ...], shown: str, role: str
) -> None:
    """A word that is an action stands where an object should."""
    message = mistake_of(policy, *question)

    assert message.startswith("The action is <") and f".{shown} object" in message
    assert message.endswith(f"the {role} is 'read', which is an action of the policy. {ORDER}")


@pytest.mark.parametrize("policy", [HEADS, INSIDE, CALLS, BLOCKS])
def test_swapped_objects_prove_nothing(policy: str) -> None:
    """A page does nothing with a user."""
    assert mistake_of(policy, PAGE, "read", USER) == SWAPPED


@pytest.mark.parametrize("policy", [HEADS, INSIDE, CALLS, BLOCKS])
@pytest.mark.parametrize(
    ("question", "role"),
    [((STRANGER, "read", PAGE), "actor"), ((USER, "read", STRANGER), "resource")],
)
def test_class_that_is_not_registered_proves_nothing(
    policy: str, question: tuple[t.Any, ...], role: str
) -> None:
    """No rule can be about it."""
    assert mistake_of(policy, *question) == (
        f"The {role} is of the class 'Stranger', which is not registered, and no rule can be about"
        f" it, {PROVES_NOTHING}. Call 'register_class(Stranger)' before the policy loads."
    )


@pytest.mark.parametrize("policy", [HEADS, INSIDE, CALLS, BLOCKS])
@pytest.mark.parametrize(
    ("question", "start", "name"),
    [
        (("ana", "read", PAGE), "The actor 'ana' is of the class 'str'", "User"),
        ((7, "read", PAGE), "The actor 7 is of the class 'int'", "User"),
        (({"id": 7}, "read", PAGE), "The actor {'id': 7} is of the class 'dict'", "User"),
        ((USER, "read", "page"), "The resource 'page' is of the class 'str'", "Page"),
        ((USER, "read", 7), "The resource 7 is of the class 'int'", "Page"),
    ],
)
def test_name_in_place_of_an_object_proves_nothing(
    policy: str, question: tuple[t.Any, ...], start: str, name: str
) -> None:
    """Rules are about the objects."""
    assert mistake_of(policy, *question) == (
        f"{start}, and rules are about objects of {name!r}, {PROVES_NOTHING}. Pass the object"
        " itself."
    )


def test_name_of_an_actor_beside_a_rule_for_everybody_proves_nothing() -> None:
    """That rule is about another action: a name is denied this one, whatever users may do."""
    mistake = mistake_of(BESIDE_EVERYBODY, "ana", "edit", PAGE)

    assert mistake == (
        f"The actor 'ana' is of the class 'str', and rules are about objects of 'User',"
        f" {PROVES_NOTHING}. Pass the object itself."
    )


@pytest.mark.parametrize(
    ("policy", "question"),
    [
        (BESIDE_EVERYBODY, ("ana", "read", PAGE)),
        (BESIDE_EVERYBODY, (None, "edit", PAGE)),
        (BESIDE_EVERYBODY, (ROBOT, "edit", PAGE)),
        (BESIDE_EVERYBODY + 'allow("ann", "send", _: Page);', ("eve", "edit", PAGE)),
        (HEADS, (USER, "read", PAGE)),
        (INSIDE, (USER, "read", PAGE)),
        (CALLS, (USER, "read", PAGE)),
        (BLOCKS, (USER, "read", PAGE)),
        (BLOCKS, (None, "read", PAGE)),
        (BLOCKS, (ROBOT, "read", PAGE)),
        (BLOCKS, (USER, "read", ROBOT)),
        (BLOCKS, (USER, "read", Sub())),
        (HEADS, (USER, "read", Page)),
        (ANY, (USER, "read", STRANGER)),
        (ANY, (STRANGER, "read", PAGE)),
        (ANY, ("ana", "read", ROBOT)),
        ('allow("ann", "read", "page");', ("eve", "read", "page")),
        ('allow("ann", "read", "page");', ("ann", "read", "other")),
        ('allow("ann", action, "page") if action.startswith("read");', ("ann", "raed", "page")),
        ('allow(_: User, "read", _: Page); allow("ann", "read", _: Page);', ("eve", "read", PAGE)),
        ('allow(_: User, "read", _);', (ROBOT, "read", USER)),
    ],
)
def test_denial_that_is_the_policys(policy: str, question: tuple[t.Any, ...]) -> None:
    """Whoever is not allowed may be anybody, as long as another policy could allow it."""
    assert_denied(make_oso(policy), *question)


def test_cell_that_proves_nothing_is_named(oso: Oso) -> None:
    """By the names of the table."""
    with pytest.raises(ValueError) as caught:
        assert_matrix(
            oso,
            "actor resource read raed\nann page yes no",
            actors=NAMES,
            resources=THINGS,
        )

    assert str(caught.value) == (
        "In the cell of the actor ann, the action raed and the resource page: " + UNKNOWN
    )


def test_row_that_proves_nothing_is_named() -> None:
    """By what is in it."""
    with pytest.raises(MistakenTestError, match=r"^In the cell of the actor <.*Page .*: The actor"):
        assert_matrix(make_oso(HEADS), [(PAGE, "read", USER, False)])


@pytest.mark.parametrize("answer", [0, 1, None, "denied", [], "False"])
@pytest.mark.parametrize("expected", [True, False])
def test_answer_that_is_no_bool_is_an_error(answer: t.Any, expected: bool) -> None:
    """An answer that is no bool, such as that of an application's own Oso, is an error."""
    oso = type("Own", (Oso,), {"is_allowed": lambda *_: answer})()
    oso.load_str('allow("ann", "read", "page");')

    with pytest.raises(MistakenTestError) as caught:
        assert_matrix(oso, [("ann", "read", "page", expected)])

    assert str(caught.value).endswith(
        f"'Own' answered {answer!r}, which is neither True nor False. Let its 'is_allowed' give"
        " what that of 'Oso' gives."
    )


@pytest.mark.parametrize("name", ["#1", "user#1"])
@pytest.mark.parametrize("where", ["actors", "resources"])
def test_name_with_the_sign_of_a_comment_is_refused(oso: Oso, name: str, where: str) -> None:
    """Its rows would be a comment."""
    known: dict[str, dict[str, t.Any]] = {"actors": {"ann": "ann"}, "resources": {"page": "page"}}
    known[where][name] = "eve"
    table = f"actor resource read\nann page yes\n{name} page yes\nann {name} yes"

    with pytest.raises(ValueError) as caught:
        assert_matrix(oso, table, **known)

    assert str(caught.value) == (
        f"The name {name!r} in {where!r} has a '#' in it, with which a comment begins, so that its"
        " rows would not be read. Give it another name."
    )
