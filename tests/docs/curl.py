"""What a line of curl on a page of ``docs/`` is answered with: the status and the body.

``python -m tests.docs.curl`` reads such lines, and asks the application of the working directory.
"""

from __future__ import annotations

import shlex
import sys

from flask import Flask
from flask.cli import ScriptInfo
from werkzeug.test import Client

_HOST = "http://127.0.0.1:5000"


def answers_of(app: Flask, text: str) -> str:
    """Give the lines of curl in a text, and behind each what the application answers."""
    lines = [line for line in text.splitlines() if line.startswith("$ curl ")]
    client = app.test_client()
    return "".join(f"{line}\n{_answer(client, line)}\n" for line in lines)


def _answer(client: Client, line: str) -> str:
    words = shlex.split(line.removeprefix("$ curl -i "))
    options = list(zip(words[:-1:2], words[1:-1:2], strict=True))
    given = dict(options)
    user = given.get("-u", "").partition(":")
    response = client.open(
        words[-1].removeprefix(_HOST),
        method=given.get("-X", "POST" if "-d" in given else "GET"),
        data=given.get("-d"),
        content_type="application/x-www-form-urlencoded" if "-d" in given else None,
        auth=(user[0], user[2]) if "-u" in given else None,
        headers=[_header(value) for name, value in options if name == "-H"],
    )
    if response.status_code == 302:
        return f"302 to {response.headers['Location']}"
    shown = "(a page)" if "<!doctype" in response.text else response.text.strip()
    return f"{response.status_code} {shown}"


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(": ")
    return name, value


if __name__ == "__main__":
    print(answers_of(ScriptInfo().load_app(), sys.stdin.read()), end="")
