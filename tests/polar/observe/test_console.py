"""The console: what completes a line that is typed, and what ends the reading of one."""

from __future__ import annotations

import io
import sys

import pytest

from flask_oso.polar.observe.console import StandardConsole, candidates


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ro", ["role("]),
        ("not ro", ["role("]),
        ("role(re", ["rex"]),
        ("x matches A", ["Actor", "Animal"]),
        ("zz", []),
        ('x = "ro', []),
        ('x = "a" and ro', ["role("]),
        ("rex.ro", []),
    ],
)
def test_last_word_is_completed(line: str, found: list[str]) -> None:
    """The last word is completed; not inside a string, nor behind a dot."""
    assert candidates(line, ["role(", "rex", "Animal", "Actor"]) == found


class Interrupted(io.StringIO):
    """An output that is interrupted as soon as what it was given is on its way."""

    def flush(self) -> None:
        super().flush()
        if self.getvalue():
            raise KeyboardInterrupt


def test_interrupt_while_the_prompt_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends the reading, where a stream of commands flushes what is printed."""
    shown = Interrupted()
    monkeypatch.setattr(sys, "stdin", io.StringIO("a line\n"))
    monkeypatch.setattr(sys, "stdout", shown)

    with pytest.raises(KeyboardInterrupt):
        StandardConsole().ask("query> ")

    assert shown.getvalue() == "query> "
