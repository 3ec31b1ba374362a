"""Requests: the views that are entered are those that a small model allows.

The model knows four routes, who may do what, and nothing of Flask. Whatever a client
sends, no other view is entered, nothing of a view shows, and no answer is an error of
the server.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import typing as t
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import quote

from flask import Flask, abort, g, redirect, request
from flask.views import MethodView
from werkzeug.test import run_wsgi_app

from flask_oso import FlaskOso, Oso, authorize, authorizes_inside
from tests.support.sites import make_app

from ..choices import Choices

IS_TEXT = False

# -- the model ---------------------------------------------------------------------------

#: Each route with its methods; HEAD goes where GET goes.
ROUTES = {
    "/admin": ("GET", "POST"),
    "/list": ("GET", "PUT", "DELETE"),
    "/ask": ("GET", "POST"),
}
#: Who may do what with which route. What ``/notes/NAME`` shows, only its namesake may read.
ALLOWED = {
    ("root", "GET", "/admin"),
    ("root", "POST", "/admin"),
    ("ann", "GET", "/list"),
    ("bob", "DELETE", "/list"),
}
_SECRET = b"SECRET"


def may_enter(user: str, method: str, path: bytes, body: bytes) -> bool:
    """Tell whether a request may enter a view."""
    action = "GET" if method == "HEAD" else method
    route = "/" + path.decode("utf-8", "replace").lstrip("/")
    folder, _, name = route.rpartition("/")
    if folder == "/notes" and name:
        return action == "GET" and user == name
    if action not in ROUTES.get(route, ()):
        return False
    if route == "/ask":
        return _asked(body) == "public"
    return (user, action, route) in ALLOWED


def _asked(body: bytes) -> object:
    """Give what the body asks for; only strings are compared, so anything else is nothing."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if type(value) is str else None


# -- the application ---------------------------------------------------------------------

_POLICY = "\n".join(
    [
        *(f'allow("{u}", "{a}", "{r}");' for u, a, r in sorted(ALLOWED)),
        *(
            f'allow("{u}", "{a}", r: Request) if r.url_rule.rule = "{r}";'
            for u, a, r in sorted(ALLOWED)
        ),
        'allow(user: String, "GET", {note: user});',
        'allow(user: String, "GET", r: Request) if r.view_args matches {name: user};',
        'allow(_, action, {asked: "public"}) if action in ["GET", "POST"];',
        'allow(_, action, r: Request) if action in ["GET", "POST"] and r.url_rule.rule = "/ask";',
    ]
)


@dataclass
class Site:
    """An application, and the paths whose views were entered."""

    app: Flask
    guard: FlaskOso
    entered: list[str] = field(default_factory=list)

    def enter(self, **args: str) -> t.Any:
        """Note that a view was entered."""
        self.entered.append(request.path)
        return _SECRET

    def ask(self) -> t.Any:
        """Judge what the body names before the view is entered."""
        try:
            asked = request.get_json(force=True, silent=True)
        except RecursionError:
            abort(400)
        self.guard.authorize({"asked": asked})
        return self.enter()

    def show(self, name: str) -> t.Any:
        """Judge a note by its name."""
        self.guard.authorize({"note": name})
        return self.enter()


def _by_decorator(site: Site) -> None:
    for route in ("/admin", "/list"):
        view = authorize(resource=route)(lambda: site.enter())
        site.app.add_url_rule(route, route[1:], view, methods=ROUTES[route])


def _by_hook(site: Site) -> None:
    site.guard.perform_route_authorization(site.app)
    for route in ("/admin", "/list"):
        site.app.add_url_rule(route, route[1:], lambda: site.enter(), methods=ROUTES[route])


def _inside(site: Site) -> None:
    def view() -> t.Any:
        site.guard.authorize(t.cast(t.Any, request.url_rule).rule)
        return site.enter()

    for route in ("/admin", "/list"):
        site.app.add_url_rule(route, route[1:], authorizes_inside(view), methods=ROUTES[route])


def _by_class(site: Site) -> None:
    class View(MethodView):
        decorators: t.ClassVar = [authorize(resource=request)]

        def get(self) -> t.Any:
            return site.enter()

        post = put = delete = get

    for route in ("/admin", "/list"):
        view = View.as_view(route[1:])
        site.app.add_url_rule(route, view_func=view, methods=ROUTES[route])


_PLACES = (_by_decorator, _by_hook, _inside, _by_class)


def _nothing(site: Site) -> None:
    """Leave the site as it is."""


def _strictly(site: Site) -> None:
    site.guard.require_authorization(site.app, strict=True)


def _lax(site: Site) -> None:
    site.guard.require_authorization(site.app)


def _answering(site: Site) -> None:
    site.guard.set_unauthorized_action(lambda: redirect("/login"))


def _catching(site: Site) -> None:
    site.app.register_error_handler(403, lambda error: ("no", 200))
    site.app.register_error_handler(404, lambda error: ("nothing", 200))


_WAYS: tuple[Callable[[Site], None], ...] = (_nothing, _strictly, _lax, _answering, _catching)


@functools.cache
def _site(place: int, way: int) -> Site:
    oso = Oso()
    app = make_app(static=None)
    site = Site(app, FlaskOso(oso))
    oso.load_str(_POLICY)
    site.guard.init_app(app)
    app.before_request(_load_user)
    _WAYS[way](site)
    _PLACES[place](site)
    app.add_url_rule("/ask", "ask", authorizes_inside(site.ask), methods=ROUTES["/ask"])
    app.add_url_rule("/notes/<name>", "note", authorizes_inside(site.show))
    return site


def _load_user() -> None:
    try:
        g.current_user = request.args.get("user")
    except UnicodeDecodeError:
        # Werkzeug's answer to a query that is not UTF-8; an application has to give its own.
        abort(400)


# -- requests ----------------------------------------------------------------------------

_USERS = ("root", "ann", "bob", "eve", "", "*", "note", "ann\x00", "\u212ann", "_")
_METHODS = (
    *("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get"),
    *("GET ", "GET\x00", "", "POST,GET", "\uff27\uff25\uff34", "X" * 5000, "*", "_"),
)
_PIECES = (
    *(b"/admin", b"/list", b"/ask", b"/notes/", b"ann", b"root", b"/", b"//", b"/./", b"/../"),
    *(b"..;", b"%2f", b"%61", b"%252e", b"\x00", b"\r\n", b"\xef\xbd\x81", b"\xc0\xaf", b"\xff"),
    *(b".", b";x=1", b"?", b"#", b"\\", b" ", b"ADMIN", b"/static/", b"\xe2\x80\xae", b"~"),
)
_HEADERS = (
    *("X_HTTP_METHOD_OVERRIDE", "X_ORIGINAL_URL", "X_REWRITE_URL", "X_FORWARDED_FOR", "HOST"),
    *("X_FORWARDED_PREFIX", "X_FORWARDED_HOST", "AUTHORIZATION", "COOKIE", "REMOTE_USER"),
    *("X_MIDDLEWARE_SUBREQUEST", "RANGE", "IF_NONE_MATCH", "TRANSFER_ENCODING", "ACCEPT", "ORIGIN"),
    *("CONTENT_ENCODING", "IF_MODIFIED_SINCE", "UPGRADE", "FORWARDED", "REFERER", "USER_AGENT"),
)
_BODIES = (
    *(b"", b'"public"', b'"private"', b"public", b"1", b"true", b"null", b"[]", b'["public"]'),
    *(b'{"asked": "public"}', b"1180591620717411303424", b'"\\ud800"', b"NaN", b"-Infinity"),
    *(b"[" * 3000, b"[" * 900 + b"]" * 900, b'{"a":' * 500 + b"1" + b"}" * 500, b'"public\\u0000"'),
)


@dataclass
class _Request:
    place: int
    way: int
    user: str
    method: str
    path: bytes
    body: bytes
    environ: dict[str, t.Any]
    #: Nothing but what the model knows of: then the view must be entered, too.
    is_plain: bool


def seeds() -> Iterable[bytes]:
    """Give each user, method and path that the model knows, on each site."""
    return [
        bytes([place, way, user, method, 0, path, name, 0, body, 0, 0])
        for place in range(len(_PLACES))
        for way in range(len(_WAYS))
        for user, method, path, name, body in _CLEAN
    ]


_CLEAN = ((0, 0, 1, 0, 0), (1, 0, 2, 0, 0), (2, 4, 2, 0, 0), (3, 1, 3, 0, 1), (1, 0, 4, 5, 0))


def target(data: bytes) -> None:
    """Send a request of the input's making."""
    sent = _read(Choices(data))
    site = _site(sent.place, sent.way)
    site.entered.clear()
    body, status = _send(site, sent)
    allowed = may_enter(sent.user, sent.method.upper(), sent.path, sent.body)
    assert allowed or not site.entered, f"entered {site.entered} by {sent}"
    assert site.entered or _SECRET not in body, f"shown to {sent}"
    assert status < 500, f"{status} for {sent}"
    assert site.entered or not (allowed and sent.is_plain), f"refused, {status}: {sent}"


def _read(choices: Choices) -> _Request:
    place, way = choices.number(len(_PLACES)), choices.number(len(_WAYS))
    user, method = choices.pick(_USERS), choices.pick(_METHODS)
    path = b"".join(_piece(choices) for _ in range(1 + choices.number(4)))
    body = _text(choices, 60) if choices.number(3) else choices.pick(_BODIES)
    headers = {f"HTTP_{choices.pick(_HEADERS)}": _header(choices) for _ in choices.some(3)}
    odd = {choices.pick(_VARIABLES): _header(choices) for _ in choices.some(1)}
    environ = {**headers, **odd}
    return _Request(place, way, user, method, path, body, environ, is_plain=not environ)


_VARIABLES = ("CONTENT_TYPE", "SCRIPT_NAME", "REMOTE_USER", "REMOTE_ADDR", "EXTRA_QUERY")


def _piece(choices: Choices) -> bytes:
    if choices.number(8) == 7:
        return _text(choices, 8)
    return choices.pick(_PIECES)


def _header(choices: Choices) -> str:
    if choices.flag():
        return _text(choices, 40).decode("latin-1")
    return choices.pick(_VALUES)


_VALUES = ("root", "/admin", "GET", "1", "user=root", "a,b", "Basic cm9vdDo=", "\x00")


def _text(choices: Choices, longest: int) -> bytes:
    return choices.text(longest).encode("utf-8", "surrogateescape")


def _send(site: Site, sent: _Request) -> tuple[bytes, int]:
    extra = sent.environ.get("EXTRA_QUERY", "")
    environ = {
        "REQUEST_METHOD": sent.method,
        "PATH_INFO": sent.path.decode("latin-1"),
        "QUERY_STRING": f"user={quote(sent.user)}&{extra}",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(sent.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **sent.environ,
    }
    with contextlib.redirect_stderr(io.StringIO()):
        chunks, status, _ = run_wsgi_app(site.app.wsgi_app, environ, buffered=True)
    return b"".join(chunks), int(status[:3])
