"""The classes that policies know without being told: models, and what guards name."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_oso import FlaskOso, Oso, OsoError, authorize
from flask_oso.polar.exceptions import (
    DuplicateClassAliasError,
    PolarRuntimeError,
    ValidationError,
)
from flask_oso.sqlalchemy.row_keys import LoadedRows
from tests.support.sites import make_app, make_site


class Plain:
    """A class that no database knows."""


def make_base() -> t.Any:
    """Make a declarative base."""
    return orm.declarative_base()


def add_model(base: t.Any, name: str) -> type:
    """Define a mapped class, whose table is named after how many there were before."""
    names = {
        "__tablename__": f"t{len(base.registry.mappers)}",
        "id": orm.mapped_column(sa.Integer, primary_key=True),
    }
    return type(name, (base,), names)


def app_with(folder: Path, policy: str, **config: t.Any) -> Flask:
    """Make an application whose policy is in a folder."""
    (folder / "policy.polar").write_text(policy)
    return make_app(folder=folder, OSO_POLICIES="policy.polar", **config)


# -- models --------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["base", "registry", "list", "generator"])
def test_models_are_registered(tmp_path: Path, form: str) -> None:
    """A base, its registry and the classes themselves are models."""
    base = make_base()
    note = add_model(base, "Note")
    forms = {
        "base": base,
        "registry": base.registry,
        "list": [note],
        "generator": (each for each in [note]),
    }

    oso = FlaskOso(app_with(tmp_path, "resource Note {}\nallow(_, _, _);"), models=forms[form])

    assert oso.oso is not None
    assert oso.oso.get_class("Note") is note


def test_plain_classes_are_models() -> None:
    """A list may have classes that no database knows."""
    oso = FlaskOso(make_app(), models=[Plain])

    assert oso.oso is not None
    assert oso.oso.get_class("Plain") is Plain


def test_base_in_a_list() -> None:
    """A base in a list stands for its mapped classes, beside classes that no database knows."""
    base = make_base()
    note = add_model(base, "Note")

    oso = FlaskOso(make_app(), models=[base, Plain])

    assert oso.oso is not None
    assert oso.oso.get_class("Note") is note
    assert oso.oso.get_class("Plain") is Plain


def test_base_is_no_class_of_policies() -> None:
    """What a base in a list stands for has no name of its own: two bases may have one name."""
    oso = FlaskOso(make_app(), models=[make_base(), make_base()])

    assert oso.oso is not None
    assert "Base" not in oso.oso.host.classes


def test_policy_about_a_class_that_is_no_model(tmp_path: Path) -> None:
    """An enum of a column, say: the load fails, and says where to add it."""
    app = app_with(tmp_path, 'allow(_, "read", x) if x = Status.OPEN;')

    with pytest.raises(ValidationError, match="Singleton variable Status") as caught:
        FlaskOso(app, models=make_base())

    assert caught.value.__notes__ == [
        "'models' registers the classes of a list, or those of a base that are mapped by now. Add"
        " the class to the list, 'models=[…, Status]', or import the modules of your models"
        " before 'init_app'."
    ]


def test_policy_about_a_value_that_python_writes_otherwise(tmp_path: Path) -> None:
    """`True` is no class that was forgotten: the load says what it is called."""
    app = app_with(tmp_path, 'allow(_, "read", x) if x.public = True;')

    with pytest.raises(ValidationError, match="Did you mean true") as caught:
        FlaskOso(app, models=make_base())

    assert not hasattr(caught.value, "__notes__")


def test_models_that_come_after_the_object(tmp_path: Path) -> None:
    """What is imported before ``init_app`` is in time."""
    base = make_base()
    oso = FlaskOso(models=base)
    note = add_model(base, "Note")
    app = app_with(tmp_path, "resource Note {}\nallow(_, _, _);")

    oso.init_app(app)

    assert app.extensions["oso"].oso.get_class("Note") is note


def test_models_that_come_after_the_policy(tmp_path: Path) -> None:
    """What is imported before the first request is known to it."""
    base = make_base()
    app = app_with(tmp_path, 'allow(_, "read", _: Note);')
    oso = FlaskOso(app, models=base)
    note = add_model(base, "Note")
    app.add_url_rule("/", "view", lambda: str(oso.can("read", note(), actor=None)))

    assert app.test_client().get("/").text == "True"


def test_models_that_come_after_the_policy_are_listed(tmp_path: Path) -> None:
    """A list of a class that was not known yet looks for it."""
    base = make_base()
    app = app_with(tmp_path, 'allow(_, "read", _: Note);')
    oso = FlaskOso(app, models=base)
    note = add_model(base, "Note")

    with app.app_context():
        assert "FROM t0" in str(oso.scope("read", note, actor=None))


def test_policy_about_models_that_are_not_imported(tmp_path: Path) -> None:
    """The load fails, and says what to import when."""
    app = app_with(tmp_path, "resource Note {}\nallow(_, _, _);")

    with pytest.raises(ValidationError, match="Unregistered class: Note") as caught:
        FlaskOso(app, models=make_base())

    assert caught.value.__notes__ == [
        "'models' registers the classes of a list, or those of a base that are mapped by now. Add"
        " the class to the list, 'models=[…, Note]', or import the modules of your models"
        " before 'init_app'."
    ]


def test_class_itself_in_a_policy_about_models_that_are_not_imported(tmp_path: Path) -> None:
    """A class that stands where an object may is a variable to the load."""
    app = app_with(tmp_path, 'allow(_, "create", Note);')

    with pytest.raises(ValidationError, match="Singleton variable Note") as caught:
        FlaskOso(app, models=make_base())

    assert "import the modules of your models before 'init_app'" in caught.value.__notes__[0]


def test_policy_about_models_that_were_not_given(tmp_path: Path) -> None:
    """Who forgets them is told how they are given."""
    app = app_with(tmp_path, "resource Note {}\nallow(_, _, _);")

    with pytest.raises(ValidationError, match="Unregistered class: Note") as caught:
        FlaskOso(app)

    assert caught.value.__notes__ == [
        "'FlaskOso' was given no 'models'. Give it the base of your mapped classes, or a list of"
        " classes: 'models=db.Model'."
    ]


def test_two_models_of_one_name() -> None:
    """Policies have one name for each class."""
    base = make_base()
    classes = [add_model(base, "Note"), type("Note", (), {})]

    with pytest.raises(DuplicateClassAliasError, match="as 'Note'") as caught:
        FlaskOso(make_app(), models=classes)

    assert caught.value.__notes__ == [
        "Register one under a name of its own before: 'policy = Oso()',"
        " 'policy.register_class(Note, name=\"MyNote\")', 'FlaskOso(policy, …)'."
    ]


@pytest.mark.parametrize("name", ["Request", "List", "Resource"])
def test_model_with_a_name_of_the_language(name: str) -> None:
    """A name that is taken has the same remedy."""
    with pytest.raises(PolarRuntimeError) as caught:
        FlaskOso(make_app(), models=[type(name, (), {})])

    assert f'name="My{name}"' in caught.value.__notes__[0]


def test_model_that_has_a_name_of_its_own() -> None:
    """What the program registers itself stays."""
    policy, listed = Oso(), type("List", (), {})
    policy.register_class(listed, name="TodoList")

    FlaskOso(policy, make_app(), models=[listed])

    assert policy.get_class("TodoList") is listed
    assert policy.get_class("List") is list


def test_extensions_share_an_oso_and_models() -> None:
    """Two objects with the same models register each class once."""
    policy = Oso()

    for _ in range(2):
        FlaskOso(policy, make_app(), models=[Plain])

    assert policy.get_class("Plain") is Plain


def test_models_of_an_oso_that_is_set_later() -> None:
    """``set_oso`` puts in an Oso that knows them, too."""
    extension, policy = FlaskOso(models=[Plain]), Oso()

    extension.set_oso(policy)

    assert policy.get_class("Plain") is Plain


# -- classes of guards ---------------------------------------------------------------


def test_class_of_a_guard_is_registered() -> None:
    """Nobody has to name it twice."""
    site = make_site('allow(_, "read", _: Plain);')
    site.guard.loader(Plain)(lambda key: Plain())
    site.app.add_url_rule("/<int:id>", "view", authorize("read", Plain)(lambda plain: "shown"))

    assert site.open("/1").text == "shown"


def test_class_of_a_guard_is_registered_before_the_policy(tmp_path: Path) -> None:
    """Views that are there before ``init_app`` name classes for its resource blocks."""
    app = app_with(tmp_path, "resource Plain {}\nallow(_, _, _);")
    app.add_url_rule("/", "view", authorize("read", Plain)(lambda: "shown"))

    FlaskOso(app)

    assert app.extensions["oso"].oso.get_class("Plain") is Plain


def test_class_of_a_guard_that_has_another_name() -> None:
    """A class that is registered keeps its name."""
    site = make_site()
    policy = site.app.extensions["oso"].oso
    policy.register_class(Plain, name="Memo")
    policy.load_str('allow(_, "read", Memo);', replace=True)
    site.app.add_url_rule("/", "view", authorize("read", Plain)(lambda: "shown"))

    assert site.open("/").text == "shown"
    assert "Plain" not in policy.host.classes


def test_class_of_a_guard_whose_name_is_taken() -> None:
    """Rules would be about another class, so the app does not serve."""
    site = make_site()
    site.app.extensions["oso"].oso.register_class(type("Plain", (), {}))
    site.app.add_url_rule("/", "view", authorize("read", Plain)(lambda: "SECRET"))

    assert site.open("/", "root").status_code == 500
    with pytest.raises(OsoError, match=r"A guard \(.*\) names <class .*Plain'>\. Attempted to"):
        site.guard.check_routes(site.app)


def test_class_of_a_guard_beside_rows_that_are_registered_by_hand() -> None:
    """A program that has no models gets none: its rows are compared as Python compares them."""
    base = make_base()
    note, shelf = add_model(base, "Note"), add_model(base, "Shelf")
    site = make_site()
    policy = site.app.extensions["oso"].oso
    policy.register_class(shelf)
    site.app.add_url_rule("/", "view", authorize("read", note)(lambda: "shown"))

    with pytest.warns(UserWarning, match="which no rule names"):
        site.open("/", "root")

    assert policy.get_class("Note") is note
    assert type(policy.host.identities) is LoadedRows


def test_class_of_a_guard_is_listed(tmp_path: Path) -> None:
    """A mapped class that only a guard names has lists."""
    base = make_base()
    note = add_model(base, "Note")
    app = app_with(tmp_path, 'allow(_, "read", _: Note);')
    oso = FlaskOso(app)
    app.add_url_rule("/", "view", oso.lists("read", note, actor=None)(lambda notes: str(notes)))

    assert "FROM t0" in app.test_client().get("/").text


def test_class_of_a_guard_beside_models_is_listed(tmp_path: Path) -> None:
    """A mapped class of another base than that of the models has lists as they have."""
    models, base = make_base(), make_base()
    add_model(models, "Shelf")
    note = add_model(base, "Note")
    app = app_with(tmp_path, 'allow(_, "read", _: Note); allow(_, "read", _: Shelf);')
    oso = FlaskOso(app, models=models)
    app.add_url_rule("/", "view", oso.lists("read", note, actor=None)(lambda notes: str(notes)))

    assert "FROM t0" in app.test_client().get("/").text


def site_about(folder: Path, policy: str) -> tuple[FlaskOso, Flask]:
    """Make an application with a note and a memo, which is a note, that lists and shows notes."""
    base = make_base()
    note = add_model(base, "Note")
    memo = type("Memo", (note,), {})
    app = app_with(folder, policy)
    oso = FlaskOso(app, models=[note, memo], session=lambda: None)
    oso.actor_loader(lambda: "ann")
    app.add_url_rule("/", "index", oso.lists("read", note)(lambda notes: str(notes)))
    app.add_url_rule("/<int:note_id>", "show", authorize("read", note)(lambda note: "shown"))
    return oso, app


def test_class_without_rules_is_told(tmp_path: Path) -> None:
    """A list that is always empty, and an object that is always denied, look like any other."""
    _, app = site_about(tmp_path, 'allow("ann", "read", "page");')

    with pytest.warns(UserWarning) as caught:
        app.test_client().get("/")

    shown, listed = sorted(str(each.message) for each in caught)
    assert shown.startswith("No rule is about 'Note', which the endpoint 'index'")
    assert 'so that each list stays empty. Write a rule: \'allow(user: User, "read", note' in shown
    assert "endpoint 'show'" in listed
    assert "so that each answer is a denial." in listed


@pytest.mark.parametrize(
    "policy",
    [
        'allow(_, "read", _: Note);',
        'allow(_, "read", _: Memo);',
        'allow(_, "read", x) if x.id = 1;',
        "allow(_, _, _);",
        'allow(_, "read", x) if x matches Resource; resource Memo { permissions = ["read"]; }',
    ],
)
def test_class_that_rules_are_about_is_not_told_of(
    tmp_path: Path, policy: str, recwarn: pytest.WarningsRecorder
) -> None:
    """Rules may be about a subclass, or about anything."""
    _, app = site_about(tmp_path, policy)

    app.test_client().get("/")

    assert [str(each.message) for each in recwarn if "No rule" in str(each.message)] == []
