"""SECURITY.md says what is in the code, and can be found."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder

from flask_oso import Limits

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
_LIMIT = re.compile(r"^\| `(\w+)` \| ([\d,]+) \| `(\w+)` \|", re.MULTILINE)


def test_table_of_limits() -> None:
    """Each limit is there, with its default and its variable, in the order of the code."""
    told = [(name, int(number.replace(",", "")), env) for name, number, env in _LIMIT.findall(TEXT)]

    assert told == [(name, default, variable) for name, (variable, default) in Limits.KNOWN.items()]


@pytest.mark.parametrize(("file", "heading"), re.findall(r"\]\(([\w/.]+)#([\w-]+)\)", TEXT))
def test_link_of_the_page_leads_somewhere(file: str, heading: str) -> None:
    """What the page links to exists, with that heading."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()

    headings = [re.sub(r"[^\w -]", "", line.lstrip("# ")) for line in lines if line[:1] == "#"]

    assert heading in [title.lower().replace(" ", "-") for title in headings]


def test_readme_names_the_page() -> None:
    """Who reads README.md finds the page."""
    assert "`SECURITY.md`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.full
def test_sdist_brings_the_page(tmp_path: Path) -> None:
    """The page is in what is published, with the fuzzer and its corpus."""
    archive = next(iter(SdistBuilder(str(ROOT)).build(directory=str(tmp_path))))

    with tarfile.open(archive) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}

    assert {"SECURITY.md", "tests/fuzz/__main__.py"} <= names
    assert any(name.startswith("tests/fuzz/corpus/") for name in names)
