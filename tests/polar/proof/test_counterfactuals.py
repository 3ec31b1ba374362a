"""What a proof suggests is true: with that change, and no other, the policy allows it.

Policies and data are drawn at random. Each suggested change is then made for real, and the
question asked again.
"""

from __future__ import annotations

import dataclasses
import os
import typing as t
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from flask_oso import Oso
from flask_oso.polar.proof import counterfactuals
from flask_oso.polar.proof.counterfactuals import Change, GivenAttribute, GivenCall, GivenResult
from tests.support.models.people import Role, Thing
from tests.support.sizes import part_of

#: How many policies are drawn.
POLICIES = int(os.environ.get("FLASK_OSO_PROOFS", part_of(250, 2)))

#: Conditions over a user ``u``, a post ``p`` and what belongs to them.
CONDITIONS = (
    "p.published",
    "p.published = true",
    "not p.published",
    "not p.closed",
    "not p.closed = true",
    "p.closed = false",
    "p.author = u",
    "p.author == u",
    "p.org.owner = u",
    "p.org.open",
    "u in p.editors",
    "not u in p.blocked",
    "u.age > 18",
    "u.age <= 40",
    "60 < u.age",
    "u.age < p.limit",
    'p.status = "open"',
    "u.allows(p)",
    "not u.allows(p)",
    'has_role(u, "editor", p.org)',
    'not has_role(u, "reader", p.org)',
    "helper(u, p)",
    "not helper(u, p)",
    "(p.published or p.author = u)",
    "(p.closed and u in p.editors)",
    "forall(e in p.editors, e.age > 18)",
)
RULES = """
has_role(u: User, name: String, org: Org) if
  role in u.roles and role.name = name and role.org = org;
"""


class User(Thing):
    """Someone, with a method that says what it was told to say."""

    def allows(self, post: Post) -> bool:
        return bool(self.answer)  # type: ignore[attr-defined]  # as given


class Post(Thing):
    """Something written."""


class Org(Thing):
    """What posts belong to."""


@dataclasses.dataclass
class Tally:
    """How many changes were made, by kind, and which did not do what they were to do."""

    made: dict[type[Change], int] = dataclasses.field(default_factory=dict)
    pairs: int = 0
    untrue: list[str] = dataclasses.field(default_factory=list)


@st.composite
def policies(draw: st.DrawFn) -> str:
    """Draw rules for ``allow`` and for a helper."""
    bodies = st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=3)
    plain = [each for each in CONDITIONS if "helper" not in each]
    rules = [
        f"allow(u: User, _, p: Post) if u = u and p = p and {' and '.join(draw(bodies))};"
        for _ in range(draw(st.integers(1, 3)))
    ]
    helper = draw(st.lists(st.sampled_from(plain), min_size=1, max_size=2))
    rules.append(f"helper(u: User, p: Post) if u = u and p = p and {' and '.join(helper)};")
    return "\n".join([RULES, *rules])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[User, Post]:
    """Draw a user and a post."""
    flag, age = st.booleans(), st.integers(10, 70)
    org = Org(id=1, open=draw(flag), owner=None)
    user = User(id=1, age=draw(age), answer=draw(flag), roles=[])
    other = User(id=2, age=draw(age), answer=False, roles=[])
    people = st.lists(st.sampled_from([user, other]), max_size=2)
    vars(user)["roles"] = [Role(name=draw(st.sampled_from(["reader", "editor"])), org=org)]
    post = Post(
        id=1,
        published=draw(flag),
        closed=draw(flag),
        author=draw(st.sampled_from([user, other])),
        org=org,
        editors=draw(people),
        blocked=draw(people),
        limit=draw(age),
        status=draw(st.sampled_from(["open", "done"])),
    )
    return user, post


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    """Make the suggested changes of many proofs, once for all tests."""
    tally = Tally()

    @seed(20_270_612)
    @settings(
        max_examples=POLICIES, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
    )
    @given(policy=policies(), world=worlds())
    def make_changes(policy: str, world: tuple[User, Post]) -> None:
        make_all(policy, *world, tally)

    make_changes()
    yield tally


def make_all(policy: str, user: User, post: Post, tally: Tally) -> None:
    """Explain a denial, make each change that it suggests, and ask again."""
    oso = Oso()
    for cls in (User, Post, Org, Role):
        oso.register_class(cls)
    oso.load_str(policy)
    for changes in suggested(oso, user, post):
        tally.pairs += len(changes) > 1
        undo = [make(change) for change in changes]
        if not oso.is_allowed(user, "edit", post):
            texts = [change.text for change in changes]
            tally.untrue.append(f"{policy}\n{texts}\n{vars(user)} {vars(post)}")
        for change in changes:
            tally.made[type(change)] = tally.made.get(type(change), 0) + 1
        for each in reversed(undo):
            each()


def suggested(oso: Oso, user: User, post: Post) -> list[tuple[Change, ...]]:
    """Give the changes behind the suggestions of a proof."""
    found: list[tuple[Change, ...]] = []
    say = counterfactuals._suggestion

    def keep(changes: t.Sequence[Change]) -> t.Any:
        found.append(tuple(changes))
        return say(changes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counterfactuals, "_suggestion", keep)
        oso.explain(user, "edit", post)
    return found


def make(change: Change) -> t.Callable[[], None]:
    """Make a change for real; give what undoes it."""
    if isinstance(change, GivenCall):
        user, name, org = (term.value for term in change.args)
        user.roles.append(Role(name=name, org=org))
        return lambda: user.roles.pop()
    owner = change.owner  # type: ignore[attr-defined]  # the other two kinds have it
    if isinstance(change, GivenResult):
        before = owner.answer
        owner.answer = True
        return lambda: setattr(owner, "answer", before)
    assert isinstance(change, GivenAttribute)
    name, before = change.name, getattr(owner, change.name)
    items = getattr(change.value, "items", None)
    value = change.value.value if items is None else [each.value for each in items]  # type: ignore[attr-defined]  # a list or one value
    setattr(owner, name, value)
    return lambda: setattr(owner, name, before)


@pytest.mark.slow
def test_suggested_changes_allow_it(tally: Tally) -> None:
    """The question is answered with yes once the change is made."""
    assert "\n".join(tally.untrue[:3]) == ""


@pytest.mark.parametrize("kind", [GivenAttribute, GivenCall, GivenResult])
def test_changes_of_every_kind_were_made(tally: Tally, kind: type[Change]) -> None:
    """Attributes, roles and results of methods are suggested."""
    assert tally.made.get(kind, 0) >= 5


def test_pairs_of_changes_were_made(tally: Tally) -> None:
    """Where one change is not enough, two are suggested."""
    assert tally.pairs >= 5
