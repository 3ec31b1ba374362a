"""What the pages about Flask say of names, keys and defaults is what is in the code."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tomllib
import types
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import render_template_string
from werkzeug.test import TestResponse

from flask_oso import FlaskOso, Oso, OsoError, authorize
from tests.docs.application import load_application, make_names
from tests.docs.examples import DOCS, PAGES, examples_of, is_about_flask, read_examples
from tests.support.sites import make_app

#: The other pages name methods of other libraries.
ABOUT_FLASK = [page for page in PAGES if is_about_flask(page) and page.stem != "other-libraries"]
LEVELS = "explanation/levels.md"
_KEY = re.compile(r"^\| `(OSO_\w+)` \| `([^`]+)` \|", re.MULTILINE)


def text_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def program_of(name: str, section: str) -> str:
    """Give the programs of a section."""
    found = [each for each in read_examples(DOCS / name) if each.section == section]
    return "\n".join(each.text for each in found if each.kind == "python")


@pytest.fixture
def application(tmp_path: Path) -> Iterator[types.ModuleType]:
    """The application that the pages build on."""
    yield load_application(tmp_path)


def test_table_of_keys() -> None:
    """Each key is there, with its default, in the order of the alphabet."""
    page = text_of("reference/flask/configuration.md")
    app = make_app("defaults")
    FlaskOso(app)

    told = [(key, ast.literal_eval(value)) for key, value in _KEY.findall(page)]
    assert told == sorted(item for item in app.config.items() if item[0].startswith("OSO_"))


@pytest.mark.parametrize("level", re.findall(r'^\| `"(\w+)"`', text_of(LEVELS), re.MULTILINE))
def test_level_exists(level: str) -> None:
    """Each level of the page is a value of the key."""
    FlaskOso(make_app("levels", OSO_ENFORCE=level))

    with pytest.raises(OsoError):
        FlaskOso(make_app("levels", OSO_ENFORCE=f"{level}est"))


def test_arguments_of_the_decorator() -> None:
    """Each keyword in the table is one, and none is left out."""
    table = text_of("reference/flask/decorators.md").partition("**Which object.**")[0]

    told = re.findall(r"^\| `(\w+)=[^|]*` \|", table, re.MULTILINE)
    known = inspect.signature(authorize).parameters
    assert {*told, "func", "resource", "action"} == {*known}


def test_extra_of_the_page_is_one_of_the_package() -> None:
    """Each extra of the page is one of the package."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    table = text_of("reference/flask/index.md").partition("## Extras")[2]

    told = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert told
    assert set(told) <= set(project["optional-dependencies"])


@pytest.mark.parametrize("page", ABOUT_FLASK, ids=lambda page: page.stem)
@pytest.mark.parametrize(("name", "cls"), [("oso", FlaskOso), ("policy", Oso)])
def test_page_names_methods_that_exist(page: Path, name: str, cls: type) -> None:
    """What is called on the extension or on the policy, in the text too, is there."""
    called = re.findall(rf"`@?{name}\.(\w+)\(", page.read_text(encoding="utf-8"))

    assert [method for method in called if not hasattr(cls, method)] == []


def test_table_of_methods_of_oso() -> None:
    """Each method in the table of the page about Oso is one."""
    table = text_of("reference/flask/oso.md").partition("## Any action")[0]

    called = re.findall(r"`(\w+)\(", table)
    assert called
    assert [name for name in called if not hasattr(Oso(), name)] == []


def refuse_forgotten_view(app: t.Any) -> None:
    """Run the test to keep, for an application."""
    names = {"create_app": lambda: app}
    exec(program_of("how-to/leave-nothing-open.md", "Keep a test"), names)
    t.cast(t.Any, names["test_forgotten_view_is_refused"])()


def test_test_to_keep_passes() -> None:
    """It passes for an application that was initialized."""
    names = make_names("")
    names["oso"].require_authorization(names["app"], strict=True)

    refuse_forgotten_view(names["app"])


def test_test_to_keep_fails_without_init_app() -> None:
    """It fails where the key is set and ``init_app`` never runs."""
    with pytest.raises(AssertionError):
        refuse_forgotten_view(make_app("uninitialized", OSO_ENFORCE="strict"))


@pytest.mark.parametrize(("name", "shown"), [("ana", True), ("ben", False)])
def test_template_shows_what_is_allowed(name: str, shown: bool) -> None:
    """The template of the page renders, and shows a link to whom it is for."""
    names = make_names("")
    page = next(each.text for each in examples_of("file") if each.note == "file: note.html")

    with names["app"].test_request_context("/", auth=(name, "")):
        names["app"].preprocess_request()
        text = render_template_string(page, note=names["NOTES"][1], note_id=1)

    assert ("Edit" in text, "Only its author" in text, "Delete" in text) == (
        shown,
        not shown,
        False,
    )


def test_decision_is_logged_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of the decision log has the fields of the one on the page."""
    shown = json.loads(next(each.text for each in examples_of("json decision")))
    names = make_names("")
    exec(program_of("how-to/logging.md", "The decision log"), names)

    answer: TestResponse = names["app"].test_client().put("/notes/1", auth=("ana", ""))

    written = json.loads(capsys.readouterr().out)
    assert answer.status_code == 200
    assert list(written) == list(shown)
    alike = ("outcome", "endpoint", "method", "action")
    assert [written[field] for field in alike] == [shown[field] for field in alike]


def test_factory_gives_each_application_its_policy(tmp_path: Path) -> None:
    """The applications of the page do not share rules."""
    names = make_names("")
    exec(program_of("how-to/several-applications.md", "Several applications"), names)
    question = (names["USERS"]["ben"], "edit", names["NOTES"][1])

    answers: list[bool] = []
    for rule in ('allow(_, "read", _: Note);', "allow(_, _, _);"):
        path = tmp_path / f"policy{len(answers)}.polar"
        path.write_text(rule, encoding="utf-8")
        app = names["create_app"](str(path))
        answers.append(app.extensions["oso"].oso.is_allowed(*question))

    assert answers == [False, True]


def test_application_of_the_pages_is_guarded(application: types.ModuleType) -> None:
    """The application that all pages build on is one to copy: no route is open."""
    application.oso.check_routes(application.app)

    assert application.app.config["OSO_ENFORCE"] == "strict"
