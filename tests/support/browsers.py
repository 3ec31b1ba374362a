"""A real Chromium, which is not a part of the library, and servers of files and apps for it."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

if t.TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Visit:
    """A page that is open, and what it asked for and complained of."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        response = page.goto(address)
        assert response is not None
        self.status = response.status


@contextlib.contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start Chromium; skip where it, or Playwright, is not installed."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        pytest.skip("There is no Chromium: install the package 'chromium' of the system.")
    api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is missing: pip install playwright"
    )
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()


@contextlib.contextmanager
def served_folder(folder: Path, policy: str) -> Iterator[str]:
    """Serve the files of a folder on this machine; give the address.

    :param policy: the Content-Security-Policy of all answers.
    """

    class Handler(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def copyfile(self, source: t.Any, outputfile: t.Any) -> None:
            """Send a file; whoever leaves a page does not read it to the end."""
            with contextlib.suppress(ConnectionError):
                super().copyfile(source, outputfile)

        def log_message(self, format: str, *args: t.Any) -> None:
            """Say nothing."""

    make = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), make) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def served_app(app: Flask) -> Iterator[str]:
    """Serve an app on this machine; give its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
