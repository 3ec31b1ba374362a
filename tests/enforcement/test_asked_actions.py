"""Actions that nothing asks for, and routes whose actions no rule grants."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from flask_oso import FlaskOso, Oso, authorize
from flask_oso.enforcement.audit.asked_actions import findings_about_app
from tests.support.lint_cases import Doc, Folder, make_lint_oso
from tests.support.sites import make_app

READERS = 'allow(user: User, "{0}", doc: Doc) if doc.owner = user;\n'


def app_with(folder: Path, text: str) -> tuple[Flask, Oso]:
    """Make an app in a folder whose policy is this text, and whose views are given later."""
    (folder / "policy.polar").write_text(text, encoding="utf-8")
    app = make_app(folder=folder, static=None, OSO_POLICIES="policy.polar")
    oso = make_lint_oso()
    FlaskOso().init_app(app, oso)
    return app, oso


def found_in(app: Flask, oso: Oso) -> list[str]:
    """Give the codes and first lines of the findings about an app."""
    found = findings_about_app(app, oso.lint_files())
    return [f"{each.code.number} {each.message.partition(' at line')[0]}" for each in found]


def test_action_that_nothing_asks_for_is_found(tmp_path: Path) -> None:
    """A rule for an action whose text is nowhere in the program is of no use, or misspelt."""
    action = "".join(["ro", "tate"])
    app, oso = app_with(tmp_path, READERS.format(action))

    found = found_in(app, oso)

    assert found == [
        f'OSO301 No route, no template and no code asks for the action "{action}"',
    ]


def test_permission_that_nothing_asks_for_is_found(tmp_path: Path) -> None:
    """What a block declares counts as what a rule grants."""
    action = "".join(["ro", "tate"])
    text = (
        "allow(actor, action, resource) if has_permission(actor, action, resource);\n"
        f'actor User {{}} resource Doc {{ roles = ["a"]; permissions = ["{action}"];'
        f' "{action}" if "a"; }}\n'
        'has_role(user: User, "a", doc: Doc) if doc.owner = user;'
    )
    app, oso = app_with(tmp_path, text)

    assert [each[:6] for each in found_in(app, oso)] == ["OSO301"]


def test_action_in_a_template_is_asked_for(tmp_path: Path) -> None:
    """What a template asks is a use like that of a route."""
    action = "".join(["ro", "tate"])
    app, oso = app_with(tmp_path, READERS.format(action))
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "doc.html").write_text(f"{{% if may('{action}', doc) %}}", "utf-8")

    assert found_in(app, oso) == []


def test_action_of_a_guard_is_asked_for(tmp_path: Path) -> None:
    """The guard of a route stands in the code of the program."""
    app, oso = app_with(tmp_path, READERS.format("amend"))

    @app.route("/docs/<int:doc_id>")
    @authorize("amend", Doc)
    def show(doc: Doc) -> str:
        return str(doc)

    assert found_in(app, oso) == []


def test_action_that_another_one_needs_is_of_use(tmp_path: Path) -> None:
    """A condition that names a permission asks for it."""
    action = "".join(["ro", "tate"])
    text = (
        'allow(user: User, "amend", doc: Doc) if'
        f' allow(user, "{action}", doc);\n{READERS.format(action)}'
    )
    app, oso = app_with(tmp_path, text)

    @app.route("/docs/<int:doc_id>")
    @authorize("amend", Doc)
    def show(doc: Doc) -> str:
        return str(doc)

    assert found_in(app, oso) == []


def test_route_whose_action_no_rule_grants_is_found(tmp_path: Path) -> None:
    """Nobody passes such a guard."""
    app, oso = app_with(tmp_path, READERS.format("amend"))

    @app.route("/folders/<int:folder_id>")
    @authorize("amend", Folder)
    def show(folder: Folder) -> str:
        return str(folder)

    assert found_in(app, oso) == [
        "OSO302 No rule lets anybody 'amend' a Folder, which the endpoint 'show' asks for. Write a"
        " rule, or name another action.",
    ]


def test_route_about_the_class_itself_is_not_judged(tmp_path: Path) -> None:
    """Rules about a class are about the class, which the lint does not follow."""
    app, oso = app_with(tmp_path, 'allow(user: User, "amend", Folder) if user.is_admin;')

    @app.route("/folders")
    @authorize("amend", Folder, load=False)
    def index() -> str:
        return ""

    assert found_in(app, oso) == []


def test_word_in_the_text_of_a_template_asks_for_nothing(tmp_path: Path) -> None:
    """A page that says "rotated" does not ask for "rotate"."""
    action = "".join(["ro", "tate"])
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(f"<p>It was {action}d.</p>")
    app, oso = app_with(tmp_path, READERS.format(action))

    assert [each[:6] for each in found_in(app, oso)] == ["OSO301"]


def test_template_of_another_engine_asks_for_all_that_it_contains(tmp_path: Path) -> None:
    """What Jinja cannot read is searched as a text."""
    action = "".join(["ro", "tate"])
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.txt").write_text(f"{{% mine {action} %}}")
    app, oso = app_with(tmp_path, READERS.format(action))

    assert found_in(app, oso) == []


def test_action_chosen_from_a_list_is_found(tmp_path: Path) -> None:
    """``action in ["read", …]`` grants each action of the list."""
    action = "".join(["ro", "tate"])
    rule = f'allow(user: User, action, doc: Doc) if action in ["{action}"] and doc.owner = user;'
    app, oso = app_with(tmp_path, rule)

    assert [each[:6] for each in found_in(app, oso)] == ["OSO301"]
