"""What is said never stops what it is said about."""

from __future__ import annotations

import io
import pathlib
import sys

import pytest

import flask_oso.polar
from flask_oso import Oso
from flask_oso.polar.output import say

#: A load with a warning that names what it is about, and a rule that prints.
POLICY = 'f(_: Größe); allow(_, "ü", _) if print("ü");'


def ascii_stream() -> io.TextIOWrapper:
    """Make a stream that knows no umlaut."""
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


class Gone(io.StringIO):
    """A stream whose reader has left."""

    def write(self, text: str) -> int:
        """Fail as a pipe does."""
        raise BrokenPipeError


def closed_stream() -> io.StringIO:
    """Make a stream that is closed."""
    stream = io.StringIO()
    stream.close()
    return stream


def test_say_escapes_what_the_stream_cannot_show() -> None:
    """A character without a place in the encoding is shown by its number."""
    stream = ascii_stream()

    say("ü \udc80", stream)

    stream.seek(0)
    assert stream.read() == "\\xfc \\udc80\n"


@pytest.mark.parametrize("stream", [ascii_stream(), closed_stream(), Gone(), None])
def test_load_and_decision_do_not_depend_on_output(
    monkeypatch: pytest.MonkeyPatch, stream: io.TextIOBase | None
) -> None:
    """Warnings and ``print`` come to nothing where they cannot be shown."""
    oso = Oso()
    monkeypatch.setattr(sys, "stdout", stream)

    oso.load_str(POLICY)

    assert oso.is_allowed("ann", "ü", "page")


def test_no_module_of_the_language_links_to_a_page() -> None:
    """What is printed is whole by itself: no text of the language names a page."""
    folder = pathlib.Path(flask_oso.polar.__file__).parent

    links = [path.name for path in folder.glob("*.py") if "://" in path.read_text("utf-8")]

    assert links == []
