"""Every example on the pages of the documentation runs, and does what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.application import make_names
from tests.docs.examples import (
    EXAMPLES,
    PAGES,
    Example,
    examples_of,
    is_about_flask,
    read_examples,
)
from tests.docs.running import PARTS, make_policy, make_world, texts_of

#: What ``running.py`` runs, and what it need not run.
KINDS = {
    *("polar", "polar more", "polar refused", "polar warned", "message", "session"),
    *("python", "printed", "commands", "requests", "file", "shown", "json decision"),
}


@pytest.fixture(autouse=True)
def parts_of_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An example need not be a whole policy, with a rule for ``allow``."""
    monkeypatch.setenv(PARTS, "1")


def make_policy_of_the_language(text: str) -> None:
    make_policy(text, make_world())


def name_of(page: Path) -> str:
    return f"{page.parent.name}-{page.stem}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_has_only_examples_that_run(page: Path) -> None:
    """An example of a kind that nothing runs would be wrong one day, and nobody would notice."""
    kinds = {example.kind for example in read_examples(page)}

    assert kinds <= KINDS


@pytest.mark.parametrize("example", examples_of("polar", "polar more"), ids=str)
def test_policy_loads(capsys: pytest.CaptureFixture[str], example: Example) -> None:
    """A policy is accepted without a warning."""
    make = make_names if is_about_flask(example.page) else make_policy_of_the_language

    make(example.policy)

    assert "".join(capsys.readouterr()) == ""


@pytest.mark.each(8, 6)
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_shows_what_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page: Path
) -> None:
    """Programs run; they, sessions, commands and wrong policies print what the page shows."""
    monkeypatch.chdir(tmp_path)

    made = [(str(example), text) for example, text in texts_of(page)]

    shown = ("message", "session", "commands", "printed", "requests")
    assert made == [(str(each), each.text) for each in read_examples(page) if each.kind in shown]


def test_examples_are_found() -> None:
    """The pattern that finds examples finds them."""
    fences = sum(page.read_text("utf-8").count("\n```polar\n") for page in PAGES)

    assert len([each for each in EXAMPLES if each.language == "polar"]) == fences
    assert fences
