"""Every case in ``cases/*.polar`` gives what it says."""

from __future__ import annotations

import pytest

from tests.support.cases import Case, read_cases, run_case


@pytest.mark.parametrize("case", read_cases(), ids=lambda case: case.name)
def test_case(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """The results, the error and the output are those that the case names."""
    results, error = run_case(case)

    output = capsys.readouterr().out
    assert results == case.results
    assert (type(error).__name__ if error else None) == case.error, error
    assert case.error_text in str(error)
    assert [text for text in case.prints if text not in output] == []
    assert [text for text in case.silent if text in output] == []
