"""Every case in ``cases/*.polar`` gives what it says."""

from __future__ import annotations

import pytest
from case_files import Case, read_cases, show_result
from world import make_oso

from flask_oso import OsoError


def run_case(case: Case) -> tuple[list[str], BaseException | None]:
    """Load the policy of a case and ask its query; give the results, and the error if any."""
    results: list[str] = []
    try:
        oso = make_oso()
        if case.policy:
            oso.load_str(case.policy)
        if case.query is not None:
            solutions = oso.query(
                case.query,
                bindings=case.bindings,
                accept_expression=case.accept_expression,
            )
            for solution in solutions:
                results.append(show_result(solution["bindings"]))
    except (OsoError, ValueError, TypeError, AttributeError) as error:
        return results, error
    return results, None


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
