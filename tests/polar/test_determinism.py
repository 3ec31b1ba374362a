"""Nothing depends on the order in which Python hashes."""

from __future__ import annotations

import pytest

from tests.support.children import run_python
from tests.support.sizes import part_of

pytestmark = pytest.mark.slow

#: Every case and every wrong policy, with results in order, messages and output.
SCRIPT = """
import pathlib
from tests.support.cases import read_cases, run_case
from tests.support.models.world import make_oso

for case in read_cases():
    print(case.name, *run_case(case), sep="\\n")
for file in sorted(pathlib.Path("tests/polar/errors").glob("*.polar")):
    try:
        make_oso().load_str(file.read_text(encoding="utf-8"))
    except Exception as error:
        print(file.name, type(error).__name__, error, ascii(error.warnings), sep="\\n")
"""


@pytest.fixture(scope="module")
def expected() -> str:
    """What comes out with the first seed."""
    return run_python(SCRIPT, PYTHONHASHSEED="0")


@pytest.mark.parametrize("seed", ["1", "2", "4711"][: part_of(3)])
def test_output_is_the_same(expected: str, seed: str) -> None:
    """Decisions, solutions, their order, warnings and messages are those of any other seed."""
    given = run_python(SCRIPT, PYTHONHASHSEED=seed)

    assert len(expected) > 60_000
    assert given == expected
