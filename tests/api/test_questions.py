"""The questions of a FlaskOso about the current actor, in views, in templates and outside."""

from __future__ import annotations

import contextlib
import logging
import sys
import traceback
import typing as t
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, g, render_template_string, session
from sqlalchemy import orm
from werkzeug.exceptions import Forbidden, HTTPException, NotFound

from flask_oso import FlaskOso, Oso, OsoError, VetoedCommitError, authorizes_inside
from flask_oso.sqlalchemy import SqlAlchemyAdapter
from tests.support.models.notebook import POLICY, Note, User, db, make_notebook, open_as
from tests.support.sites import make_app, make_oso


class Notebook(t.NamedTuple):
    """An application with notes, and its FlaskOso."""

    app: Flask
    oso: FlaskOso


class Draft:
    """What no policy knows."""


def make(folder: Path, policy: str = POLICY, **config: t.Any) -> Notebook:
    """Make an application whose policy is in a folder."""
    path = folder / "notes.polar"
    path.write_text(policy)
    app = make_notebook(**config)
    return Notebook(app, FlaskOso(app, policy=path, models=db.Model))


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    """Give an application with notes whose views must authorize."""
    return make(tmp_path, OSO_ENFORCE="strict")


@pytest.fixture
def oso(notebook: Notebook) -> Iterator[FlaskOso]:
    """Give a FlaskOso within a request of user 1."""
    with notebook.app.test_request_context():
        g._login_user = db.session.get(User, 1)
        yield notebook.oso


def note(number: int) -> t.Any:
    """Give a note."""
    return db.session.get(Note, number)


def user(number: int) -> t.Any:
    """Give a user."""
    return db.session.get(User, number)


def keys(statement: t.Any) -> list[int]:
    """Give the keys of the rows of a statement."""
    return sorted(row.id for row in db.session.scalars(statement))


def inside(notebook: Notebook, view: Callable[[], t.Any]) -> None:
    """Add a view that authorizes inside, at '/'."""
    notebook.app.add_url_rule("/", "view", authorizes_inside(view), methods=["GET", "POST"])


# -- answers -------------------------------------------------------------------------


def test_can_is_about_the_current_actor(oso: FlaskOso) -> None:
    """Both answers are about who is logged in, unless another actor is named."""
    assert oso.can("edit", note(1))
    assert oso.cannot("edit", note(3))
    assert oso.can("edit", note(3), actor=user(2))
    assert oso.cannot("edit", note(1), actor=None)


def test_permissions_are_the_allowed_actions(oso: FlaskOso) -> None:
    """They are a set of what may be done with one object."""
    assert oso.permissions(note(1)) == {"read", "edit"}
    assert oso.permissions(note(2), actor=user(2)) == {"read"}
    assert oso.permissions(note(1), actor=None) == set()


def test_permissions_of_who_may_do_anything(tmp_path: Path) -> None:
    """A rule for any action gives the permissions of the block, and a star."""
    notebook = make(tmp_path, POLICY + "allow(user: User, _, _: Note) if user.id = 2;")

    with notebook.app.app_context():
        found = notebook.oso.permissions(note(1), actor=user(2))

    assert found == {"read", "edit", "delete", "*"}


def test_permissions_without_a_block_are_those_that_rules_name() -> None:
    """Where a rule allows any action, the actions are those in the heads of rules."""
    app = make_app()
    oso = FlaskOso(make_oso('allow("root", _, _); allow(_, "read", "page");'), app)

    with app.app_context():
        assert oso.permissions("page", actor="root") == {"read", "*"}
        assert oso.permissions("page", actor="ann") == {"read"}


def test_scope_selects_the_allowed_rows(oso: FlaskOso) -> None:
    """The statement is about the current actor, and goes on as any other."""
    assert keys(oso.scope("read", Note)) == [1, 2]
    assert keys(oso.scope("read", Note).where(Note.public)) == [2]
    assert keys(oso.scope("edit", Note, actor=user(2))) == [3]
    assert keys(oso.scope("read", Note, actor=None)) == [2]


def test_scope_of_an_alias(oso: FlaskOso) -> None:
    """An alias of a class selects the same rows."""
    assert keys(oso.scope("read", t.cast("t.Any", orm.aliased(Note)))) == [1, 2]


@pytest.mark.parametrize(
    ("ask", "found"),
    [
        (lambda oso: oso.scope("read", Note), [1, 2]),
        (lambda oso: oso.scope("read", t.cast("t.Any", orm.aliased(Note))), [1, 2]),
        (lambda oso: oso.actors_query("edit", note(1), User), [1]),
    ],
)
def test_rows_beside_an_adapter_are_a_select(
    ask: Callable[[FlaskOso], t.Any], found: list[int]
) -> None:
    """A program for oso 0.27 keeps its adapter, whose own queries no session executes."""
    app, policy = make_notebook(), Oso()
    policy.register_class(User)
    policy.register_class(Note)
    policy.load_str(POLICY)

    with app.test_request_context():
        policy.set_data_filtering_adapter(SqlAlchemyAdapter(db.session))
        g._login_user = user(1)
        statement = ask(FlaskOso(policy, app))

        assert isinstance(statement, sa.Select)
        assert keys(statement) == found


def test_filter_keeps_allowed_objects_in_order(oso: FlaskOso) -> None:
    """Objects are left out, and not moved."""
    notes = [note(3), note(2), note(1)]

    assert oso.filter("read", notes) == [notes[1], notes[2]]
    assert oso.filter("read", iter(notes), actor=None) == [notes[1]]


def test_action_columns_tell_what_is_allowed_on_rows(oso: FlaskOso) -> None:
    """A column for each action is true where it is allowed."""
    columns = oso.action_columns(Note, ["read", "edit"])
    statement = sa.select(Note.id, *columns.values()).order_by(Note.id)

    assert [*map(tuple, db.session.execute(statement))] == [
        (1, True, True),
        (2, True, True),
        (3, False, False),
    ]


def test_actors_query_selects_who_may(oso: FlaskOso) -> None:
    """It is the question the other way round."""
    assert keys(oso.actors_query("edit", note(3), User)) == [2]


def test_why_explains_what_can_answers(oso: FlaskOso) -> None:
    """A proof is true where the answer is yes."""
    assert oso.why("edit", note(1))
    assert not oso.why("edit", note(3))
    assert not oso.why("edit", note(1), actor=None)


def test_repl_knows_the_actor(oso: FlaskOso, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompt has the names that it is given, and the actor."""
    seen: list[t.Any] = []
    monkeypatch.setattr(type(oso.oso), "repl", lambda self, **options: seen.append(options))

    oso.repl({"note": 1}, actor="ann")

    assert seen == [{"constants": {"note": 1, "actor": "ann"}}]


# -- what enforces -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "number", "error"),
    [("edit", 2, Forbidden), ("edit", 1, NotFound), ("read", 1, NotFound)],
)
def test_authorize_hides_what_may_not_be_read(
    notebook: Notebook, action: str, number: int, error: type[HTTPException]
) -> None:
    """An action and a resource are answered as by the decorator."""
    with notebook.app.test_request_context():
        with pytest.raises(error):
            notebook.oso.authorize(action, note(number), actor=user(2))
        notebook.oso.authorize(action, note(number), actor=user(1))


@pytest.mark.parametrize("resource", [Note, "report", 7])
def test_authorize_hides_no_class_and_no_constant(oso: FlaskOso, resource: t.Any) -> None:
    """Nobody finds out by the answer that there is such a class."""
    with pytest.raises(Forbidden):
        oso.authorize("destroy", resource)


def test_authorize_takes_a_class(oso: FlaskOso) -> None:
    """A rule about the class itself applies."""
    oso.authorize("create", Note)


def test_authorize_hides_what_is_missing(oso: FlaskOso) -> None:
    """A look-up that finds nothing is 404, as what is hidden is."""
    with pytest.raises(NotFound):
        oso.authorize("edit", note(99))


def test_authorize_without_hiding(oso: FlaskOso) -> None:
    """``check_read=False`` answers 403 also for what may not be read."""
    with pytest.raises(Forbidden):
        oso.authorize("edit", note(3), check_read=False)


@pytest.mark.parametrize(
    "judge",
    [
        lambda oso: oso.authorize(note(3), action="edit"),
        lambda oso: oso.authorize(resource=note(3), action="edit"),
        lambda oso: oso.authorize(note(3)),
    ],
)
def test_authorize_of_a_resource_alone_is_that_of_older_programs(
    oso: FlaskOso, judge: Callable[[FlaskOso], None]
) -> None:
    """One position is the resource, and a denial is 403."""
    with pytest.raises(Forbidden):
        judge(oso)


def test_nobody_is_asked_to_log_in(notebook: Notebook) -> None:
    """Where somebody could log in, a denial of nobody is 401."""
    inside(notebook, lambda: notebook.oso.authorize("edit", note(1)))

    assert open_as(notebook.app, None, "/").status_code == 401


@pytest.mark.parametrize(("number", "error"), [(2, Forbidden), (1, NotFound)])
def test_field_is_denied_as_an_object_is(
    notebook: Notebook, number: int, error: type[HTTPException]
) -> None:
    """A field of what may be read is 403, and one of what is hidden 404."""
    with notebook.app.test_request_context():
        notebook.oso.authorize_field("read", note(number), "text", actor=user(1))
        with pytest.raises(error):
            notebook.oso.authorize_field("read", note(number), "text", actor=user(2))


# -- what counts as the check of a view ------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda oso: oso.authorize("read", note(2)),
        lambda oso: oso.authorize_field("read", note(2), "text"),
        lambda oso: oso.scope("read", Note),
        lambda oso: oso.filter("read", [note(1)]),
    ],
)
def test_what_enforces_or_shows_rows_is_the_check(
    notebook: Notebook, ask: Callable[[FlaskOso], t.Any]
) -> None:
    """The answer of a view that asked so leaves."""
    inside(notebook, lambda: f"{ask(notebook.oso)}SHOWN")

    assert open_as(notebook.app, 1, "/").status_code == 200


@pytest.mark.parametrize(
    "ask",
    [
        lambda oso: oso.can("read", note(2)),
        lambda oso: oso.cannot("read", note(2)),
        lambda oso: oso.permissions(note(2)),
        lambda oso: oso.why("read", note(2)),
        lambda oso: oso.action_columns(Note),
        lambda oso: oso.actors_query("read", note(2), User),
    ],
)
def test_what_only_answers_is_not_the_check(
    notebook: Notebook, ask: Callable[[FlaskOso], t.Any]
) -> None:
    """The answer of a view that did no more than ask is withheld."""
    inside(notebook, lambda: f"{ask(notebook.oso)}SECRET")

    answer = open_as(notebook.app, 1, "/")

    assert answer.status_code == 500
    assert b"SECRET" not in answer.data


def test_view_that_only_asked_is_told_what_to_call(notebook: Notebook) -> None:
    """The error names the question that enforces nothing."""
    notebook.app.testing = True
    inside(notebook, lambda: str(notebook.oso.can("read", note(2))))

    with pytest.raises(OsoError, match="Authorize not called") as caught:
        open_as(notebook.app, 1, "/")

    assert caught.value.__notes__[-1] == (
        "Its code calls 'can', which answers and enforces nothing: call 'authorize' of the"
        " FlaskOso, as in 'oso.authorize(\"read\", note)', or 'scope' for a list."
    )


@pytest.mark.parametrize(("name", "is_allowed"), [("scope", False), ("authorize", True)])
def test_list_allows_no_commit(tmp_path: Path, name: str, is_allowed: bool) -> None:
    """Whoever may read a list was not allowed to write."""
    notebook = make(tmp_path, OSO_VETO_COMMITS=True)

    def change() -> str:
        resource = Note if name == "scope" else note(1)
        getattr(notebook.oso, name)("read", resource)
        note(1).text = "changed"
        try:
            db.session.commit()
        except VetoedCommitError:
            return "vetoed"
        return "committed"

    inside(notebook, change)

    assert open_as(notebook.app, 1, "/", "POST").text == ("committed" if is_allowed else "vetoed")


def test_error_of_a_policy_is_no_check(tmp_path: Path) -> None:
    """A list that could not be made leaves the view without a check."""
    notebook = make(tmp_path, 'allow(_, "read", note: Note) if note.text.swapcase() = "A";')
    notebook.oso.require_authorization(notebook.app)

    def view() -> str:
        with pytest.raises(OsoError):
            notebook.oso.scope("read", Note)
        return "SECRET"

    inside(notebook, view)

    assert open_as(notebook.app, 1, "/").status_code == 500


# -- templates -----------------------------------------------------------------------


def test_templates_know_the_questions(oso: FlaskOso) -> None:
    """They are ``oso``, beside the names that stand alone."""
    text = (
        "{{ oso.can('edit', note) }} {{ oso.cannot('edit', note) }} {{ can('edit', note) }}"
        " {{ oso.permissions(note) | sort | join(',') }}"
        " {{ oso.filter('read', [note]) | length }} {{ oso.can('edit', note, actor=none) }}"
    )

    assert render_template_string(text, note=note(1)) == "True False True edit,read 1 False"


def test_templates_cannot_change_the_extension(oso: FlaskOso) -> None:
    """What sets an application up is not there, and no prompt."""
    text = "{{ oso.set_oso is defined }} {{ oso.repl is defined }}"

    assert render_template_string(text) == "False False"


def test_name_of_the_program_stays_in_templates(tmp_path: Path) -> None:
    """An application that has an ``oso`` in its templates keeps it."""
    app = make_notebook()
    app.jinja_env.globals["oso"] = "ours"

    FlaskOso(app)

    with app.test_request_context():
        assert render_template_string("{{ oso }}") == "ours"


def test_template_asks_each_question_once(oso: FlaskOso, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten buttons of one kind cost one check."""
    asked: list[t.Any] = []
    policy = t.cast("t.Any", oso.oso)
    decide = policy.is_allowed
    monkeypatch.setattr(policy, "is_allowed", lambda *args: asked.append(args) or decide(*args))

    shown = render_template_string(
        "{% for _ in range(10) %}{{ oso.can('edit', note) }}{% endfor %}", note=note(1)
    )

    assert (shown, len(asked)) == ("True" * 10, 1)


def test_misspelt_variable_is_no_denial(oso: FlaskOso) -> None:
    """A name that the template does not have is an error of the page."""
    with pytest.raises(Exception, match="'ntoe' is undefined"):
        render_template_string("{{ oso.can('edit', ntoe) }}")


# -- outside of requests -------------------------------------------------------------

ASKED: list[Callable[[FlaskOso, dict[str, t.Any]], t.Any]] = [
    lambda oso, who: oso.can("read", note(2), **who),
    lambda oso, who: oso.authorize("read", note(2), **who),
    lambda oso, who: oso.authorize_field("read", note(2), "text", **who),
    lambda oso, who: oso.permissions(note(2), **who),
    lambda oso, who: oso.scope("read", Note, **who),
    lambda oso, who: oso.filter("read", [note(2)], **who),
    lambda oso, who: oso.action_columns(Note, **who),
    lambda oso, who: oso.why("read", note(2), **who),
    lambda oso, who: oso.load(Note, 2, action="read", **who),
]


@pytest.mark.parametrize("ask", ASKED)
def test_actor_is_named_outside_of_requests(
    notebook: Notebook, ask: Callable[[FlaskOso, dict[str, t.Any]], t.Any]
) -> None:
    """Commands and workers say who acts."""
    with notebook.app.app_context():
        ask(notebook.oso, {"actor": user(1)})


@pytest.mark.parametrize("find", [None, lambda: None, lambda: session["user"]])
@pytest.mark.parametrize("ask", ASKED)
def test_actor_that_is_not_named_outside_of_requests(
    notebook: Notebook, ask: Callable[[FlaskOso, dict[str, t.Any]], t.Any], find: t.Any
) -> None:
    """There is no current actor, and that is not the anonymous one."""
    if find is not None:
        notebook.oso.actor_loader(find)

    with notebook.app.app_context(), pytest.raises(OsoError) as caught:
        ask(notebook.oso, {})

    assert str(caught.value) == (
        "There is no request, so there is no current actor. Say who acts: 'actor=…'; 'actor=None'"
        " is the anonymous actor."
    )


def test_question_without_an_application() -> None:
    """The message says which context is missing."""
    with pytest.raises(OsoError, match=r"Push one with 'with app\.app_context\(\):'"):
        FlaskOso().can("read", "page", actor="ann")


def test_authorize_as_a_decorator() -> None:
    """It asks at once, where there is no request yet: the message names the decorator."""
    with pytest.raises(OsoError) as caught:
        FlaskOso().authorize("edit", Note)

    assert str(caught.value) == (
        "Application context doesn't exist, and 'authorize' of a FlaskOso asks at once. The"
        " decorator of a view is '@authorize' of 'flask_oso'; away from views, push a context with"
        " 'with app.app_context():'."
    )


# -- mistakes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (
            "authorize",
            lambda: (note(1), "edit"),
            "'authorize' was given an object of 'Note' in place of an action. The action stands"
            " first: 'authorize(\"edit\", note)'.",
        ),
        (
            "can",
            lambda: (Note, "create"),
            "'can' was given the class 'Note' in place of an action. The action stands first:"
            " 'can(\"create\", Note)'.",
        ),
        (
            "scope",
            lambda: (Note, "read"),
            "'scope' was given the class 'Note' in place of an action. The action stands first:"
            " 'scope(\"read\", Note)'.",
        ),
        (
            "scope",
            lambda: ("read", note(1)),
            "'scope' takes the class of the rows, and was given an object of 'Note'. Write"
            " 'scope(\"read\", Note)', or judge the object with 'can' or 'authorize'.",
        ),
        (
            "scope",
            lambda: ("read", "Note"),
            "'scope' was given the text 'Note' in place of a class. Give the class itself.",
        ),
        (
            "scope",
            lambda: ("read", Draft),
            "'Draft' is not mapped, so it has no rows to select. Give a mapped class, or an alias"
            " of one.",
        ),
        (
            "filter",
            lambda: ([note(1)], "read"),
            "'filter' was given an object of 'list' in place of an action. The action stands"
            " first: 'filter(\"read\", …)'.",
        ),
        (
            "filter",
            lambda: ("read", Note),
            "'filter' takes objects, and was given the class 'Note'. A statement of the allowed"
            " rows is '.scope(\"read\", Note)'.",
        ),
        (
            "filter",
            lambda: ("read", note(1)),
            "'filter' takes several objects, and was given an object of 'Note'. Of one object ask"
            " 'can'.",
        ),
        (
            "scope",
            lambda: (Note,),
            "'scope' takes an action and a class, as in 'scope(\"read\", Note)', and was given the"
            " class 'Note' alone.",
        ),
        (
            "scope",
            lambda: ("edit",),
            "'scope' takes an action and a class, as in 'scope(\"edit\", Note)', and was given the"
            " action 'edit' alone.",
        ),
        (
            "filter",
            lambda: ([note(1)],),
            "'filter' takes an action and objects, as in 'filter(\"read\", notes)', and was given"
            " an object of 'list' alone.",
        ),
        (
            "action_columns",
            lambda: (Note, "read"),
            "'action_columns' takes a list of actions. Write 'actions=['read']'.",
        ),
        (
            "authorize",
            lambda: ("edit", note(1), 3),
            "'authorize' takes an action and a resource, as in 'authorize(\"edit\", note)', or the"
            " resource alone with 'action=…'. The actor is given by name: 'actor=…'.",
        ),
        (
            "authorize",
            lambda: ("page", "edit"),
            "'authorize' was given 'page' in place of an action. The action stands first:"
            ' \'authorize("edit", "page")\'.',
        ),
        (
            "can",
            lambda: ("page", "edit"),
            "'can' was given 'page' in place of an action. The action stands first:"
            ' \'can("edit", "page")\'.',
        ),
        (
            "authorize",
            lambda: ("edit",),
            "'authorize' was given the action 'edit' and no resource. Name the resource second:"
            " 'authorize(\"edit\", note)'.",
        ),
        (
            "can",
            lambda: (["read", "edit"], note(1)),
            "'can' takes one action, and was given ['read', 'edit']. Ask once for each.",
        ),
        (
            "filter",
            lambda: ({"read"}, [note(1)]),
            "'filter' takes one action, and was given {'read'}. Ask once for each.",
        ),
        (
            "authorize_field",
            lambda: ("read", note(1), Note.text),
            "'authorize_field' takes the name of a field, and was given an object of"
            " 'InstrumentedAttribute'. Write 'text'.",
        ),
        (
            "scope",
            lambda: ("read", sa.select(Note)),
            "'scope' takes a mapped class, as in 'scope(\"read\", Note)', and was given an object"
            " of 'Select'.",
        ),
        (
            "filter",
            lambda: ("read", sa.select(Note)),
            "'filter' takes objects, and was given an object of 'Select'. A statement of the"
            " allowed rows is '.scope(\"read\", Note)'.",
        ),
        (
            "lists",
            lambda: (Note, "read"),
            "'lists' was given the class 'Note' in place of an action. The action stands first:"
            " 'lists(\"read\", Note)'.",
        ),
    ],
)
def test_mistake_has_its_message(
    oso: FlaskOso, call: str, arguments: Callable[[], tuple[t.Any, ...]], message: str
) -> None:
    """Arguments that cannot be meant are an error, and no denial."""
    with pytest.raises(OsoError) as caught:
        getattr(oso, call)(*arguments())

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("action", "resource", "message"),
    [
        (
            "publish",
            lambda: note(1),
            "The action 'publish' is never allowed by the policy, which allows 'create',"
            " 'delete', 'edit', 'read'.",
        ),
        ("raed", lambda: note(1), "The action 'raed' is never allowed by the policy. Did you mean"),
        (
            "read",
            Draft,
            "The policy was asked whether 'read' is allowed on an object of 'Draft', and denied"
            " it: the class is not registered, so that no rule names it. Name 'Draft' in 'models'"
            " of 'FlaskOso', or call 'register_class'.",
        ),
        (
            "edit",
            lambda: User,
            "The policy was asked whether 'edit' is allowed on the class 'User' itself, and denied"
            " it: it has rules about objects of the class only. Give it the object, or write a"
            " rule about 'User' without a colon.",
        ),
        (
            "edit",
            lambda: "note",
            "The policy was asked whether 'edit' is allowed on the text 'note', and denied it: no"
            " rule has this text. Give an object of 'Note', or the class itself: Note without"
            " quotes.",
        ),
        (
            "edit",
            lambda: [note(1)],
            "The policy was asked whether 'edit' is allowed on a list, and denied it: it has rules"
            " about one object. Ask about each, or for those that are allowed: 'filter(…)',"
            " and 'scope(…)' of rows.",
        ),
        (
            "edit",
            lambda: sa.select(Note),
            "The policy was asked whether 'edit' is allowed on a statement, and denied it: it has"
            " rules about one object. Ask about each, or for those that are allowed:"
            " 'filter(…)', and 'scope(…)' of rows.",
        ),
    ],
)
@pytest.mark.parametrize("call", ["can", "authorize"])
def test_denial_that_is_likely_a_mistake_is_told_to_the_log(
    notebook: Notebook,
    caplog: pytest.LogCaptureFixture,
    call: str,
    action: str,
    resource: Callable[[], t.Any],
    message: str,
) -> None:
    """It stays a denial, and the log says once what is wrong."""
    with notebook.app.test_request_context():
        with contextlib.suppress(HTTPException):
            getattr(notebook.oso, call)(action, resource(), actor=user(1))
        with contextlib.suppress(HTTPException):
            getattr(notebook.oso, call)(action, resource(), actor=user(1))

    assert [text[: len(message)] for text in caplog.messages] == [message]


@pytest.mark.parametrize("resource", ["lamp", "page", ["lamp"], [], 7])
def test_text_that_may_be_a_resource_is_not_told_of(
    notebook: Notebook, caplog: pytest.LogCaptureFixture, resource: t.Any
) -> None:
    """Only what has the name of a class, and a list of objects, is a likely mistake."""
    with notebook.app.test_request_context():
        assert not notebook.oso.can("edit", resource, actor=user(1))

    assert caplog.messages == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda oso, action: oso.action_columns(Note, ["read", action]),
        lambda oso, action: oso.actors_query(action, note(1), User),
    ],
    ids=["action_columns", "actors_query"],
)
@pytest.mark.parametrize("action", ["raed", "publish"])
def test_column_of_an_action_that_no_rule_allows_is_told_to_the_log(
    oso: FlaskOso, caplog: pytest.LogCaptureFixture, ask: Callable[..., t.Any], action: str
) -> None:
    """A button that nobody ever sees is a likely mistake, and its column is false in each row."""
    for _ in range(2):
        ask(oso, action)

    (message,) = caplog.messages
    assert message.startswith(f"The action {action!r} is never allowed by the policy")


# -- who hears of it -----------------------------------------------------------------


def test_lists_are_in_the_decision_log(oso: FlaskOso, caplog: pytest.LogCaptureFixture) -> None:
    """A record says who listed rows of which class."""
    caplog.set_level(logging.INFO, "flask_oso.decisions")

    oso.scope("read", Note)
    oso.filter("edit", [note(1)])

    assert caplog.messages == [
        'listed: actor "User:1", action "read", resource "Note"',
        'listed: actor "User:1", action "edit", resource "Note"',
    ]


def test_field_is_in_the_decision_log(oso: FlaskOso, caplog: pytest.LogCaptureFixture) -> None:
    """A record names the field, and the rule that allowed it."""
    caplog.set_level(logging.INFO, "flask_oso.decisions")

    oso.authorize_field("read", note(1), "text")
    with pytest.raises(Forbidden):
        oso.authorize_field("read", note(1), "author")

    assert caplog.messages == [
        'allowed: actor "User:1", action "read", resource "Note:1", field "str:text"',
        'denied: actor "User:1", action "read", resource "Note:1", field "str:author"',
    ]
    assert t.cast("t.Any", caplog.records[0]).rule.endswith("notes.polar:17")


def test_what_only_answers_is_not_in_the_decision_log(
    oso: FlaskOso, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing happens by it."""
    caplog.set_level(logging.INFO, "flask_oso.decisions")

    oso.can("read", note(1))
    oso.permissions(note(1))

    assert caplog.messages == []


# -- mistaken calls ------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["can", "cannot", "why"])
def test_actor_in_front_is_refused(call: str, oso: FlaskOso) -> None:
    """A FlaskOso knows who acts."""
    with pytest.raises(OsoError) as caught:
        getattr(oso, call)(user(1), "edit", note(1))

    assert str(caught.value) == (
        f"'{call}' takes an action and a resource, as in '{call}(\"edit\", note)'. The actor is"
        f" given by name: '{call}(\"edit\", note, actor=user)'."
    )


def test_actor_in_front_of_a_resource_is_refused(oso: FlaskOso) -> None:
    """So it is where nothing but the resource is asked about."""
    with pytest.raises(OsoError, match=r"'permissions\(note, actor=user\)'"):
        oso.permissions(user(1), note(1))


def test_actor_in_front_of_a_class_is_refused(oso: FlaskOso) -> None:
    """An actor in front of a class is refused where lists are asked for, too."""
    with pytest.raises(OsoError, match=r"'scope\(\"read\", Note, actor=user\)'"):
        oso.scope(user(1), "read", Note)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("is_allowed", "'oso.can(\"edit\", note, actor=user)'"),
        ("authorized_query", "'oso.scope(\"read\", Note, actor=user)'"),
        ("authorized_actions", "'oso.permissions(note, actor=user)'"),
        ("check", "'oso.can(\"edit\", note)'"),
        ("actions", "'oso.permissions(note)'"),
        ("select", "'oso.scope(\"read\", Note)'"),
        ("get_or_404", "'oso.load(Note, note_id, action=\"read\")'"),
        ("permission_required", "Write '@authorize' on the view"),
        ("load_files", "'OSO_POLICIES'"),
        ("register_class", "'models'"),
        ("query_rule", "'oso.oso.query_rule'"),
    ],
)
def test_method_of_an_oso_is_told_otherwise(name: str, remedy: str, oso: FlaskOso) -> None:
    """Who looks for a method of 'Oso' hears what a FlaskOso has in its place."""
    with pytest.raises(AttributeError) as caught:
        getattr(oso, name)

    assert str(caught.value).startswith(f"'FlaskOso' object has no attribute '{name}'. ")
    assert remedy in str(caught.value)
    assert "Did you mean" not in traceback.format_exception_only(caught.value)[-1]


def test_misspelt_method_is_left_to_python(oso: FlaskOso) -> None:
    """Python knows the names that are there."""
    with pytest.raises(AttributeError) as caught:
        oso.authorise("read", note(1))  # type: ignore[attr-defined]

    # Python 3.11 looks there only where it prints an error itself.
    assert (caught.value.name, caught.value.obj) == ("authorise", oso)
    assert sys.version_info < (3, 12) or "Did you mean: 'authorize'?" in "".join(
        traceback.format_exception_only(caught.value)
    )


def test_unknown_attribute_is_missing(oso: FlaskOso) -> None:
    """What nobody has is simply not there."""
    assert not hasattr(oso, "nonsense")
