"""Every wrong policy in ``errors/*.polar`` gets the message in the ``.txt`` beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flask_oso import OsoError
from tests.support.models.world import make_oso

_WRONG_POLICIES = sorted((Path(__file__).parent / "errors").glob("*.polar"))


@pytest.mark.parametrize("policy", _WRONG_POLICIES, ids=lambda policy: policy.stem)
def test_wrong_policy_message(policy: Path) -> None:
    """The error of the load tells all problems of the policy, and nothing else."""
    text = policy.read_bytes().decode()
    message = policy.with_suffix(".txt").read_bytes().decode()

    with pytest.raises(OsoError) as caught:
        make_oso().load_str(text)

    assert str(caught.value) == message
