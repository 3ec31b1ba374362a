"""The application: a list of tasks, the pages of a task and of a project, guarded in some way.

In goes a database and a guard; out comes a function that has the application answer a
request, without server and client, so that little else is timed.
"""

from __future__ import annotations

import pathlib
import typing as t
from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask, abort, g, render_template_string, request
from sqlalchemy import orm
from werkzeug.test import EnvironBuilder

from flask_oso import FlaskOso, Oso, authorizes_inside
from flask_oso.sqlalchemy import register_models

from .by_hand import Access, readable_tasks
from .models import Base, Comment, Project, Task, User

_View = t.TypeVar("_View", bound=Callable[..., str])
POLICY = pathlib.Path(__file__).with_name("policy.polar")
#: How many rows a list has.
ROWS = 50
PROJECT_BUTTONS = ("create_task", "rename", "archive", "share", "delete")
BUTTONS = ("comment", "edit", "close", "assign", "delete")
_LIST = """<h1>Tasks</h1><table>{% for task, actions in tasks %}
<tr><td>{{ task.id }}<td>{{ task.title }}<td>{{ task.project.name }}<td>
{% for name in buttons if name in actions %}<button>{{ name }}</button>{% endfor %}
{% endfor %}</table>"""
_DETAIL = """<h1>{{ task.title }}</h1><p>{{ task.project.name }}</p>
{% for name in buttons if name in actions %}<button>{{ name }}</button>{% endfor %}
{% for comment, actions in comments %}<p>{{ comment.text }}
{% for name in ["delete", "edit"] if name in actions %}<button>{{ name }}</button>{% endfor %}
{% endfor %}"""
_PROJECT = """<h1>{{ project.name }}</h1>
{% for name in buttons if name in actions %}<button>{{ name }}</button>{% endfor %}"""

_Tasks = list[tuple[Task, t.Collection[str]]]
_Comments = list[tuple[Comment, t.Collection[str]]]


class Guard(t.Protocol):
    """A way to guard the pages."""

    def tasks(self, session: orm.Session, user: User) -> _Tasks:
        """Give the rows of the list, each with the actions that have a button."""

    def task(self, user: User, task: Task) -> tuple[t.Collection[str], _Comments]:
        """Give the actions on a task, and on its comments; abort if it may not be read."""

    def project(self, user: User, project: Project) -> t.Collection[str]:
        """Give the actions on a project; abort if it may not be read."""


def page(statement: sa.Select[t.Any]) -> sa.Select[t.Any]:
    """Give the last tasks of a statement, with what a row shows of their projects."""
    shown = statement.order_by(Task.id.desc()).limit(ROWS)
    return shown.options(orm.joinedload(Task.project))


class Unguarded:
    """Everybody sees everything, and may do everything."""

    def tasks(self, session: orm.Session, user: User) -> _Tasks:
        rows = session.scalars(page(sa.select(Task).where(~Task.deleted)))
        return [(task, BUTTONS) for task in rows]

    def task(self, user: User, task: Task) -> tuple[t.Collection[str], _Comments]:
        return BUTTONS, [(each, ("edit", "delete")) for each in task.comments]

    def project(self, user: User, project: Project) -> t.Collection[str]:
        return PROJECT_BUTTONS


class ByHand:
    """The same checks, written by hand."""

    def tasks(self, session: orm.Session, user: User) -> _Tasks:
        access = Access(user)
        return [
            (task, access.on_task(task)) for task in session.scalars(page(readable_tasks(user)))
        ]

    def task(self, user: User, task: Task) -> tuple[t.Collection[str], _Comments]:
        access = Access(user)
        actions = access.on_task(task)
        if "read" not in actions:
            abort(403)
        comments = [(each, access.on_comment(each)) for each in task.comments]
        shown: _Comments = [(each, allowed) for each, allowed in comments if "read" in allowed]
        return actions, shown

    def project(self, user: User, project: Project) -> t.Collection[str]:
        actions = Access(user).on_project(project)
        if "read" not in actions:
            abort(403)
        return actions


class ByPolicy:
    """The policy; the list has a column for each button."""

    def __init__(self) -> None:
        self.policy = Oso()
        register_models(self.policy, Base)
        self.policy.load_files([POLICY])
        self.flask_oso = FlaskOso(self.policy)

    def statement(self, user: User) -> sa.Select[t.Any]:
        """Give the statement of the list."""
        columns = self.policy.action_columns(user, Task, BUTTONS)
        query = self.policy.authorized_query(user, "read", Task)
        return page(query.add_columns(*columns.values()))

    def tasks(self, session: orm.Session, user: User) -> _Tasks:
        rows = session.execute(self.statement(user))
        return [
            (task, [name for name, is_allowed in zip(BUTTONS, found, strict=True) if is_allowed])
            for task, *found in rows
        ]

    def task(self, user: User, task: Task) -> tuple[t.Collection[str], _Comments]:
        self.flask_oso.authorize(task, action="read")
        comments = [(each, self.policy.authorized_actions(user, each)) for each in task.comments]
        shown: _Comments = [(each, allowed) for each, allowed in comments if "read" in allowed]
        return self.policy.authorized_actions(user, task), shown

    def project(self, user: User, project: Project) -> t.Collection[str]:
        self.flask_oso.authorize(project, action="read")
        return self.policy.authorized_actions(user, project)


class ByPolicyEach(ByPolicy):
    """The policy; each row of the list is asked for its actions."""

    def tasks(self, session: orm.Session, user: User) -> _Tasks:
        rows = session.scalars(page(self.policy.authorized_query(user, "read", Task)))
        return [(task, self.policy.authorized_actions(user, task)) for task in rows]


def make_app(engine: sa.Engine, guard: Guard) -> Flask:
    """Make the application; the user is named by a header."""
    app = Flask(__name__)
    if isinstance(guard, ByPolicy):
        guard.flask_oso.init_app(app)

    def inside(view: _View) -> _View:
        return authorizes_inside(view) if isinstance(guard, ByPolicy) else view

    @app.before_request
    def find_user() -> None:
        g.session = orm.Session(engine)
        g.current_user = g.session.get(User, int(request.headers["X-User"]))
        if request.headers.get("X-Scopes"):
            g.current_user.scopes = request.headers["X-Scopes"].split()

    @app.teardown_request
    def close_session(error: BaseException | None) -> None:
        g.session.close()

    @app.get("/tasks")
    @inside
    def tasks() -> str:
        found = guard.tasks(g.session, g.current_user)
        return render_template_string(_LIST, tasks=found, buttons=BUTTONS)

    @app.get("/tasks/<int:task_id>")
    @inside
    def task(task_id: int) -> str:
        found = g.session.get(Task, task_id) or abort(404)
        actions, comments = guard.task(g.current_user, found)
        return render_template_string(
            _DETAIL, task=found, actions=actions, comments=comments, buttons=BUTTONS
        )

    @app.get("/projects/<int:project_id>")
    @inside
    def project(project_id: int) -> str:
        found = g.session.get(Project, project_id) or abort(404)
        actions = guard.project(g.current_user, found)
        return render_template_string(
            _PROJECT, project=found, actions=actions, buttons=PROJECT_BUTTONS
        )

    return app


def client_of(app: Flask) -> Callable[[str, int, str], str]:
    """Give a function that requests a page as a user, with the scopes of a token."""

    def get(path: str, user: int, scopes: str) -> str:
        headers = [("X-User", str(user)), ("X-Scopes", scopes)]
        environ = EnvironBuilder(path=path, headers=headers).get_environ()
        seen: list[str] = []

        def start_response(status: str, headers: t.Any, exc_info: t.Any = None) -> t.Any:
            seen.append(status)

        body = app.wsgi_app(environ, start_response)
        text = b"".join(body).decode()
        body.close()  # type: ignore[attr-defined]  # Flask's responses can be closed
        return f"{seen[0]}\n{text}" if seen[0].startswith("200") else seen[0]

    return get
