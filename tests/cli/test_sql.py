"""``flask oso sql``: the statement of a list, its parameters, and the plan of a database."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.models.protected_notes import Notebook, open_notebook
from tests.support.sites import run_command


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    """Give an app whose session is protected."""
    with open_notebook() as notebook:
        yield notebook


def test_statement_and_plan(notebook: Notebook) -> None:
    """The statement has its values in it, and the database of the session says how it searches."""
    result = run_command(notebook.app, "sql", "User:1", "read", "Project")

    assert result.exit_code == 0
    assert "FROM projects" in result.output
    assert "projects.owner_id = 1 OR projects.name = 'open'" in result.output
    assert "SCAN projects" in result.output


def test_statement_of_another_dialect(notebook: Notebook) -> None:
    """A statement of another database has no plan."""
    result = run_command(notebook.app, "sql", "User:1", "read", "Note", "--dialect", "cockroachdb")

    assert result.exit_code == 0
    assert "FROM notes" in result.output
    assert "No plan: the session is sqlite." in result.output


@pytest.mark.parametrize(
    "name",
    [
        "sqlite",
        "postgresql",
        "mysql",
        "mariadb",
        "cockroachdb",
        "citus",
        "yugabytedb",
        "tidb",
        "vitess",
    ],
)
def test_dialect_is_found_by_the_name_of_a_database(notebook: Notebook, name: str) -> None:
    """Databases are named as they are called, and spoken to in the dialect that they have."""
    options = ["--dialect", name, "--format", "json", "--no-plan"]

    result = run_command(notebook.app, "sql", "User:1", "read", "Note", *options)

    printed = json.loads(result.output)
    assert printed["dialect"] == name
    assert printed["parameters"]
    assert printed["plan"] == []


def test_unknown_dialect(notebook: Notebook) -> None:
    """A dialect that is not installed is told of."""
    result = run_command(notebook.app, "sql", "User:1", "read", "Note", "--dialect", "nothing")

    assert result.exit_code == 2
    assert "There is no dialect 'nothing'." in result.output


def test_unknown_class(notebook: Notebook) -> None:
    """A class that is misspelt is told of, in a sentence."""
    result = run_command(notebook.app, "sql", "User:1", "read", "note")

    assert result.exit_code == 2
    assert "No class 'note' is registered. Did you mean 'Note'?" in result.output


def test_unknown_action(notebook: Notebook) -> None:
    """A list of nothing says that no rule knows the action."""
    notebook.oso.clear_rules()
    notebook.oso.load_str('allow(_: User, "read", _: Note);')

    result = run_command(notebook.app, "sql", "User:1", "raed", "Note", "--no-plan")

    assert result.exit_code == 0
    assert result.stderr == "No rule allows 'raed'. Did you mean 'read'?\n"


def test_value_that_is_not_plain_is_a_parameter(notebook: Notebook) -> None:
    """A text that a database might read in its own way stays a parameter."""
    notebook.oso.clear_rules()
    notebook.oso.load_str('allow(_: User, "read", p: Project) if p.name = "it\'s; --";')

    result = run_command(notebook.app, "sql", "User:1", "read", "Project", "--no-plan")

    assert "projects.name = ?" in result.output
    assert "it's; --" not in result.output.partition("PARAMETER")[0]
    assert "it's; --" in result.output


def test_policy_without_a_statement(notebook: Notebook) -> None:
    """What cannot be a condition on rows is told of, with its place."""
    notebook.oso.clear_rules()
    notebook.oso.load_str('allow(_: User, "read", n: Note) if n.title.swapcase() = "ONE";')

    result = run_command(notebook.app, "sql", "User:1", "read", "Note")

    assert result.exit_code == 2
    assert "No statement can list these rows." in result.output


def test_application_without_a_session(notebook: Notebook) -> None:
    """Without a database the statement is printed all the same."""
    notebook.guard.set_get_session(lambda: None)

    result = run_command(notebook.app, "sql", "anonymous", "read", "Project")

    assert result.exit_code == 0
    assert "No plan: there is no session." in result.output
