"""The pages about the internals: what they quote of the code is made by the code.

A fenced block below ``<!-- made: NAME -->`` is the result of ``MAKERS[NAME]``. To write the
pages anew after a change of the code::

    python -m tests.docs.pages
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.one_rule import MAKERS

FOLDER = Path(__file__).parents[2] / "docs" / "internals"
PAGES = sorted(FOLDER.glob("*.md"))
_MADE = re.compile(r"(<!-- made: ([\w-]+) -->\n```\w+\n)(.*?)(^```$)", re.MULTILINE | re.DOTALL)


def written_anew(text: str) -> str:
    """Give a page with everything made that is made by the code."""
    return _MADE.sub(lambda match: f"{match[1]}{MAKERS[match[2]]()}\n{match[4]}", text)


def made_names(text: str) -> list[str]:
    """Give the names of what a page has made."""
    return [match[2] for match in _MADE.finditer(text)]


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(written_anew(page.read_text(encoding="utf-8")), encoding="utf-8")
