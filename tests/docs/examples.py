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
    above, below ``<!-- file: NAME -->``, and with ``<!-- more: NAME -->`` the text that is added to
    one. A page of the tutorial has the files of those before it, other pages about Flask those of
    ``how-to/index.md``. ``$ curl`` asks ``app.py``, or on
    a page that has none the ``app`` of its programs.
``python``
    a program: all of a page run one after the other, with the classes of the examples and
    ``policy``, an Oso with the last policy above. A ``text`` below ``<!-- printed -->`` is what
    was printed since the one before. On pages about Flask each section begins with the application
    of ``how-to/index.md``, without its views: ``app``, ``oso``, ``policy``, and the policy of the
    section, if it has one.

Text that nothing makes stands below ``<!-- shown -->``. ``running.py`` runs the examples, and
writes what they print anew.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: The pages whose examples run here; those of ``internals`` are made by ``pages.py``.
#: ``migrating.md`` has before and after, ``lint.md`` wrong and right; tests of their own run both.
PAGES = [
    ROOT / "README.md",
    *sorted(
        path
        for path in DOCS.rglob("*.md")
        if "internals" not in path.parts and path.name not in ("migrating.md", "lint.md")
    ),
]
#: The page whose classes and objects all examples know.
WORLD = DOCS / "reference" / "polar" / "index.md"
#: The page with the application that the pages about Flask build on.
APPLICATION = DOCS / "how-to" / "index.md"
#: The folders of these pages.
FLASK = ("how-to", "tutorial", "flask")
#: What is no example: it is drawn, or is text of another language.
UNRUN = {"ebnf", "html", "ini", "jinja", "sh", "sql", "toml", "yaml"}
_BLOCK = re.compile(
    r"^(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)^```$|^#+ ([^\n]*)$", re.MULTILINE | re.DOTALL
)


@dataclasses.dataclass(frozen=True)
class Example:
    """One fenced block of a page: where it stands, its language, and the note above it.

    :param policy: the policy above it, or it itself.
    :param begin: where its text begins on the page.
    :param has_app: whether the page has an application in a file.
    """

    page: Path
    section: str
    language: str
    note: str
    text: str
    policy: str
    begin: int
    has_app: bool = False

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).with_suffix('')}: {self.section}"

    @property
    def kind(self) -> str:
        """What is to be done with it."""
        if self.note.startswith(("file: ", "more: ")) or self.language in UNRUN:
            return "file"
        if self.language == "console" and self.note:
            return self.note
        if self.language == "console":
            if self.text.startswith("$ curl ") and not self.has_app:
                return "requests"
            return "session" if self.text.startswith("query> ") else "commands"
        return self.note if self.language == "text" else f"{self.language} {self.note}".strip()


def read_examples(page: Path) -> Iterator[Example]:
    """Yield the examples of a page, in their order."""
    section, policy, before = "", "", ""
    whole = page.read_text("utf-8")
    has_app = "\n<!-- file: app.py -->\n" in whole or "tutorial" in page.parts
    for match in _BLOCK.finditer(whole):
        note, language, text, heading = match.groups()
        section = heading or section
        if not language:
            policy = "" if is_about_flask(page) else policy
            continue
        if language == "polar" and note not in ("refused", "warned"):
            policy = policy + text if note == "more" else text
        if language == "text" and before in ("refused", "warned"):
            note = "message"
        before = note
        yield Example(page, section, language, note or "", text, policy, match.start(3), has_app)


def is_about_flask(page: Path) -> bool:
    """Tell whether a page builds on the application of :data:`APPLICATION`."""
    return page.parent.name in FLASK or page.name == "README.md"


def pages_before(page: Path) -> list[Path]:
    """Give the pages of the tutorial that stand before a page."""
    if page.parent.name != "tutorial" or page.name == "index.md":
        return []
    return [each for each in PAGES if each.parent == page.parent and each.name < page.name]


def files_before(page: Path) -> dict[str, str]:
    """Give the files with which a page begins, by their names: those of pages before it.

    Pages about Flask begin with those of the application.
    """
    if page.parent.name in ("how-to", "flask") and page != APPLICATION:
        return files_of(APPLICATION)
    earlier = pages_before(page)
    return files_of(earlier[-1]) if earlier else {}


def add_file(files: dict[str, str], example: Example) -> None:
    """Take what an example says of a file into account, if it is one."""
    kind, _, name = example.note.partition(": ")
    if kind == "file":
        files[name] = example.text
    elif kind == "more":
        files[name] = f"{files[name]}\n\n{example.text}"


def files_of(page: Path) -> dict[str, str]:
    """Give the files of a page, by their names: what it shows, and what pages before it do."""
    files = files_before(page)
    for each in read_examples(page):
        add_file(files, each)
    return files


EXAMPLES = [example for page in PAGES for example in read_examples(page)]


def examples_of(*kinds: str) -> list[Example]:
    """Give the examples of some kinds, on all pages."""
    return [example for example in EXAMPLES if example.kind in kinds]
