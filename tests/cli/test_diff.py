"""What a change of the policy changes, from a shell."""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import pytest
from flask import Flask

OWN = 'allow(customer: Customer, "read", order: Order) if order.customer = customer;\n'
SENT = 'allow(_: Customer, "read", order: Order) if order.sent;\n'
ACTOR = "actor Customer {}\n"


@pytest.fixture
def policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with two policies, of which the second allows more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.polar").write_text(ACTOR + OWN, encoding="utf-8")
    (tmp_path / "new.polar").write_text(ACTOR + OWN + SENT, encoding="utf-8")
    return tmp_path


def diff(run: t.Any, shop: Flask, *arguments: str) -> t.Any:
    """Run ``flask oso diff``."""
    return run(shop, "diff", *arguments)


def test_gain_is_a_condition_with_counts_and_proofs(
    policies: Path, shop: Flask, run: t.Any
) -> None:
    """First comes what changed, then how many pairs, then some of them and both proofs."""
    result = diff(run, shop, "old.polar", "new.polar")

    assert result.exit_code == 0
    assert result.stdout.startswith("+ ")
    assert "may now read Order where order.sent" in result.stdout
    assert "Before: DENIED" in result.stdout and "After: ALLOWED" in result.stdout
    assert result.stdout.endswith("1 change with new access, 0 changes with less.\n")


def test_loss_is_no_new_access(policies: Path, shop: Flask, run: t.Any) -> None:
    """Less access passes the check that there is no more."""
    result = diff(run, shop, "new.polar", "old.polar", "--no-new-access")

    assert result.exit_code == 0
    assert "may no longer read Order" in result.stdout


def test_new_access_exits_with_1_where_it_must_not_be(
    policies: Path, shop: Flask, run: t.Any
) -> None:
    """CI stops at a gain."""
    assert diff(run, shop, "old.polar", "new.polar", "--no-new-access").exit_code == 1


def test_aggregate_names_no_row(policies: Path, shop: Flask, run: t.Any) -> None:
    """With counts alone nobody's data is shown."""
    result = diff(run, shop, "old.polar", "new.polar", "--aggregate", "--format", "json")

    (change,) = json.loads(result.stdout)["changes"]
    assert change["gains"] and change["pairs"] > 0
    assert "witnesses" not in change


def test_same_policy_changes_nothing(policies: Path, shop: Flask, run: t.Any) -> None:
    """A policy and itself have no difference."""
    result = diff(run, shop, "old.polar", "old.polar")

    assert (result.exit_code, result.stdout) == (0, "Nobody gains or loses anything.\n")


@pytest.mark.parametrize(
    ("emptied", "missing"), [(["orders", "lines"], "Order"), (["customers"], "Customer")]
)
def test_nothing_is_compared_where_there_are_no_rows(
    policies: Path, shop: Flask, run: t.Any, emptied: list[str], missing: str
) -> None:
    """A gate for merges is not open because a database is empty."""
    with shop.extensions["engine"].begin() as connection:
        for table in emptied:
            connection.exec_driver_sql(f"DELETE FROM {table}")

    result = diff(run, shop, "old.polar", "new.polar", "--no-new-access")

    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Nothing is compared: the database has no {missing}." in result.stderr


def test_questions_can_be_chosen(policies: Path, shop: Flask, run: t.Any) -> None:
    """Another class, another action or one actor alone."""
    result = diff(run, shop, "old.polar", "new.polar", "--actor", "Customer:1", "--class", "Line")

    assert result.stdout == "Nobody gains or loses anything.\n"


def test_what_is_not_compared_is_named(policies: Path, shop: Flask, run: t.Any) -> None:
    """A policy that raises for an actor is not silently the same."""
    (policies / "new.polar").write_text(
        ACTOR + 'allow(c: Customer, "read", _: Order) if c.nothing = 1;', encoding="utf-8"
    )

    result = diff(run, shop, "old.polar", "new.polar")

    assert result.exit_code == 3
    assert "NOT COMPARED  read Order" in result.stderr


def test_revision_of_git_is_the_old_policy(policies: Path, shop: Flask, run: t.Any) -> None:
    """The policy as it was committed is compared with the files as they are."""
    for words in (
        ["init", "-q"],
        ["add", "old.polar"],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *words], cwd=policies, check=True)
    shop.root_path = str(policies)
    shop.config["OSO_POLICIES"] = "old.polar"
    (policies / "old.polar").write_text(ACTOR + OWN + SENT, encoding="utf-8")

    result = diff(run, shop, "HEAD", "old.polar")

    assert "may now read Order where order.sent" in result.stdout


def test_pattern_means_the_files_that_the_app_loads(
    policies: Path, shop: Flask, run: t.Any
) -> None:
    """A star stays within a folder at a revision, as it does when the app loads its policies."""
    (policies / "below").mkdir()
    (policies / "below" / "other.polar").write_text(SENT, encoding="utf-8")
    (policies / "new.polar").unlink()
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *words], cwd=policies, check=True)
    shop.root_path = str(policies)
    shop.config["OSO_POLICIES"] = "*.polar"

    result = diff(run, shop, "HEAD", "old.polar")

    assert result.stdout == "Nobody gains or loses anything.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "Name a revision, a policy file, or a directory"),
        (["empty"], "There is no policy in 'empty'."),
        (["old.polar"], "The policy of the application is no file."),
        (["missing.polar", "old.polar"], "Could not find file"),
    ],
)
def test_mistaken_names_are_misuse(
    policies: Path, shop: Flask, run: t.Any, words: list[str], message: str
) -> None:
    """A name that leads nowhere says what can be named."""
    (policies / "empty").mkdir()
    shop.root_path = str(policies)

    result = diff(
        run, shop, *words, *(["new.polar"] if len(words) == 1 and words != ["old.polar"] else [])
    )

    assert result.exit_code == 2
    assert message in result.stderr
