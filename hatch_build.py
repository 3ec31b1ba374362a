"""The description on the package index: README.md, without links to files that are not there.

The index shows README.md alone. A link to a page of the repository becomes the name of that page,
and a picture its description.
"""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

_PICTURE = re.compile(r"!\[([^\]]*)\]\((?!https:)[^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\((?!https:|#)([^)]*)\)")


class Description(MetadataHookInterface):
    """Hatch calls it when it makes the metadata."""

    def update(self, metadata: dict[str, t.Any]) -> None:
        """Give README.md as it is shown on its own."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": stand_alone(text)}


def stand_alone(text: str) -> str:
    """Replace links and pictures that need the repository."""
    return _LINK.sub(_named, _PICTURE.sub(r"(A picture: \1)", text))


def _named(link: re.Match[str]) -> str:
    text, path = link[1], link[2]
    return text if text == f"`{path}`" else f"{text} (`{path}`)"
