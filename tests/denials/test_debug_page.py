"""``FlaskOso.explain``, and what a denial says in debug mode: the page and the problem details."""

from __future__ import annotations

import html
import logging
import re
import sys
import typing as t

import pytest
from flask import g
from werkzeug.exceptions import Forbidden

from flask_oso import FlaskOso, Oso, OsoError, authorize, authorizes_inside
from flask_oso.polar.proof import Outcome
from tests.support.sites import make_app

POLICY = """
allow(user: User, "edit", note: Note) if
  note.author = user and
  not note.closed;
allow(_, "read", _: Note);
"""
CLIENTS = [{"Accept": "text/html"}, {"Accept": "application/json"}]


class User:
    """Someone with a secret."""

    def __init__(self, id: int) -> None:
        self.id = id
        self.salary = 4321


class Note:
    """Something written."""

    def __init__(self, author: User) -> None:
        self.id = 7
        self.author = author
        self.closed = False


ANN, BEN = User(1), User(2)


class Desk:
    """An app in which ben edits a note of ann."""

    def __init__(self, policy: str = POLICY, **config: t.Any) -> None:
        self.oso = Oso()
        self.oso.register_class(User)
        self.oso.register_class(Note)
        self.oso.load_str(policy)
        self.app = make_app("desk", **config)
        self.guard = FlaskOso(self.oso, self.app)
        self.note: t.Any = Note(ANN)
        self.action: t.Any = "edit"
        self.app.before_request(self.load_user)
        self.app.add_url_rule("/notes/<int:number>", "edit", authorizes_inside(self.edit))

    def load_user(self) -> None:
        g.current_user = BEN

    def edit(self, number: int) -> str:
        self.guard.authorize(self.note, action=self.action)
        return "edited"

    def open(self, headers: dict[str, str], path: str = "/notes/7?token=abc") -> t.Any:
        return self.app.test_client().get(path, headers=headers)


@pytest.mark.parametrize("config", [{}, {"TESTING": True}])
@pytest.mark.parametrize("headers", CLIENTS)
def test_denial_says_nothing_in_production(
    config: dict[str, t.Any], headers: dict[str, str]
) -> None:
    """Without debug mode, also in tests, a denial names no rule, no object and no value."""
    response = Desk(**config).open(headers)

    assert response.status_code == 403
    assert "note" not in response.text.replace("/notes/7", "")
    assert "Content-Security-Policy" not in response.headers


def test_denial_shows_the_proof_in_debug_mode() -> None:
    """The page has the question, a suggestion, what failed, and the place of the view."""
    response = Desk(DEBUG=True).open(CLIENTS[0])

    assert (response.status_code, response.mimetype) == (403, "text/html")
    assert "User:2 may not &quot;edit&quot; Note:7." in response.text
    assert "<code>note.author = User:2</code>" in response.text
    assert "<mark>note.author = user</mark>" in response.text
    assert "<dt>Request</dt><dd><code>GET /notes/7</code></dd>" in response.text
    assert "<dt>Route</dt><dd><code>/notes/&lt;int:number&gt;</code></dd>" in response.text
    assert "test_debug_page.py:" in response.text


def test_page_highlights_the_policy() -> None:
    """Text of the policy has the classes of Pygments, values have none."""
    page = Desk(DEBUG=True).open(CLIENTS[0]).text

    assert '<code class="oso-policy"><span class="nf">allow</span>' in page
    assert "<code>User:2</code>" in page


def test_page_shows_plain_text_without_pygments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra for highlighting may be missing."""
    monkeypatch.setitem(sys.modules, "flask_oso.consoles.highlighting", None)

    page = Desk(DEBUG=True).open(CLIENTS[0]).text

    assert '<code class="oso-policy">note.author = user</code>' in page


@pytest.mark.parametrize("text", ["<script>", "</code>", "&lt;b&gt;", "$", '"'])
def test_highlighted_text_is_escaped(text: str) -> None:
    """Whatever stands in a string of the policy is text on the page."""
    name = text.replace('"', '\\"')
    page = (
        Desk(f'allow(_, "edit", note: Note) if note.closed = "{name}";', DEBUG=True)
        .open(CLIENTS[0])
        .text
    )

    titles = re.findall(r'<code class="oso-policy">(.*?)</code>', page)
    shown = [html.unescape(re.sub(r"</?span[^>]*>", "", title)) for title in titles]
    assert f'note.closed = "{name}"' in shown


def test_page_tells_browsers_to_keep_and_run_nothing() -> None:
    """The page is not stored, and nothing can be loaded, sent or run from it."""
    headers = Desk(DEBUG=True).open(CLIENTS[0]).headers

    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Vary"] == "Accept"


def test_page_has_no_script_and_nothing_to_load() -> None:
    """All of it is in the page."""
    page = Desk(DEBUG=True).open(CLIENTS[0]).text

    assert "<script" not in page
    assert "http:" not in page
    assert "https:" not in page
    assert "src=" not in page


def test_query_of_the_request_is_not_shown() -> None:
    """The query string may hold secrets, and is not shown."""
    assert "abc" not in Desk(DEBUG=True).open(CLIENTS[0]).text


def test_problem_details_have_the_proof_in_debug_mode() -> None:
    """Programs get what the page shows as a member."""
    response = Desk(DEBUG=True).open(CLIENTS[1])

    found = response.get_json(force=True)
    assert response.mimetype == "application/problem+json"
    assert (found["title"], found["status"]) == ("Forbidden", 403)
    assert found["proof"]["outcome"] == "denied"
    assert found["proof"]["suggestions"][0]["text"] == "note.author = User:2"
    assert (found["request"], found["route"]) == ("GET /notes/7", "/notes/<int:number>")
    assert "warning" not in found
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", CLIENTS)
def test_handler_of_the_app_comes_first(headers: dict[str, str]) -> None:
    """The app's own answer to a 403 is the answer in debug mode."""
    desk = Desk(DEBUG=True)
    desk.app.register_error_handler(403, lambda error: ("our own page", 403))

    assert desk.open(headers).text == "our own page"


def test_handler_that_gives_the_error_back_gives_the_page() -> None:
    """A handler that only looks at the error changes nothing."""
    desk = Desk(DEBUG=True)
    seen: list[Forbidden] = []
    desk.app.register_error_handler(403, lambda error: seen.append(error) or error)

    assert "User:2 may not" in desk.open(CLIENTS[0]).text
    assert len(seen) == 1


def test_unauthorized_action_comes_first() -> None:
    """What the app returns for a denial is the response."""
    desk = Desk(DEBUG=True)
    desk.guard.set_unauthorized_action(lambda: "our own answer")

    assert desk.open(CLIENTS[0]).text == "our own answer"


@pytest.mark.parametrize("headers", CLIENTS)
def test_page_that_cannot_be_made_leaves_the_denial(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer is the plain one, and the log says so."""
    desk = Desk(DEBUG=True)

    def fail(*args: t.Any, **options: t.Any) -> t.NoReturn:
        raise RuntimeError("no page")

    monkeypatch.setattr(Oso, "explain", fail)
    with caplog.at_level(logging.ERROR):
        response = desk.open(headers)

    assert response.status_code == 403
    assert "Content-Security-Policy" not in response.headers
    (record,) = caplog.records
    assert record.getMessage() == "The page that explains a denial could not be made."
    assert record.exc_info is not None


def test_policy_that_breaks_meanwhile_is_told() -> None:
    """What raises while it is explained shows as broken, and the answer stays a denial."""
    desk = Desk('allow(_, "edit", note: Note) if note.asks();', DEBUG=True)
    answers = iter([False])
    desk.note.asks = lambda: next(answers)

    response = desk.open(CLIENTS[0])

    assert response.status_code == 403
    assert "An error ended the evaluation" in response.text


def test_value_that_polar_has_not_is_explained() -> None:
    """A number beyond 64 bits is denied without the policy, and the page says so."""
    desk = Desk(DEBUG=True)
    desk.action = 2**70

    response = desk.open(CLIENTS[0])

    assert response.status_code == 403
    assert "The action is a value that no policy can be asked about" in response.text


def test_policy_that_did_not_load_is_told() -> None:
    """The page warns that files are newer than what is in force."""
    desk = Desk(DEBUG=True)
    desk.app.extensions["oso"].reload_problem = "main.polar:3:1: <oops>"

    page, details = (desk.open(headers) for headers in CLIENTS)

    assert "The policy files changed and did not load." in page.text
    assert "main.polar:3:1: &lt;oops&gt;" in page.text
    assert details.get_json(force=True)["warning"] == "main.polar:3:1: <oops>"


def test_hidden_object_is_explained_in_debug_mode() -> None:
    """A 404 that stands for a denial says why, too; its status stays."""
    desk = Desk('allow(u: User, "read", note: Note) if note.author = u;', DEBUG=True)
    desk.guard.loader(Note)(lambda number: desk.note)
    desk.app.add_url_rule("/show/<int:id>", "show", authorize("read", Note)(lambda note: "shown"))

    response = desk.open(CLIENTS[0], "/show/7")

    assert response.status_code == 404
    assert "User:2 may not &quot;read&quot; Note:7." in response.text


def test_object_that_is_missing_has_nothing_to_explain() -> None:
    """Nothing was asked about it, so the answer is the plain one."""
    desk = Desk('allow(u: User, "read", note: Note) if note.author = u;', DEBUG=True)
    desk.guard.loader(Note)(lambda number: None)
    desk.app.add_url_rule("/show/<int:id>", "show", authorize("read", Note)(lambda note: "shown"))

    response = desk.open(CLIENTS[0], "/show/7")

    assert response.status_code == 404
    assert "oso-proof" not in response.text


def test_names_of_the_configuration_are_redacted() -> None:
    """``OSO_REDACT`` adds to the attributes whose values are not shown."""
    policy = 'allow(user: User, "edit", _: Note) if user.salary > 5000;'

    plain = Desk(policy, DEBUG=True).open(CLIENTS[0]).text
    redacted = Desk(policy, DEBUG=True, OSO_REDACT=["salary"]).open(CLIENTS[0]).text

    assert "4321" in plain
    assert "4321" not in redacted
    assert "[redacted]" in redacted


@pytest.mark.parametrize("value", ["salary", 3, None, ["salary", 3]])
def test_names_to_redact_are_a_list(value: object) -> None:
    """One name in place of a list would be taken for its letters."""
    with pytest.raises(OsoError) as caught:
        Desk(OSO_REDACT=value)

    assert str(caught.value) == f"'OSO_REDACT' must be a list of names, not {value!r}."


def test_extension_explains_what_it_would_authorize() -> None:
    """The arguments are those of ``authorize``: actor and action have the same defaults."""
    desk = Desk(OSO_REDACT=["author"])

    with desk.app.test_request_context("/"):
        g.current_user = BEN
        proof = desk.guard.why("edit", desk.note)
        other = desk.guard.why("edit", desk.note, actor=ANN)
        method = desk.guard.why("GET", desk.note)

    assert (proof.outcome, proof.args) == (Outcome.DENIED, ("User:2", '"edit"', "Note:7"))
    assert "note.author is [redacted]" in str(proof)
    assert other.outcome is Outcome.ALLOWED
    assert method.args[1] == '"GET"'


def test_explaining_is_not_authorizing() -> None:
    """A view that only explains has made no decision, and its answer is withheld."""
    desk = Desk()
    desk.guard.require_authorization(desk.app)
    desk.app.testing = True
    desk.app.add_url_rule("/why", "why", lambda: str(desk.guard.why("GET", desk.note, actor=ANN)))

    with pytest.raises(OsoError, match="Authorize not called"):
        desk.open(CLIENTS[0], "/why")


def test_extension_explains_a_value_that_polar_has_not() -> None:
    """As ``authorize``, it denies such a value."""
    desk = Desk()

    with desk.app.test_request_context("/"):
        proof = desk.guard.why(2**70, desk.note, actor=BEN)

    assert proof.outcome is Outcome.DENIED
    assert proof.summary == "<User object> may not ? <Note object>."
