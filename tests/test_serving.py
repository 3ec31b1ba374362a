"""What an app does when it is served: its policies are compiled before they are asked."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.cli import FlaskGroup

from flask_oso import FlaskOso, Oso
from tests.support.answers import count_answers
from tests.support.children import run_python
from tests.support.sites import make_app

POLICY = 'allow(user: User, "read", "page") if user.id = 1;'


class User:
    """Who asks."""

    id = 1


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of what the command of Flask sets stay."""
    monkeypatch.setenv("FLASK_DEBUG", "0")
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "false")
    monkeypatch.delenv("OSO_COMPILED", raising=False)


@pytest.fixture
def factory(tmp_path: Path) -> Callable[[], Flask]:
    """Return a function that makes an app with a policy, as factories do."""
    policy = tmp_path / "page.polar"
    policy.write_text(POLICY, encoding="utf-8")

    def make() -> Flask:
        app = make_app(__name__, OSO_POLICIES=[str(policy)])
        oso = Oso()
        oso.register_class(User)
        FlaskOso(oso, app=app)
        return app

    return make


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Flask]:
    """Return a function that has Flask's command make an app; give the app that it serves."""
    served: list[Flask] = []

    def run_simple(host: str, port: int, app: Flask, **options: t.Any) -> None:
        served.append(app)

    def run(make: Callable[[], Flask], *arguments: str) -> Flask:
        commands = FlaskGroup(create_app=make, load_dotenv=False)
        commands.main([*arguments], standalone_mode=False)
        return served[0]

    monkeypatch.setattr("flask.cli.run_simple", run_simple)
    return run


def is_compiled(oso: Oso) -> bool:
    return count_answers(oso.engine) > 0


def oso_of(app: Flask) -> Oso:
    oso = app.extensions["oso"].oso
    assert isinstance(oso, Oso)
    return oso


def test_flask_run_compiles_policies(
    factory: Callable[[], Flask], serve: Callable[..., Flask]
) -> None:
    """``flask run`` compiles policies before the first request."""
    app = serve(factory, "run")

    assert is_compiled(oso_of(app))


@pytest.mark.parametrize("arguments", [["--debug", "run"], ["run", "--debug"]], ids=" ".join)
def test_flask_run_in_debug_mode_compiles_nothing(
    factory: Callable[[], Flask], serve: Callable[..., Flask], arguments: list[str]
) -> None:
    """There the app starts anew with each change, and asks little."""
    app = serve(factory, *arguments)

    assert not is_compiled(oso_of(app))


def test_other_command_compiles_nothing(
    factory: Callable[[], Flask], capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that asks nothing pays for nothing."""
    made: list[Flask] = []

    def make() -> Flask:
        made.append(factory())
        return made[-1]

    FlaskGroup(create_app=make, load_dotenv=False).main(["routes"], standalone_mode=False)

    assert "/static" in capsys.readouterr().out
    assert not is_compiled(oso_of(made[0]))


def test_app_that_is_imported_compiles_nothing(factory: Callable[[], Flask]) -> None:
    """A test or a script that makes an app pays for what it asks."""
    app = factory()
    app.test_client().get("/")

    assert not is_compiled(oso_of(app))


def test_policy_that_is_loaded_after_init_app_is_compiled_at_the_first_request(
    serve: Callable[..., Flask],
) -> None:
    """A factory may register and load when the extension is there already."""

    def make() -> Flask:
        oso = Oso()
        app = make_app(__name__)
        FlaskOso(oso, app=app)
        oso.register_class(User)
        oso.load_str(POLICY)
        return app

    app = serve(make, "run")
    app.test_client().get("/")

    assert is_compiled(oso_of(app))


def test_app_without_an_oso_is_served(serve: Callable[..., Flask]) -> None:
    """There is nothing to compile, and that is no error."""
    app = serve(lambda: _with(FlaskOso()), "run")

    assert app.test_client().get("/").status_code == 404


def _with(oso: FlaskOso) -> Flask:
    app = make_app(__name__)
    oso.init_app(app)
    return app


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here.")
def test_prepared_policy_is_there_after_a_fork() -> None:
    """Workers of a server that loads the app first share what was compiled."""
    script = """
import os
from flask_oso import Oso
from tests.support.answers import count_answers
oso = Oso()
oso.load_str('allow("ana", x, "page") if x = "read" and x != "edit";')
oso.prepare()
before = count_answers(oso.engine)
child = os.fork()
if not child:
    allowed = oso.is_allowed("ana", "read", "page")
    os._exit(0 if allowed and count_answers(oso.engine) == before else 1)
print(os.waitpid(child, 0)[1])
"""

    assert run_python(script, OSO_COMPILED="1").strip() == "0"
