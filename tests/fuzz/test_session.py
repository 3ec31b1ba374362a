"""The loop finds what is to be found, makes it small, and is the same for the same seed."""

from __future__ import annotations

import resource
import time
import types
import typing as t
from pathlib import Path

import pytest

from . import __main__, campaign, watch
from .session import Budget, Outcome, Session


class Fault(Exception):
    """What the targets of these tests raise."""


def module(target: t.Callable[[bytes], None], seeds: t.Sequence[bytes] = ()) -> t.Any:
    """Make a module of a target."""
    return types.SimpleNamespace(target=target, seeds=lambda: seeds, IS_TEXT=True)


def fail_at_cut(data: bytes) -> None:
    """Fail for a word that only mutation with words is likely to make."""
    if b"cut" in data:
        raise Fault(data)


def fail_always(data: bytes) -> None:
    """Fail whatever the input is."""
    raise Fault


def run_nothing(data: bytes) -> None:
    """Find nothing."""


def test_session_finds_and_shrinks(tmp_path: Path) -> None:
    """A finding is saved as small as it can be, under the name of its kind."""
    session = Session("cuts", module(fail_at_cut, [b"f(x) if x = 1;"]), 1, tmp_path)

    outcome = session.run(Budget(inputs=2000))

    assert [path.name.partition("-")[0] for path in outcome.saved] == ["Fault"]
    assert [path.read_bytes() for path in outcome.saved] == [b"cut"]


def test_session_repeats_itself(tmp_path: Path) -> None:
    """One seed, one row of inputs."""
    rows: list[list[bytes]] = [[], []]

    for row in rows:
        Session("row", module(row.append, [b"f(1);"]), 7, tmp_path).run(Budget(inputs=200))

    assert rows[0] == rows[1]
    assert len(rows[0]) == 200


def test_session_begins_with_the_corpus(tmp_path: Path) -> None:
    """What was saved is run again, before anything else."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "saved").write_bytes(b"saved")
    seen: list[bytes] = []

    Session("old", module(seen.append), 1, tmp_path).run(Budget(inputs=3))

    assert seen[0] == b"saved"


def test_session_ends_in_time(tmp_path: Path) -> None:
    """A budget of seconds is one: the session ends by itself, and not before."""
    outcome = Session("time", module(run_nothing), 1, tmp_path).run(Budget(seconds=0.2))

    assert outcome.seconds >= 0.2


def test_slow_input_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that takes too long is found twice before it is reported."""
    monkeypatch.setattr(watch, "SLOW", -1)
    calls: list[bytes] = []

    finding = watch.run(calls.append, b"")

    assert finding is not None
    assert (finding.kind, len(calls)) == ("slow", 2)


def test_endless_input_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that does not end is stopped."""
    monkeypatch.setattr(watch, "ENDLESS", 0.05)

    finding = watch.run(lambda data: time.sleep(5), b"")

    assert finding is not None
    assert finding.kind == "endless"


@pytest.mark.parametrize(("target", "findings"), [(fail_always, 1), (run_nothing, 0)])
def test_command_counts_findings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, target: t.Any, findings: int
) -> None:
    """The outcome of a target is what its inputs found."""
    monkeypatch.setattr(resource, "setrlimit", lambda *limits: None)
    monkeypatch.setattr(campaign, "TARGETS", {"own": module(target)})
    monkeypatch.setattr(campaign, "SCRATCH", tmp_path)
    plan = campaign.Campaign(1, Budget(inputs=5), tmp_path / "corpus")

    outcome = campaign.run_target(plan, "own")

    assert (len(outcome.findings), outcome.inputs) == (findings, 5)


@pytest.mark.parametrize(("findings", "code"), [({}, 0), ({"Fault": "text"}, 1)])
def test_command_tells_by_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    findings: dict[str, str],
    code: int,
) -> None:
    """The table says how many findings there are, and the exit code whether."""
    outcome = Outcome("lexer", 3, 1.0, None, findings)
    monkeypatch.setattr(__main__, "run_targets", lambda *arguments: [outcome])

    given = __main__.main(["--target", "lexer", "--inputs", "3"])

    assert given == code
    assert capsys.readouterr().out.splitlines()[-1].split() == [
        *("lexer", "3", "1.0", "3", "-", str(code)),
    ]
