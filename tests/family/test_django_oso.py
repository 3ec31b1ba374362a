"""``django_oso`` 0.27 runs on this package, unchanged, and answers what it answers on oso.

The project of this file runs twice, in processes of its own: with ``install_as_oso``, and with
oso 0.27.3 where that installs.
"""

from __future__ import annotations

import importlib.util
import json
import typing as t
from pathlib import Path

import pytest

from tests.support.children import run_python

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("django_oso") is None, reason="django-oso is not installed"
)

#: Conditions on a post ``p``, by the action that they allow a user ``u``.
CONDITIONS = {
    "public": 'p.level = "public" and p.id > 2 and u.id > 0',
    "own": "p.author = u",
    "named": "p.author.name = u.name",
    "tagged": 't in p.tags and t.name = "news" and u.id > 0',
    "listed": "p.id in [1, 2, u.id]",
    "foreign": "p.author != u",
    "not_own": "not p.author = u",
    "user": "p.author matches app::User and p.author = u",
    "tag": "p.author matches app::Tag and p.author = u",
    "misspelt": "p.auhtor = u",
    "universal": "forall(t in p.tags, t.name = u.name)",
}
POLICY = "".join(
    f'allow(u: app::User, "{action}", p: app::Post) if {condition};\n'
    for action, condition in CONDITIONS.items()
)
RULES = """
allow(_: app::User, "public", t: app::Tag) if t.name = "news";
allow(u: app::User, "own", t: app::Tag) if p in t.posts and p.author = u;
allow(u: app::User, "GET", r: HttpRequest) if r.path.startswith("/pages/") and u.name = "ann";
allow(u: app::User, "view", "page") if u.name = "ann";
"""

MODELS = """
from django.db import models
from django_oso.models import AuthorizedModel


class User(models.Model):
    name = models.CharField(max_length=10)


class Tag(AuthorizedModel):
    name = models.CharField(max_length=10)


class Post(AuthorizedModel):
    level = models.CharField(max_length=10)
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="posts")
    tags = models.ManyToManyField(Tag, related_name="posts")
"""

URLS = """
from app.models import Post
from django.http import HttpResponse
from django.urls import path
from django_oso import decorators
from django_oso.auth import authorize


def show(request, number):
    authorize(request, Post.objects.get(id=number), action="own")
    return HttpResponse("shown")


def rows(request):
    posts = Post.objects.authorize(request, action="own")
    return HttpResponse(str(sorted(post.id for post in posts)))


@decorators.authorize(resource="page", action="view")
def page(request):
    return HttpResponse("page")


@decorators.authorize_request
def judged(request):
    return HttpResponse("judged")


@decorators.skip_authorization
def skipped(request):
    return HttpResponse("skipped")


def forgotten(request):
    return HttpResponse("forgotten")


urlpatterns = [
    path("posts/", rows),
    path("posts/<int:number>", show),
    path("page", page),
    path("pages/judged", judged),
    path("judged", judged),
    path("skipped", skipped),
    path("forgotten", forgotten),
]
"""

LOGIN = """
from app.models import User


def login(get_response):
    def answer(request):
        request.user = User.objects.get(name=request.headers["X-User"])
        return get_response(request)

    return answer
"""

PROGRAM = """
import json, logging, sys

if sys.argv[1] == "flask_oso":
    from flask_oso import install_as_oso

    install_as_oso()
sys.path.insert(0, sys.argv[2])
logging.disable()

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ROOT_URLCONF="urls",
    INSTALLED_APPS=["django_oso", "app"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    ALLOWED_HOSTS=["*"],
)
django.setup()

from app.models import Post, Tag, User
from django.db import connection
from django.test import Client, RequestFactory, override_settings
from django_oso.auth import authorize, authorize_model
from django_oso.oso import Oso

with connection.schema_editor() as editor:
    for model in (User, Tag, Post):
        editor.create_model(model)
users = [User.objects.create(name=name) for name in ("ann", "ben", "cat")]
tags = [Tag.objects.create(name=name) for name in ("news", "ann", "old")]
for number in range(1, 11):
    level = "public" if number % 2 else "private"
    post = Post.objects.create(level=level, author=users[number % 3])
    post.tags.set([tag for bit, tag in enumerate(tags) if number & 1 << bit])


def outcome(ask):
    try:
        return ask()
    except Exception as error:
        return type(error).__name__


def ids(rows):
    return sorted({row.id for row in rows})


def answers(user, action):
    request = RequestFactory().get("/")
    request.user = user
    posts = Post.objects.order_by("id")
    return {
        "rows": outcome(lambda: ids(Post.objects.authorize(request, action=action))),
        "count": outcome(
            lambda: Post.objects.filter(id__gt=3).authorize(request, action=action).count()
        ),
        "filter": outcome(
            lambda: ids(Post.objects.filter(authorize_model(request, Post, action=action)))
        ),
        "tags": outcome(lambda: ids(Tag.objects.authorize(request, action=action))),
        "actor": outcome(
            lambda: ids(Post.objects.authorize(request, actor=users[0], action=action))
        ),
        "checks": [outcome(lambda: Oso.is_allowed(user, action, post)) for post in posts],
        "authorize": [outcome(lambda: authorize(request, post, action=action)) for post in posts],
    }


def visits(gates):
    with override_settings(MIDDLEWARE=["login.login", *gates]):
        return {
            path: {user.name: outcome(lambda: visit(user, path)) for user in users}
            for path in PATHS
        }


def visit(user, path):
    response = Client().get(path, headers={"X-User": user.name})
    return [response.status_code, response.content.decode() if response.status_code == 200 else ""]


PATHS = [
    "/posts/", "/posts/1", "/posts/2", "/page", "/pages/judged", "/judged", "/skipped",
    "/forgotten", "/nowhere",
]
print(json.dumps({
    "lists": {
        action: {user.name: answers(user, action) for user in users}
        for action in json.loads(sys.argv[3])
    },
    "visits": {gate: visits(gates) for gate, gates in json.loads(sys.argv[4]).items()},
}))
"""

GATES = {
    "none": [],
    "require": ["django_oso.middleware.RequireAuthorization"],
    "route": ["django_oso.middleware.RouteAuthorization"],
}
Answers = dict[str, t.Any]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a Django project."""
    root = tmp_path_factory.mktemp("project")
    policies = root / "app" / "policy"
    policies.mkdir(parents=True)
    (root / "app" / "__init__.py").touch()
    (root / "app" / "models.py").write_text(MODELS)
    (policies / "app.polar").write_text(POLICY + RULES)
    (root / "urls.py").write_text(URLS)
    (root / "login.py").write_text(LOGIN)
    return root


def run_project(oso: str, project: Path) -> Answers:
    """Give the answers to all actions, and what visitors see behind each gate."""
    given = json.dumps([*CONDITIONS]), json.dumps(GATES)
    printed = run_python(PROGRAM, oso, project, *given, PYTHONWARNINGS="ignore")
    return t.cast(Answers, json.loads(printed.splitlines()[-1]))


@pytest.fixture(scope="module")
def ours(project: Path) -> Answers:
    """Run the project with this package."""
    return run_project("flask_oso", project)


@pytest.fixture(scope="module")
def theirs(project: Path) -> Answers:
    """Run the project with oso."""
    if importlib.util.find_spec("oso") is None:
        pytest.skip("oso 0.27.3 is not installed")
    return run_project("oso", project)


@pytest.mark.parametrize("action", CONDITIONS)
def test_action_answers_as_with_oso(ours: Answers, theirs: Answers, action: str) -> None:
    """Lists, filters and checks give what they give with oso, errors included."""
    assert ours["lists"][action] == theirs["lists"][action]


def test_visitors_see_what_they_see_with_oso(ours: Answers, theirs: Answers) -> None:
    """Decorators and ``authorize`` answer requests as with oso."""
    assert ours["visits"]["none"] == theirs["visits"]["none"]


@pytest.mark.parametrize("gate", ["require", "route"])
def test_middleware_answers_as_with_oso(ours: Answers, theirs: Answers, gate: str) -> None:
    """The two middlewares of ``django_oso`` refuse what they refuse with oso, and refuse more."""
    assert ours["visits"][gate] == theirs["visits"][gate]
    assert ours["visits"][gate] != ours["visits"]["none"]


@pytest.mark.parametrize(
    ("action", "user", "rows"),
    [
        ("public", "ben", [3, 5, 7, 9]),
        ("own", "ann", [3, 6, 9]),
        ("tagged", "cat", [1, 3, 5, 7, 9]),
        ("foreign", "ann", [1, 2, 4, 5, 7, 8, 10]),
        ("tag", "ann", []),
        ("misspelt", "ann", "FieldError"),
    ],
)
def test_authorized_model_selects(ours: Answers, action: str, user: str, rows: t.Any) -> None:
    """``Post.objects.authorize(request)`` selects the rows that the policy allows."""
    assert ours["lists"][action][user]["rows"] == rows


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/posts/", {"ann": [200, "[3, 6, 9]"], "ben": [200, "[1, 4, 7, 10]"]}),
        ("/posts/1", {"ann": [403, ""], "ben": [200, "shown"]}),
        ("/page", {"ann": [200, "page"], "ben": [403, ""]}),
        ("/pages/judged", {"ann": [200, "judged"], "ben": [403, ""]}),
    ],
)
def test_views_answer(ours: Answers, path: str, answers: Answers) -> None:
    """Who may not is told 403."""
    assert {user: ours["visits"]["none"][path][user] for user in answers} == answers
