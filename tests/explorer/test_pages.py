"""The pages that look: ask, who, matrix, decisions, policy and graph."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from flask_oso import FlaskOso, Oso, authorizes_inside
from flask_oso.explorer.pages.decisions import MOST_KEPT, DecisionRing
from flask_oso.polar.exceptions import UnsupportedError
from tests.support.sites import Site, make_app, make_site

SECRET = "hunter-two-hunter-two"
ASK = "/_oso/ask"


class Door:
    """Something with a secret."""

    def __init__(self, id: int, password: str) -> None:
        self.id = id
        self.password = password


class User:
    """Someone."""


# The page of the policy reads the Python files below the root of its application: an empty folder
# is read at once, and the folder of all tests is not.


def ask(client: FlaskClient, actor: str, action: str, resource: str) -> str:
    query = {"actor": actor, "action": action, "resource": resource}
    return client.get(ASK, query_string=query).text


@pytest.mark.parametrize(
    "name", ["routes", "ask", "matrix", "decisions", "policy", "who", "graph", "draft"]
)
def test_page_is_there_also_without_a_database(tmp_path: Path, name: str) -> None:
    """An app without rows, and with a policy from a text, has every page."""
    client = make_site(DEBUG=True, folder=tmp_path).app.test_client()

    assert client.get(f"/_oso/{name}").status_code == 200


@pytest.mark.parametrize("name", ["ask", "matrix", "policy", "who", "graph", "draft"])
def test_page_is_there_without_a_policy(tmp_path: Path, name: str) -> None:
    """An app whose policy is not loaded yet has every page."""
    app = make_app(DEBUG=True, folder=tmp_path)
    FlaskOso(Oso(), app)

    assert app.test_client().get(f"/_oso/{name}").status_code == 200


# -- ask -------------------------------------------------------------------------------


def test_form_offers_rows_of_the_database(visitor: FlaskClient) -> None:
    """Actors and resources are offered by class and key, with their names."""
    page = visitor.get(ASK).text

    assert '<option value="User:1">Ana</option>' in page
    assert '<option value="anonymous">nobody</option>' in page
    assert re.search(r'<option value="Issue:1">[^<]+</option>', page)


def test_answer_has_proof_condition_sql_code_and_time(visitor: FlaskClient) -> None:
    """All that the library knows of one question stands on one page."""
    page = ask(visitor, "User:2", "edit", "Issue:3")

    assert "User:2 may not &quot;edit&quot; Issue:3." in page
    assert "It would be allowed with" in page
    assert "What is left of the policy for this actor" in page
    assert "FROM issue" in page
    assert "def " in re.sub("<[^>]+>", "", page.split("Generated Python")[1])
    assert re.search(r"Decided in <b>[\d.]+ .?s</b>", page)


@pytest.mark.parametrize(
    ("actor", "resource", "problem"),
    [
        ("User:99", "Issue:1", "There is no User:99."),
        ("Usr:1", "Issue:1", "Did you mean &#39;User&#39;?"),
        ("User:1", "Issue:x", "There is no Issue:x."),
    ],
)
def test_object_that_is_missing_is_named(
    visitor: FlaskClient, actor: str, resource: str, problem: str
) -> None:
    """The page says what there is not, and keeps what was typed."""
    page = ask(visitor, actor, "read", resource)

    assert problem in page
    assert f'value="{actor}"' in page


def test_words_of_a_question_are_escaped(visitor: FlaskClient) -> None:
    """What a link says is text on the page."""
    assert "<script>alert" not in ask(visitor, "User:1", "<script>alert(1)", '"<script>alert(2)"')


def make_doors(policy: str, **config: t.Any) -> FlaskClient:
    """Make an app whose objects have secrets, found by a loader."""
    oso = Oso()
    oso.register_class(Door)
    oso.load_str(policy)
    app = make_app(DEBUG=True, **config)
    FlaskOso(oso, app).loader(Door)(lambda key: Door(int(key), SECRET))
    return app.test_client()


def test_secrets_are_not_shown() -> None:
    """The value of an attribute named password is on no page."""
    client = make_doors('allow(a: Door, "open", d: Door) if a.password = d.password and d.id = 9;')

    page = ask(client, "Door:1", "open", "Door:2")

    assert "Door:1 may not" in page
    assert SECRET not in page


def test_configured_words_are_not_shown() -> None:
    """``OSO_REDACT`` counts as on the page of a denial."""
    policy = 'allow(a: Door, "open", d: Door) if a.id = d.id;'
    shown = ask(make_doors(policy), "Door:1", "open", "Door:234567")
    hidden = ask(make_doors(policy, OSO_REDACT=["id"]), "Door:1", "open", "Door:234567")

    assert "d.id is 234567" in re.sub("<[^>]+>", "", shown)
    assert "d.id is 234567" not in re.sub("<[^>]+>", "", hidden)


def test_policy_that_fails_is_broken_and_no_error_of_the_page() -> None:
    """A rule that raises is what a developer came to see."""
    page = ask(make_doors('allow(_, "open", d: Door) if d.nothing;'), "Door:1", "open", "Door:2")

    assert "Broken" in page


def test_code_that_raises_does_not_end_the_explorer() -> None:
    """What a loader raises is told on a page of the explorer, without its secrets."""
    app = make_app(DEBUG=True)
    oso = Oso()
    oso.register_class(Door)
    oso.load_str("allow(_, _, _: Door);")

    def fail(key: int) -> Door:
        raise ValueError("bad password='sesame-sesame'")

    FlaskOso(oso, app).loader(Door)(fail)

    response = app.test_client().get(
        ASK, query_string={"actor": "anonymous", "action": "open", "resource": "Door:1"}
    )

    assert response.status_code == 500
    assert "This page could not be made" in response.text
    assert "sesame" not in response.text


def test_session_is_rolled_back(shown: Flask, visitor: FlaskClient) -> None:
    """What a page reads leaves no transaction, and what code of the app changed is taken back."""
    undone: list[bool] = []
    session_of = Session.rollback

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "rollback", lambda self: (undone.append(True), session_of(self))[1])
        visitor.get("/_oso/matrix")

    assert undone == [True]


# -- who -------------------------------------------------------------------------------


def test_who_may_is_listed(visitor: FlaskClient) -> None:
    """The actors are found by one statement, which is shown."""
    page = visitor.get("/_oso/who?action=edit&resource=Issue:1").text

    assert re.findall(r"<b>(User:\d)</b>", page) == ["User:1", "User:2"]
    assert "The statement that found them" in page


def test_class_of_actors_is_chosen(visitor: FlaskClient) -> None:
    """A policy may know actors of several classes."""
    page = visitor.get("/_oso/who?action=edit&resource=Issue:1&class=Token").text

    assert re.findall(r"<b>(Token:\d)</b>", page) == ["Token:2"]


def test_who_may_without_a_statement_is_asked(
    shown: Flask, visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no statement can tell, actors are asked about one by one, and the page says so."""

    def refuse(*args: object) -> None:
        raise UnsupportedError("A method is called.")

    monkeypatch.setattr(Oso, "actors_query", refuse)
    page = visitor.get("/_oso/who?action=edit&resource=Issue:1").text

    assert re.findall(r"<b>(User:\d)</b>", page) == ["User:1", "User:2"]
    assert "one by one" in page
    assert "A method is called." in page


# -- matrix ----------------------------------------------------------------------------


def test_matrix_has_what_actors_may_do_to_rows(visitor: FlaskClient) -> None:
    """Each action that is allowed is a link to the question why."""
    page = visitor.get("/_oso/matrix?class=Issue").text

    assert "/_oso/ask?actor=User%3A1&amp;action=close&amp;resource=Issue%3A1" in page


def test_matrix_has_what_roles_give(visitor: FlaskClient) -> None:
    """An owner of an organization makes repositories by a rule, and reads it as a member does."""
    page = re.sub(r"\s+", " ", visitor.get("/_oso/matrix").text)

    row = page.split('<th scope="row">owner</th>')[1].split("</tr>")[0]
    assert re.findall(r'title="(\w+)"', row) == ["inferred", "direct"]


# -- decisions -------------------------------------------------------------------------


def ask_often(site: Site, count: int) -> FlaskClient:
    def view() -> str:
        for number in range(count):
            site.guard.authorize("page", action="read", actor="ann" if number else "root")
        return "done"

    site.app.debug = True
    site.app.add_url_rule("/view", "view", authorizes_inside(view))
    client = site.app.test_client()
    client.get("/view?token=abc")
    return client


def test_decision_is_kept_with_its_request(site: Site) -> None:
    """The page has the question, the outcome and the path, without the query."""
    page = ask_often(site, 1).get("/_oso/decisions").text

    assert "<b>&#34;root&#34;</b> read <b>&#34;page&#34;</b>" in page
    assert "<code>GET /view</code>" in page
    assert "abc" not in page


def test_decision_has_its_proof(site: Site) -> None:
    """A link of each decision leads to why."""
    page = ask_often(site, 1).get("/_oso/decisions?number=1").text

    assert "may &quot;read&quot; &quot;page&quot;." in page


def test_only_the_last_decisions_are_kept(site: Site) -> None:
    """An app that runs for days keeps no more than two hundred."""
    client = ask_often(site, MOST_KEPT + 5)

    kept = site.app.extensions["oso"].part(DecisionRing).latest()
    assert (len(kept), kept[0].number) == (MOST_KEPT, MOST_KEPT + 5)
    assert client.get("/_oso/decisions?number=1").status_code == 404


def test_nothing_is_kept_without_debug_mode(site: Site) -> None:
    """In production there is no ring, and nobody feeds it."""
    site.app.add_url_rule("/view", "view", authorizes_inside(lambda: "done"))
    site.app.test_client().get("/view")

    assert DecisionRing not in site.app.extensions["oso"].parts


def test_rows_are_kept_by_their_keys(shown: Flask) -> None:
    """A decision keeps no row, and so no session, alive; the proof finds it again."""
    client = shown.test_client()
    client.get("/repositories/2")

    ring = shown.extensions["oso"].part(DecisionRing)
    kept = next(each for each in ring.latest() if each.resource == "Repository:2")
    assert not hasattr(kept.question[2], "_sa_instance_state")
    assert "Repository:2." in client.get(f"/_oso/decisions?number={kept.number}").text


def test_policy_that_was_replaced_since_is_told(site: Site) -> None:
    """A proof by another policy than the one that decided says so."""
    client = ask_often(site, 1)
    site.guard.oso.load_str('allow("ann", _, _);', replace=True)

    page = client.get("/_oso/decisions?number=1").text

    assert "The policy was replaced since" in page
    assert "the answer is another one" in page


# -- policy ----------------------------------------------------------------------------


def test_policy_shows_source_and_hits(tmp_path: Path) -> None:
    """Beside a rule stands how many of the kept decisions it allowed."""
    page = ask_often(make_site(folder=tmp_path), 3).get("/_oso/policy").text

    assert re.findall(r"(\d+)\N{MULTIPLICATION SIGN} (\d+)</span>", page) == [
        ("2", "2"),
        ("1", "5"),
    ]


def test_policy_shows_findings(tmp_path: Path) -> None:
    """What the check finds is on the page, as ``flask oso check`` lists it."""
    site = make_site('allow(_, "read", _: Door);', DEBUG=True, folder=tmp_path)

    page = site.app.test_client().get("/_oso/policy").text

    assert "x-is-warning" in page


def test_policy_shows_what_is_wrong_in_itself(tmp_path: Path) -> None:
    """What the lint finds has its code on the page."""
    site = make_site("allow(_, _, _);", DEBUG=True, folder=tmp_path)

    page = site.app.test_client().get("/_oso/policy").text

    assert "OSO401 allows-everything" in page


# -- graph -----------------------------------------------------------------------------


def test_graph_draws_blocks_terms_and_grants(visitor: FlaskClient) -> None:
    """A drawing has each role and permission, and a line for each shorthand rule."""
    page = visitor.get("/_oso/graph").text

    assert "<title>role owner of Organization</title>" in page
    assert "<title>owner of Organization gives maintainer of Repository</title>" in page
    assert page.count('class="x-grant') == 16
    assert "style=" not in page


@pytest.mark.parametrize(
    "rules",
    [
        '"a" if "b"; "b" if "a";',
        '"a" if "a";',
        '"a" if "b"; "b" if "c"; "c" if "a"; "read" if "a";',
    ],
)
def test_graph_of_a_ring_is_drawn(rules: str) -> None:
    """Roles that give each other end up somewhere."""
    declared = 'roles = ["a", "b", "c"]; permissions = ["read"];'
    block = f"actor User {{}} resource Door {{ {declared} {rules} }}"
    app = make_app(DEBUG=True)
    oso = Oso()
    oso.register_class(Door)
    oso.register_class(User)
    oso.load_str(f"{block} has_role(_: User, _: String, _: Door); allow(_, _, _: Door);")
    FlaskOso(oso, app)

    assert app.test_client().get("/_oso/graph").status_code == 200
    assert app.test_client().get("/_oso/matrix").status_code == 200


def test_actor_of_the_request_does_not_matter(site: Site) -> None:
    """Pages are about whom the form names."""
    site.app.debug = True
    site.app.before_request(lambda: setattr(g, "current_user", "root"))

    assert "may not" in ask(site.app.test_client(), "eve", "read", "page")
