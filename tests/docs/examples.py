"""The examples on the pages of ``docs/``: what they are, and where they stand.

A fenced block is an example. What it is, its language says, and a note in the line above it:

``polar``
    a policy, which loads without a warning. The example below ``<!-- more -->`` is loaded together
    with the policy before it, one below ``<!-- refused -->`` does not load, and one below
    ``<!-- warned -->`` loads with a warning; the ``text`` behind these two is the message.
``console``, with ``query>``
    a session at the prompt, under the last policy above it.
``console``, with ``$``
    commands, and what they print. They run in a directory with the files of the page: the blocks
    below ``<!-- file: NAME -->``.
``python``
    a program: all of a page run one after the other, with the classes of the examples and
    ``policy``, an Oso with the last policy above. A ``text`` below ``<!-- printed -->`` is what
    was printed since the one before.

Text that nothing makes stands below ``<!-- shown -->``. ``running.py`` runs the examples, and
writes what they print anew.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
#: The pages whose examples run here; those of ``internals`` are made by ``pages.py``.
#: ``migrating.md`` has before and after, ``lint.md`` wrong and right; tests of their own run both.
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if "internals" not in path.parts and path.name not in ("migrating.md", "lint.md")
)
#: The page whose classes and objects all examples know.
WORLD = DOCS / "reference" / "polar" / "index.md"
#: What is no example: it is drawn, or is text of another language.
UNRUN = {"ebnf", "ini", "sql"}
_BLOCK = re.compile(
    r"^(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)^```$|^#+ ([^\n]*)$", re.MULTILINE | re.DOTALL
)


@dataclasses.dataclass(frozen=True)
class Example:
    """One fenced block of a page: where it stands, its language, and the note above it.

    :param policy: the policy above it, or it itself.
    :param begin: where its text begins on the page.
    """

    page: Path
    section: str
    language: str
    note: str
    text: str
    policy: str
    begin: int

    def __str__(self) -> str:
        return f"{self.page.relative_to(DOCS).with_suffix('')}: {self.section}"

    @property
    def kind(self) -> str:
        """What is to be done with it."""
        if self.note.startswith("file: ") or self.language in UNRUN:
            return "file"
        if self.language == "console":
            return "session" if self.text.startswith("query> ") else "commands"
        return self.note if self.language == "text" else f"{self.language} {self.note}".strip()


def read_examples(page: Path) -> Iterator[Example]:
    """Yield the examples of a page, in their order."""
    section, policy, before = "", "", ""
    for match in _BLOCK.finditer(page.read_text("utf-8")):
        note, language, text, heading = match.groups()
        section = heading or section
        if not language:
            continue
        if language == "polar" and note not in ("refused", "warned"):
            policy = policy + text if note == "more" else text
        if language == "text" and before in ("refused", "warned"):
            note = "message"
        before = note
        yield Example(page, section, language, note or "", text, policy, match.start(3))


EXAMPLES = [example for page in PAGES for example in read_examples(page)]


def examples_of(*kinds: str) -> list[Example]:
    """Give the examples of some kinds, on all pages."""
    return [example for example in EXAMPLES if example.kind in kinds]


def files_of(page: Path) -> dict[str, str]:
    """Give the files that a page shows, by their names."""
    named = [each for each in read_examples(page) if each.note.startswith("file: ")]
    return {each.note.removeprefix("file: "): each.text for each in named}
