"""How much random tests look at is said by ``OSO_TEST_CASES``."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.children import run_python

SCRIPT = "from tests.support.sizes import part_of; print(part_of(8), part_of(580), part_of(1))"


@pytest.mark.parametrize(("word", "sizes"), [("part", "1 72 1"), ("full", "8 580 1")])
def test_size_is_a_part_or_all(word: str, sizes: str) -> None:
    """An eighth is tried, and at least one case."""
    assert run_python(SCRIPT, OSO_TEST_CASES=word).strip() == sizes


def test_misspelt_size_is_refused() -> None:
    """Nobody believes that all was tried when a part was."""
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run_python(SCRIPT, OSO_TEST_CASES="all")

    assert "'OSO_TEST_CASES' is 'part' or 'full', not 'all'." in caught.value.stderr
