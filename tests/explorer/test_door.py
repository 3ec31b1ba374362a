"""Who sees the explorer, and who finds none."""

from __future__ import annotations

import logging
import typing as t

import pytest

from flask_oso import OsoError, skip_authorization
from flask_oso.explorer.door import reason_to_hide
from tests.support.children import run_python
from tests.support.sites import Site, audit, make_site

PATH = "/_oso/routes"
HERE = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:5000"}


def make_open_site(**config: t.Any) -> Site:
    """Make a site with one view that everybody may enter."""
    site = make_site(**{"DEBUG": True, **config})
    site.app.add_url_rule("/", "home", skip_authorization(reason="Open.")(lambda: "home"))
    return site


def test_explorer_is_there_in_debug_mode() -> None:
    """A browser on this machine gets a page, and is led to the first one."""
    client = make_open_site().app.test_client()

    assert client.get(PATH).status_code == 200
    assert client.get("/_oso").headers["Location"] == PATH
    assert client.get("/_oso/").headers["Location"] == PATH


def test_debug_mode_may_begin_after_init_app() -> None:
    """``app.run(debug=True)`` comes after 'init_app', and counts."""
    site = make_open_site(DEBUG=False)
    site.app.debug = True

    assert site.app.test_client().get(PATH).status_code == 200


@pytest.mark.parametrize("config", [{"DEBUG": False}, {"DEBUG": False, "TESTING": True}])
def test_explorer_is_not_there_in_production(config: dict[str, t.Any]) -> None:
    """Without debug mode the app itself answers: there is no such page."""
    response = make_open_site(**config).app.test_client().get(PATH)

    assert response.status_code == 404
    assert "Content-Security-Policy" not in response.headers


def test_explorer_ends_with_debug_mode() -> None:
    """An app that leaves debug mode while it serves has no explorer any more."""
    site = make_open_site()
    site.app.test_client().get(PATH)
    site.app.debug = False

    assert site.app.test_client().get(PATH).status_code == 404


@pytest.mark.parametrize("value", [False, None])
def test_explorer_can_be_turned_off(value: object) -> None:
    """With ``OSO_EXPLORER`` off there is none in debug mode either."""
    assert make_open_site(OSO_EXPLORER=value).app.test_client().get(PATH).status_code == 404


def test_switch_must_be_one() -> None:
    """A text is no switch."""
    with pytest.raises(OsoError, match=r"'OSO_EXPLORER' must be True or False, not 'no'\."):
        make_site(OSO_EXPLORER="no")


def test_nothing_is_imported_in_production() -> None:
    """A process that serves without debug mode has no module of the explorer."""
    script = """
import sys
from tests.support.sites import make_site
site = make_site(OSO_EXPLORER=True)
print(site.open("/_oso/routes").status_code)
print([name for name in sys.modules if name.startswith("flask_oso.explorer")])
"""

    assert run_python(script, FLASK_DEBUG="0").split("\n")[:2] == ["404", "[]"]


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "localhost"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": "192.0.2.7"}},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "evil.example:5000"},
        {"HTTP_HOST": "localhost.evil.example"},
        {"HTTP_HOST": "127.0.0.1.evil.example"},
        {"HTTP_HOST": "notlocalhost"},
        {"HTTP_HOST": "localhost@evil.example"},
        {"HTTP_HOST": "evil.example@localhost"},
        {"HTTP_HOST": "localhost:x"},
        {"HTTP_HOST": "localhost/evil"},
        {"HTTP_HOST": "192.168.0.1"},
        {"HTTP_HOST": "0.0.0.0"},
        {"HTTP_HOST": "[::1"},
        {"HTTP_HOST": ""},
    ],
)
def test_client_from_elsewhere_finds_no_explorer(environ: dict[str, t.Any]) -> None:
    """Another machine, a proxy, or another name of this one: the app answers that it is missing."""
    assert reason_to_hide({**HERE, **environ}) is not None


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"REMOTE_ADDR": "::1"},
        {"REMOTE_ADDR": "127.8.9.10"},
        {"REMOTE_ADDR": "::ffff:127.0.0.1"},
        {"HTTP_HOST": "localhost"},
        {"HTTP_HOST": "LOCALHOST:80"},
        {"HTTP_HOST": "notes.localhost:5000"},
        {"HTTP_HOST": "127.0.0.1:5000"},
        {"HTTP_HOST": "[::1]:5000"},
    ],
)
def test_client_on_this_machine_finds_it(environ: dict[str, t.Any]) -> None:
    """Each address and name of this machine is as good."""
    assert reason_to_hide({**HERE, **environ}) is None


# Werkzeug 3.0 warns of a name that is not the configured one.
@pytest.mark.filterwarnings("ignore:Current server name")
def test_server_name_is_a_name_of_the_app() -> None:
    """``SERVER_NAME`` is configured by the developer."""
    client = make_open_site(SERVER_NAME="notes.test:5000").app.test_client()

    assert client.get(PATH, headers={"Host": "notes.test:5000"}).status_code == 200
    assert client.get(PATH, headers={"Host": "other.test"}).status_code == 404


def test_reason_is_in_the_log_once(caplog: pytest.LogCaptureFixture) -> None:
    """A developer whose container forwards a port is told why there is no page."""
    client = make_open_site().app.test_client()

    with caplog.at_level(logging.INFO):
        codes = [
            client.get(PATH, environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code
            for _ in range(2)
        ]

    assert codes == [404, 404]
    assert [each.getMessage() for each in caplog.records] == [
        "The explorer did not answer a request: the client is on another machine."
    ]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}, 200),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str], status: int) -> None:
    """A page of another site neither shows nor asks anything here."""
    assert make_open_site().app.test_client().get(PATH, headers=headers).status_code == status


def test_method_that_no_page_has_is_refused() -> None:
    """The explorer reads with GET, and changes with POST where there is a form."""
    client = make_open_site().app.test_client()

    assert client.delete(PATH).status_code == 403
    assert client.options(PATH).status_code == 403


def test_form_without_a_token_is_refused() -> None:
    """A POST that is not from a page of the explorer changes nothing."""
    client = make_open_site().app.test_client()

    assert client.post(PATH).status_code == 403
    assert client.post(PATH, data={"token": "é"}).status_code == 403


def test_answers_let_browsers_load_nothing_else() -> None:
    """No script or style but the explorer's own, no frame, no cache."""
    headers = make_open_site().app.test_client().get(PATH).headers

    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:;"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("name", "kind"), [("explorer.css", "text/css"), ("explorer.js", "text/javascript")]
)
def test_files_of_pages_are_served(name: str, kind: str) -> None:
    """A style and a script of at most 20 kB."""
    response = make_open_site().app.test_client().get(f"/_oso/static/{name}")

    assert (response.status_code, response.mimetype) == (200, kind)
    assert len(response.data) < 20_000


@pytest.mark.parametrize(
    "path", ["/_oso/none", "/_oso/static/", "/_oso/static/../door.py", "/_oso/static/base.html"]
)
def test_other_pages_are_missing(path: str) -> None:
    """What is no page and no file of a page is 404."""
    assert make_open_site().app.test_client().get(path).status_code == 404


def test_path_that_only_begins_alike_belongs_to_the_app() -> None:
    """``/_osomatic`` is a route of the app."""
    site = make_open_site()
    site.app.add_url_rule("/_osomatic", "osomatic", skip_authorization(lambda: "mine"))

    assert site.app.test_client().get("/_osomatic").text == "mine"


def test_explorer_is_no_route_of_the_app() -> None:
    """Neither the URL map nor the audit has it, so that nothing is required of it."""
    site = make_open_site(OSO_ENFORCE="strict")
    site.app.test_client().get(PATH)

    assert [*audit(site.app)] == ["static", "home"]
    assert not any(rule.rule.startswith("/_oso") for rule in site.app.url_map.iter_rules())


def test_functions_of_the_app_do_not_run() -> None:
    """The explorer opens where the login of the app would send everybody away."""
    site = make_open_site()
    site.app.before_request(lambda: ("go away", 401))

    assert site.app.test_client().get("/").status_code == 401
    assert site.app.test_client().get(PATH).status_code == 200


def test_app_below_a_path_has_its_explorer_there() -> None:
    """Links lead to where the app is mounted."""
    client = make_open_site().app.test_client()

    page = client.get(PATH, environ_overrides={"SCRIPT_NAME": "/shop"}).text

    assert 'href="/shop/_oso/static/explorer.css"' in page
