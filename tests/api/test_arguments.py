"""What ``FlaskOso`` is given: an app, an Oso, a policy, models and a session."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import current_app
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso, OsoError, authorize
from flask_oso.polar.exceptions import PolarFileNotFoundError
from tests.support.models.notebook import POLICY, Note, User, db, make_notebook, open_as
from tests.support.sites import make_app

OPEN = 'allow(_, "read", "page");'


def policy_in(folder: Path, text: str = OPEN, name: str = "policy.polar") -> str:
    """Write a policy, and give its name."""
    (folder / name).write_text(text)
    return name


# -- an app and an Oso ---------------------------------------------------------------


def test_app_is_the_first_argument() -> None:
    """As with Flask's other extensions: the app gets an Oso of its own."""
    app = make_app()

    oso = FlaskOso(app)

    assert oso.app is app
    assert oso.oso is app.extensions["oso"].oso
    assert isinstance(oso.oso, Oso)


@pytest.mark.parametrize(
    "make",
    [
        lambda app, oso: FlaskOso(oso, app),
        lambda app, oso: FlaskOso(app, oso),
        lambda app, oso: FlaskOso(oso, app=app),
        lambda app, oso: FlaskOso(app, oso=oso),
        lambda app, oso: FlaskOso(app=app, oso=oso),
    ],
)
def test_app_and_oso_in_any_order(make: t.Any) -> None:
    """They are told by what they are, in the order of 0.27 and in the other."""
    app, oso = make_app(), Oso()

    extension = make(app, oso)

    assert (extension.app, extension.oso) == (app, oso)


def test_app_is_a_proxy() -> None:
    """``current_app`` stands for the app."""
    app = make_app()

    with app.app_context():
        extension = FlaskOso(current_app)

    assert extension.app is app


def test_no_oso_and_an_app() -> None:
    """``FlaskOso(None, app)`` of 0.27 has no Oso yet."""
    assert FlaskOso(None, make_app()).oso is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            lambda: FlaskOso("policy.polar"),  # type: ignore[call-overload]
            "'FlaskOso' takes a Flask or an Oso by position, not 'str'. A policy file is given by"
            " name: 'FlaskOso(policy='policy.polar')'.",
        ),
        (
            lambda: FlaskOso(t.cast("t.Any", Note)),
            "'FlaskOso' takes a Flask or an Oso by position, not 'Note'. Models are given by name:"
            " 'FlaskOso(models=Note)'.",
        ),
        (
            lambda: FlaskOso(Oso),  # type: ignore[call-overload]
            "'FlaskOso' takes a Flask or an Oso by position, not 'Oso'. Call it:"
            " 'FlaskOso(Oso())'.",
        ),
        (
            lambda: FlaskOso(make_app(), make_app()),  # type: ignore[call-overload]
            "'FlaskOso' was given two values for its app. Give it one.",
        ),
        (
            lambda: FlaskOso(app="app"),  # type: ignore[call-overload]
            "'app' is a Flask, not 'str'.",
        ),
        (
            lambda: FlaskOso(oso=make_app()),  # type: ignore[call-overload]
            "'oso' is an Oso, not 'Flask'.",
        ),
        (
            lambda: FlaskOso(policy=Oso()),  # type: ignore[call-overload]
            "'policy' is the path of a policy file, and was given an Oso. Write 'FlaskOso(oso=…)'.",
        ),
        (
            lambda: FlaskOso(policy=[1]),  # type: ignore[list-item]
            "'policy' is the path of a policy file, or a list of paths, not 1.",
        ),
        (
            lambda: FlaskOso(models="Note"),
            "'models' is a declarative base, such as 'db.Model', or a list of classes, not 'Note'.",
        ),
        (
            lambda: FlaskOso(models=[Note, "User"]),
            "'models' is a list of classes, and 'User' is none.",
        ),
        (
            lambda: FlaskOso(models=db),
            "'models' was given 'SQLAlchemy'. Give its declarative base: 'models=db.Model'.",
        ),
        (
            lambda: FlaskOso(session=orm.sessionmaker()),
            "'session' was given 'sessionmaker', which makes a new session at each call. Give"
            " 'scoped_session(…)' of it, or a function that gives the session of the request.",
        ),
        (
            lambda: FlaskOso(session=orm.Session),
            "'session' was given 'Session', which makes a new session at each call. Give"
            " 'scoped_session(…)' of it, or a function that gives the session of the request.",
        ),
        (
            lambda: FlaskOso(session=orm.Session()),  # type: ignore[call-overload]
            "'session' was given 'Session'. Give a 'scoped_session', such as 'db.session', or a"
            " function that gives the session of the request.",
        ),
    ],
)
def test_argument_that_cannot_be_meant(arguments: t.Any, message: str) -> None:
    """Each mistake has its remedy."""
    with pytest.raises(TypeError) as caught:
        arguments()

    assert str(caught.value) == message


# -- a policy ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [str, Path, lambda name: [name], lambda name: iter((name,))])
def test_policy_is_relative_to_the_root(tmp_path: Path, kind: t.Any) -> None:
    """A path, or several, are found from the root of each app, again and again."""
    apps = [make_app(name, folder=tmp_path) for name in ("one", "two")]
    extension = FlaskOso(policy=kind(policy_in(tmp_path)))

    for app in apps:
        extension.init_app(app)

    osos = [app.extensions["oso"].oso for app in apps]
    assert [oso.is_allowed("ann", "read", "page") for oso in osos] == [True, True]
    assert osos[0] is not osos[1]


def test_policy_is_a_pattern(tmp_path: Path) -> None:
    """``policies/*.polar`` names what is there."""
    (tmp_path / "policies").mkdir()
    policy_in(tmp_path / "policies")

    extension = FlaskOso(make_app(folder=tmp_path), policy="policies/*.polar")

    assert extension.oso is not None
    assert extension.oso.is_allowed("ann", "read", "page")


def test_policy_that_the_configuration_names_as_well(tmp_path: Path) -> None:
    """The same files are no contradiction."""
    name = policy_in(tmp_path)
    app = make_app(folder=tmp_path, OSO_POLICIES=[tmp_path / name])

    FlaskOso(app, policy=name)

    assert app.extensions["oso"].oso.is_allowed("ann", "read", "page")


def test_policy_that_the_configuration_contradicts(tmp_path: Path) -> None:
    """Nobody has to guess which of two is in force."""
    name, other = policy_in(tmp_path), policy_in(tmp_path, OPEN, "other.polar")
    app = make_app(folder=tmp_path, OSO_POLICIES=other)

    with pytest.raises(OsoError) as caught:
        FlaskOso(app, policy=name)

    assert str(caught.value) == (
        "The policy is named twice: 'policy' of 'FlaskOso' is 'policy.polar', and 'OSO_POLICIES'"
        " is 'other.polar'. Name it in one place."
    )
    assert "oso" not in app.extensions


def test_policy_that_is_missing(tmp_path: Path) -> None:
    """The error says where its name came from."""
    with pytest.raises(PolarFileNotFoundError) as caught:
        FlaskOso(make_app(folder=tmp_path), policy="gone.polar")

    assert caught.value.__notes__ == [
        f"From 'policy'; relative names start at the root of the app, {tmp_path}, or in the working"
        " directory."
    ]


def test_policies_of_two_extensions_of_an_app(tmp_path: Path) -> None:
    """Each loads its own."""
    app = make_app(folder=tmp_path)
    first = FlaskOso(app, policy=policy_in(tmp_path))
    second = FlaskOso(app, policy=policy_in(tmp_path, 'allow(_, "read", "shelf");', "shelf.polar"))

    with app.app_context():
        answers = [each.can("read", "page", actor=None) for each in (first, second)]

    assert answers == [True, False]


def test_factory_that_is_called_twice(tmp_path: Path) -> None:
    """Each app has a policy of its own, and the same rules."""
    (tmp_path / "notes.polar").write_text(POLICY)
    extension = FlaskOso(policy=tmp_path / "notes.polar", models=db.Model)
    apps = [make_notebook() for _ in range(2)]

    for app in apps:
        extension.init_app(app)
        app.add_url_rule(
            "/notes/<int:note_id>", "note", authorize("read", Note)(lambda note: note.text)
        )

    answers = [open_as(app, 2, f"/notes/{key}").status_code for app in apps for key in (1, 2)]
    assert answers == [404, 200, 404, 200]


# -- a session -----------------------------------------------------------------------


@pytest.mark.parametrize("is_function", [True, False])
def test_session_reads_objects(tmp_path: Path, is_function: bool) -> None:
    """A scoped session, or a function that gives one, finds what a route names."""
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    Note.metadata.create_all(engine)
    sessions = orm.scoped_session(orm.sessionmaker(engine))
    sessions.add_all([User(id=1), Note(id=1, author_id=1, public=True)])
    sessions.commit()
    app = make_app(folder=tmp_path)
    policy = policy_in(tmp_path, 'allow(_, "read", note: Note) if note.public;')
    session = (lambda: sessions) if is_function else sessions
    oso = FlaskOso(app, policy=policy, models=[Note], session=session)

    with app.app_context():
        found = oso.load(Note, 1, action="read", actor=None)

    assert found is sessions.get(Note, 1)
    sessions.remove()
    engine.dispose()
