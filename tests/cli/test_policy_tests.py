"""The tests of a policy, from a shell: in an app, and without one."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from flask import Flask

from flask_oso.__main__ import main

PASSING = """\
allow(user: User, "read", note: Note) if note.author = user;
test "authors read" {
  assert allow(User{"ana"}, "read", Note{"n", author: User{"ana"}});
}
"""
FAILING = PASSING + 'test "all read" { assert allow(User{1}, "read", Note{2, author: User{3}}); }\n'
BROKEN = PASSING + 'test "nothing" { assert allow(User{1}, "read", Note{2}); }\n'


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], str]:
    """Write a policy into an empty folder, and give its name there."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> str:
        (tmp_path / "policy.polar").write_text(text, encoding="utf-8")
        return "policy.polar"

    return write


@pytest.mark.parametrize(("policy", "code"), [(PASSING, 0), (FAILING, 1), (BROKEN, 3)])
def test_exit_code_tells_how_tests_ended(
    write: t.Callable[[str], str], policy: str, code: int
) -> None:
    """Passed, failed and broken are three codes."""
    assert main(["test", write(policy)]) == code


def test_table_shows_each_test_and_why_one_failed(
    write: t.Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """First comes a line for each test, then what does not hold, with its proof."""
    main(["test", write(FAILING)])

    output = capsys.readouterr().out
    assert output.startswith("passed  authors read\nFAILED  all read\n")
    assert "FAILED  all read  (policy.polar:5)\n  test " in output
    assert "It does not hold." in output and "DENIED" in output
    assert output.endswith("1 passed, 1 failed.\n")


def test_coverage_lists_lines_that_no_test_reaches(
    write: t.Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A rule that no test asks is shown with its place."""
    main(["test", write(PASSING + 'allow(_, "edit", _: Note);\n'), "--coverage"])

    output = capsys.readouterr().out
    assert "Tests reach 1 of 2 lines" in output
    assert '  policy.polar:5  allow(_, "edit", _: Note);\n' in output


def test_json_is_one_object(
    write: t.Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Programs get each test with its failures."""
    main(["test", write(FAILING), "--format", "json", "-k", "all"])

    (test,) = json.loads(capsys.readouterr().out)["tests"]
    assert (test["name"], test["outcome"], test["line"]) == ("all read", "failed", 5)
    assert test["failures"][0]["message"] == "It does not hold."


def test_github_gets_annotations(
    write: t.Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure stands beside its line."""
    main(["test", write(FAILING), "--format", "github"])

    first = capsys.readouterr().out.splitlines()[0]
    assert first == (
        "::error file=policy.polar,line=5,title=Policy test::all read: It does not hold."
    )


def test_policy_without_tests_is_misuse(
    write: t.Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that tests nothing does not pass."""
    assert main(["test", write("allow(1, 2, 3);")]) == 2
    shown = capsys.readouterr().err
    assert "There is no test. Write one" in shown
    assert "Searched: policy.polar. Name other files: python -m flask_oso test FILES\n" in shown


def test_app_tests_a_file_with_its_own_classes(
    shop: Flask, run: t.Any, write: t.Callable[[str], str]
) -> None:
    """Mapped classes of the app are those that the tests make up objects of."""
    policy = (
        'allow(customer: Customer, "read", order: Order) if order.customer = customer;\n'
        'test "own" { assert allow(Customer{1}, "read", Order{1, customer: Customer{1}});'
        ' assert_not allow(Customer{2}, "read", Order{1}); }'
    )

    result = run(shop, "test", write(policy))

    assert (result.exit_code, result.stdout) == (0, "passed  own\n\n1 passed.\n")


def test_app_without_tests_is_misuse(shop: Flask, run: t.Any) -> None:
    """The policy of the shop has none."""
    assert run(shop, "test").exit_code == 2


def test_file_with_tests_alone_is_about_the_policy_of_the_app(
    shop: Flask, run: t.Any, write: t.Callable[[str], str]
) -> None:
    """A file without rules of its own is tested together with the rules of the app."""
    tests = write(
        'test "own" { assert allow(Customer{1}, "read", Order{1, customer: Customer{1}}); }'
    )

    result = run(shop, "test", tests)

    assert (result.exit_code, result.stdout) == (0, "passed  own\n\n1 passed.\n")


def test_file_with_tests_alone_takes_fixtures_of_the_policy(
    shop: Flask, run: t.Any, write: t.Callable[[str], str]
) -> None:
    """What the policy of the app has for its own tests is there for those of the file."""
    shop.extensions["oso"].oso.load_str(
        "test fixture paid { is_paid(1); } allow(_, _, _) if is_paid(1);", replace=True
    )

    result = run(
        shop, "test", write('test "paid" { setup { fixture paid; } assert allow(1, 2, 3); }')
    )

    assert (result.exit_code, result.stdout) == (0, "passed  paid\n\n1 passed.\n")


def test_failure_without_any_rule_says_so(
    write: t.Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no application gives the rules, the tests that miss them name the cause."""
    main(["test", write('test "first" { assert allow(1, 2, 3); }')])

    assert "No rules are loaded. Name the files with the rules, too.\n" in capsys.readouterr().err
