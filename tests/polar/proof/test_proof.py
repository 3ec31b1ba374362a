"""Whole proofs as texts, for the policies in ``proofs/``.

Each ``*.polar`` there begins with its question, ``#: ann edit draft``: the names of an actor
and of a resource of ``people``, and an action between them. The ``*.txt`` beside it is the proof.
``FLASK_OSO_WRITE_PROOFS=1`` writes these anew, for someone to read.
"""

from __future__ import annotations

import json
import os
import pickle
import typing as t
from pathlib import Path

import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.local import LocalProxy

from flask_oso import Limits, Oso
from flask_oso.polar.proof.proof import Proof
from flask_oso.polar.proof.proof_tree import Outcome
from tests.support import policies
from tests.support.models.people import Folder, Role, Thing

PROOFS = Path(__file__).parents[1] / "proofs"
CASES = sorted(PROOFS.glob("*.polar"))


class User(Thing):
    """Someone."""

    def is_older_than(self, years: int) -> bool:
        return bool(self.age > years)  # type: ignore[attr-defined]  # as given

    def fail(self) -> t.NoReturn:
        raise ValueError("The directory does not answer.")


class Org(Thing):
    """What folders belong to."""


class Post(Thing):
    """Something written."""


class Token(Thing):
    """What a program acts by."""


CLASSES = (User, Org, Folder, Post, Role, Token)


def people() -> dict[str, t.Any]:
    """Make users, and what they may or may not do something to."""
    acme, other = Org(id=1, name="acme"), Org(id=2, name="other")
    ann = User(id=1, name="ann", age=41, banned=False, password="hunter2", roles=[])
    bob = User(id=2, name="bob", age=12, banned=True, password="12345678", roles=[])
    vars(ann)["roles"] = [Role(id=1, name="reader", org=acme), Role(id=2, name="editor", org=other)]
    vars(bob)["roles"] = [Role(id=n, name=f"role {n}", org=acme) for n in range(3, 13)]
    top = Folder(id=1, owner=bob, parent=None, org=acme)
    inner = Folder(id=2, owner=None, parent=top, org=acme)
    draft = Post(id=1, author=ann, published=False, closed=False, folder=inner, editors=[ann])
    public = Post(id=2, author=bob, published=True, closed=True, folder=top, editors=[bob])
    return {
        "ann": ann,
        "bob": bob,
        "nobody": None,
        "reading": Token(id=1, scopes=["read"], user=ann),
        "acme": acme,
        "inner": inner,
        "draft": draft,
        "public": public,
        "posts": "posts",
    }


def make_oso(policy: str) -> Oso:
    """Make an Oso that has a policy about people."""
    return policies.make_oso(policy, *CLASSES)


def explain(policy: str, question: str, **options: t.Any) -> Proof:
    """Explain a question such as ``ann read draft``."""
    actor, action, resource = question.split()
    known = people()
    return make_oso(policy).explain(known[actor], action, known[resource], **options)


def question_of(policy: str) -> str:
    """Give the question that a policy begins with."""
    return policy.partition("\n")[0].removeprefix("#: ")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_proof_is_as_shown(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of a proof is that of the file."""
    monkeypatch.chdir(PROOFS)
    oso = Oso()
    for cls in CLASSES:
        oso.register_class(cls)
    oso.load_files([case.name])
    actor, action, resource = question_of(case.read_text(encoding="utf-8")).split()
    known = people()
    file = case.with_suffix(".txt")

    text = str(oso.explain(known[actor], action, known[resource]))

    if os.environ.get("FLASK_OSO_WRITE_PROOFS"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


EDIT = """
allow(user: User, "edit", post: Post) if
  post.author = user;
"""
SECRET = """
allow(user: User, "edit", _: Post) if
  word = user.password and
  word = "no" and
  first = word.lower() and
  first = "x";
"""


@pytest.mark.parametrize(
    ("question", "outcome", "is_true"),
    [
        ("ann edit draft", Outcome.ALLOWED, True),
        ("bob edit draft", Outcome.DENIED, False),
        ("ann edit public", Outcome.DENIED, False),
    ],
)
def test_proof_is_true_if_it_is_allowed(question: str, outcome: Outcome, is_true: bool) -> None:
    """A proof can stand for the answer."""
    proof = explain(EDIT, question)

    assert (proof.outcome, bool(proof)) == (outcome, is_true)


def test_broken_proof_is_false_and_keeps_the_error() -> None:
    """An error is an outcome of its own, with its message and its place."""
    proof = explain('allow(user: User, _, _) if user.nickname = "x";', "ann edit draft")

    assert (proof.outcome, bool(proof)) == (Outcome.BROKEN, False)
    assert proof.problem is not None
    assert proof.problem.kind == "PolarRuntimeError"
    assert proof.problem.message.startswith(
        "Application error: 'User' object has no attribute 'nickname'"
    )
    assert str(proof.problem.place) == "<policy>:1:28"


def test_policy_without_allow_is_broken() -> None:
    """A question that cannot be asked is no denial."""
    proof = Oso().explain("ann", "edit", "draft")

    assert proof.outcome is Outcome.BROKEN
    assert proof.question is None
    assert str(proof) == (
        'BROKEN: An error ended the evaluation: whether "ann" may "edit" "draft" is not known.\n'
        "\n"
        "PolarRuntimeError: Query for undefined rule `allow`. No policy is loaded. Load one with"
        " 'load_files', or name it in 'OSO_POLICIES' or behind 'python -m flask_oso'.\n"
    )


@pytest.mark.parametrize("value", [2**70, "\ud800"])
def test_value_that_polar_has_not_is_broken(value: object) -> None:
    """What raises in a decision is broken in its proof."""
    proof = make_oso(EDIT).explain(value, "edit", "x")

    assert proof.outcome is Outcome.BROKEN
    assert proof.problem is not None
    assert proof.problem.kind == "OperationalError"


def test_error_that_cannot_say_what_it_is_is_broken() -> None:
    """An exception of the application need not have a text."""

    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    class Actor(Thing):
        def fail(self) -> t.NoReturn:
            raise Odd

    oso = make_oso("allow(actor, _, _) if actor.fail();")

    proof = oso.explain(Actor(), "edit", "x")

    assert proof.problem is not None
    assert (proof.problem.kind, proof.problem.message) == ("Odd", "")


def test_proof_is_data_for_json() -> None:
    """A proof as a dictionary says where the rules are, and what failed."""
    found = json.loads(json.dumps(explain(EDIT, "bob edit draft").to_dict()))

    assert found["outcome"] == "denied"
    assert found["args"] == ["User:2", '"edit"', "Post:1"]
    condition = found["question"]["rules"][0]["conditions"][0]
    assert condition["text"] == "post.author = user"
    assert condition["verdict"] == "fails"
    assert condition["place"] == {
        "file": None,
        "line": 3,
        "column": 3,
        "excerpt": "  post.author = user;",
    }
    assert condition["seen"] == [
        {"text": "post.author", "value": "User:1"},
        {"text": "user", "value": "User:2"},
    ]
    assert found["suggestions"][0]["text"] == "post.author = User:2"


def test_proof_holds_texts_only() -> None:
    """A proof can be kept and sent: nothing of the application hangs on it."""
    proof = explain(EDIT, "bob edit draft")

    assert pickle.loads(pickle.dumps(proof)) == proof


def test_proof_as_html_is_escaped() -> None:
    """No value of the application is taken for markup."""
    proof = make_oso(EDIT).explain("<script>", "<b>", '"&')

    html = proof.to_html()

    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&quot;&amp;" in html


def test_html_is_open_along_the_nearest_miss() -> None:
    """The first rule and its failing condition are open, other rules are closed."""
    policy = """
        allow(user: User, "edit", post: Post) if post.published and post.author = user;
        allow(user: User, "edit", post: Post) if post.published = 1 and post.author = user;
    """

    html = explain(policy, "bob edit draft").to_html()

    assert html.count("<details open>") == 2
    assert html.count("<details>") == 2


def test_html_marks_what_failed() -> None:
    """The line of the policy is shown, with the condition in it marked."""
    html = explain(EDIT, "bob edit draft").to_html()

    assert (
        '<pre class="oso-source"><span class="oso-number">&lt;policy&gt;:3:3</span>\n'
        "  <mark>post.author = user</mark>;</pre>"
    ) in html


def test_secrets_are_in_no_form_of_a_proof() -> None:
    """What was read under a name such as password shows nowhere, nor what is made of it."""
    proof = explain(SECRET, "ann edit draft")

    shown = f"{proof}{proof.to_html()}{proof.to_dict()}"
    assert "hunter2" not in shown
    assert "[redacted]" in shown


def test_more_names_can_be_redacted() -> None:
    """Names that the application knows to be secret are added to the usual ones."""
    policy = "allow(user: User, _, _) if user.age = 3;"

    plain = str(explain(policy, "ann edit draft"))
    redacted = str(explain(policy, "ann edit draft", redact=["age"]))

    assert "user.age is 41" in plain
    assert "user.age is [redacted]" in redacted


def test_secret_in_an_error_is_left_out() -> None:
    """The text of an error may have values in it."""
    proof = explain("allow(user: User, _, _) if user.password > 3;", "ann edit draft")

    assert proof.problem is not None
    assert "[redacted] > 3" in proof.problem.message


def test_rules_by_the_thousand_are_counted() -> None:
    """Of very many rules a few are shown, the nearest first, and the others counted."""
    facts = "\n".join(f'allow("user{n}", "read", "page{n}");' for n in range(10_000))

    text = str(make_oso(facts).explain("user5000", "read", "page1"))

    assert (
        '    - allow("user5000", "read", "page5000")  (<policy>:5001:1): resource is "page1",'
        ' the rule wants "page5000"\n'
    ) in text
    assert text.endswith("    … and 9,996 other rules of this name\n")


def test_rules_that_fail_by_the_hundred_are_counted() -> None:
    """Of many rules that were tried some are shown, and the others counted."""
    rules = "\n".join(f'allow(u: User, "edit", _) if u.name = "{n}";' for n in range(500))

    text = str(explain(rules, "ann edit draft"))

    assert text.count("✗ allow(") == 6
    assert "… and 494 other rules tried without success" in text


def test_deep_recursion_is_cut_short() -> None:
    """A chain of five hundred folders has a proof of bounded depth."""
    policy = """
        allow(user: User, "read", folder: Folder) if keeps(user, folder);
        keeps(user: User, folder: Folder) if folder.owner = user;
        keeps(user: User, folder: Folder) if keeps(user, folder.parent);
    """
    folder = None
    for number in range(500):
        folder = Folder(id=number, parent=folder, owner=None)
    oso = make_oso(policy)

    proof = oso.explain(User(id=1), "read", folder)

    assert proof.outcome is Outcome.DENIED
    assert "It goes on deeper than is shown." in str(proof)
    assert len(proof.to_html()) < 50_000


def test_long_list_is_cut_short() -> None:
    """Of ten thousand values that were tried a few are shown."""
    user = User(id=1, roles=[f"role {n}" for n in range(10_000)])

    text = str(
        make_oso('allow(u: User, _, _) if r in u.roles and r.startswith("x");').explain(user, 1, 2)
    )

    assert "… and 9,996 more" in text
    assert len(text) < 2_000


def test_explaining_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A policy that prints, or stops, did so when it decided."""
    policy = 'allow(user: User, _, _) if print("seen") and debug() and user.age = 3;'

    explain(policy, "ann edit draft")

    assert capsys.readouterr() == ("", "")


def test_explaining_changes_no_answer() -> None:
    """The same question is answered as before, and leaves no trace on the engine."""
    oso, known = make_oso(EDIT), people()
    engine = oso.engine

    before = oso.is_allowed(known["ann"], "edit", known["draft"])
    oso.explain(known["ann"], "edit", known["draft"])

    assert oso.engine is engine
    assert oso.is_allowed(known["ann"], "edit", known["draft"]) is before is True


def test_limit_of_the_solver_is_no_denial(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the explanation takes more than the limits allow, the answer stands."""
    monkeypatch.delenv("OSO_COMPILED", raising=False)
    policy = """
        allow(user: User, "read", folder: Folder) if keeps(user, folder);
        keeps(user: User, folder: Folder) if folder.owner = user;
        keeps(user: User, folder: Folder) if keeps(user, folder.parent);
    """
    user = User(id=1)
    folder = Folder(id=0, parent=None, owner=user)
    for number in range(1, 300):
        folder = Folder(id=number, parent=folder, owner=None)
    oso = Oso(limits=Limits(goals=200), compiled=True)
    for cls in CLASSES:
        oso.register_class(cls)
    oso.load_str(policy)

    proof = oso.explain(user, "read", folder)

    assert bool(proof) is oso.is_allowed(user, "read", folder) is True
    assert proof.notes == (
        "To explain it takes more than the limits allow. Raise them to see all.",
    )


@pytest.mark.parametrize(
    ("policy", "question", "suggestions"),
    [
        ("allow(_, _, post: Post) if post.published;", "ann x draft", ["post.published"]),
        ("allow(_, _, post: Post) if post.published = true;", "ann x draft", ["post.published"]),
        ("allow(_, _, post: Post) if not post.closed;", "ann x public", ["not post.closed"]),
        (
            "allow(user, _, post: Post) if post.author == user;",
            "bob x draft",
            ["post.author = User:2"],
        ),
        (
            "allow(user, _, post: Post) if user in post.editors;",
            "bob x draft",
            ["User:2 in post.editors"],
        ),
        ("allow(user: User, _, _) if user.age > 50;", "ann x draft", ["user.age > 50"]),
        (
            "allow(user: User, _, _) if user.is_older_than(50);",
            "ann x draft",
            ["user.is_older_than(50)"],
        ),
        ("allow(user: User, _, _) if 50 <= user.age;", "ann x draft", ["50 <= user.age"]),
        ("allow(user: User, _, _) if user.age < 20;", "ann x draft", ["user.age < 20"]),
        ("allow(user: User, _, _) if user.age > 50 and user.age < 51;", "ann x draft", []),
        (
            "allow(_, _, post: Post) if not post.closed = true;",
            "ann x public",
            ["not post.closed = true"],
        ),
        (
            "allow(user, _, post: Post) if not user in post.editors;",
            "ann x draft",
            ["not User:1 in post.editors"],
        ),
        (
            'allow(user, _, post: Post) if user.name.startswith("x") and post.id = 1;',
            "ann x draft",
            [],
        ),
        ('allow(_, action, _) if action = "y";', "ann x draft", []),
        ("allow(_, _, post: Post) if post.published and not post.published;", "ann x draft", []),
        (
            "allow(_, _, post: Post) if post.published and not hidden(post);"
            "hidden(post: Post) if post.published;",
            "ann x draft",
            [],
        ),
        (
            "allow(_, _, post: Post) if post.published and post.closed;",
            "ann x draft",
            ["post.published and post.closed"],
        ),
    ],
)
def test_suggestions_are_true(policy: str, question: str, suggestions: list[str]) -> None:
    """A suggestion is a change with which the whole question is answered with yes."""
    proof = explain(policy, question)

    assert [suggestion.text for suggestion in proof.suggestions] == suggestions


def test_suggested_change_allows_it() -> None:
    """Who does what is suggested, is let in."""
    oso, known = make_oso("allow(user, _, post: Post) if post.author = user;"), people()
    proof = oso.explain(known["bob"], "edit", known["draft"])
    assert str(proof.suggestions[0]) == "post.author = User:2, where post is Post:1"

    known["draft"].author = known["bob"]

    assert oso.is_allowed(known["bob"], "edit", known["draft"])


def test_any_rule_can_be_explained() -> None:
    """What `allow` says of its own rules, others say of theirs."""
    proof = make_oso('f(1, "a"); f(2, "b");').explain_rule("f", 1, "b")

    assert proof.summary == 'f(1, "b") does not hold.'


def test_proxies_are_replaced_by_what_they_stand_for() -> None:
    """What ``current_user`` stands for is explained, not the proxy."""
    known = people()
    proxy = LocalProxy(lambda: known["ann"])

    assert make_oso(EDIT).explain(proxy, "edit", known["draft"])


def test_value_beside_a_secret_is_left_out() -> None:
    """What is compared with a secret may be all but the secret."""
    policy = 'allow(user: User, action, _: Post) if user.password = action and action = "x";'

    text = str(make_oso(policy).explain(people()["ann"], "hunter1", people()["draft"]))

    assert "user.password is [redacted], action is [redacted]" in text
    assert "user.password = [redacted]" not in text


def test_suggestion_about_a_secret_leaves_the_value_out() -> None:
    """A suggestion may say that a secret is another one, and does not say which."""
    policy = "allow(user: User, _, post: Post) if user.password = post.guess;"
    known = people()
    known["draft"].guess = "hunter1"

    proof = make_oso(policy).explain(known["ann"], "edit", known["draft"])

    assert [each.text for each in proof.suggestions] == ["user.password = [redacted]"]
    assert "hunter1" not in f"{proof}{proof.to_html()}{proof.to_dict()}"


@pytest.mark.parametrize("kind", [list, tuple, set])
def test_secrets_in_a_collection_are_left_out(kind: type[t.Any]) -> None:
    """Each element of what has such a name is a secret."""
    policy = 'allow(user: User, _, _) if word in user.tokens and x = [word] and x = ["a"];'
    user = User(id=1, tokens=kind(["hunter2"]))

    text = str(make_oso(policy).explain(user, "edit", "x"))

    assert "hunter2" not in text
    assert "x is [[redacted]]" in text


def test_rule_with_very_many_conditions_is_cut_short() -> None:
    """Of a thousand conditions that hold, the last twenty are shown."""
    conditions = " and ".join(["user.age = 41"] * 1_000)

    text = str(explain(f"allow(user: User, _, _) if {conditions} and user.age = 3;", "ann x draft"))

    assert "… 980 more conditions before, which hold" in text
    assert text.count("✓ user.age = 41") == 20


def test_rules_that_got_furthest_come_first() -> None:
    """Most conditions that hold, in the rule and in those it asks, is the nearest miss."""
    policy = """
        allow(_: User, "edit", post: Post) if post.published;
        allow(user: User, "edit", post: Post) if post.author = user and post.published;
        allow(user: User, "edit", post: Post) if may(user, post);
        may(user: User, post: Post) if
          user.age > 3 and post.author = user and not post.closed and post.published;
    """

    proof = explain(policy, "ann edit draft")

    assert proof.question is not None
    places = [str(rule.place) for rule in proof.question.rules]
    assert places == ["<policy>:4:9", "<policy>:3:9", "<policy>:2:9"]


def test_alternatives_by_the_hundred_are_counted() -> None:
    """Of many alternatives that fail a few are shown."""
    alternatives = " or ".join(f"user.age = {n}" for n in range(100, 400))

    text = str(explain(f"allow(user: User, _, _) if {alternatives};", "ann x draft"))

    assert "… and 296 more" in text
    assert len(text) < 5_000


@pytest.mark.slow
def test_rules_that_fail_by_the_thousand_are_counted() -> None:
    """More rules than are kept account of are counted all the same."""
    rules = "\n".join(f'allow(u: User, "edit", _) if u.name = "{n}";' for n in range(4_000))

    text = str(explain(rules, "ann edit draft"))

    assert "… and 3,994 other rules tried without success" in text


def test_policies_of_the_older_roles_are_explained() -> None:
    """Roles of oso 0.15 are rules as others."""
    oso = make_oso("""
        allow(actor, action, resource) if role_allows(actor, action, resource);
        actor_has_role_for_resource(user: User, name, org: Org) if
          role in user.roles and role.name = name and role.org = org;
        resource(_type: Org, "org", actions, roles) if
          actions = ["read", "edit"] and
          roles = { reader: { permissions: ["read"] }, editor: { permissions: ["edit"] } };
    """)
    oso.enable_roles()
    known = people()

    denied = oso.explain(known["ann"], "edit", known["acme"])
    allowed = oso.explain(known["ann"], "read", known["acme"])

    assert (denied.outcome, allowed.outcome) == (Outcome.DENIED, Outcome.ALLOWED)
    assert "✗ role_allows(actor, action, resource)" in str(denied)
    assert [each.text for each in denied.suggestions] == ['role "editor" on Org:1']


def test_file_is_named_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of the project has the name that one would type."""
    file = tmp_path / "policies" / "main.polar"
    file.parent.mkdir()
    file.write_text("allow(_, _, post: Post) if post.published;", encoding="utf-8")
    oso = Oso()
    oso.register_class(Post)
    oso.load_files([file])
    post = Post(id=1, published=False)

    elsewhere = str(oso.explain("ann", "read", post))
    monkeypatch.chdir(tmp_path)
    here = str(oso.explain("ann", "read", post))

    assert f"({file}:1:1)" in elsewhere
    assert f"({Path('policies', 'main.polar')}:1:1)" in here


def test_object_that_fails_to_say_what_it_is_is_explained() -> None:
    """Parameters are compared with objects that answer for their class themselves."""

    class Liar:
        @property  # type: ignore[misc]
        def __class__(self) -> t.Any:
            raise RuntimeError("no")

    proof = make_oso('allow(_: User, "read", _); allow(_, "list", _);').explain(Liar(), "edit", 1)

    assert proof.outcome is Outcome.DENIED
    assert 'action is "edit", the rule wants "read"' in str(proof)


@pytest.mark.parametrize("metaclass", [type, type("Meta", (type,), {})], ids=["plain", "meta"])
def test_class_is_told_from_its_objects(metaclass: t.Any) -> None:
    """A class in place of an object is named as such, whatever its metaclass."""
    page = metaclass("Page", (), {})
    oso = Oso()
    oso.register_class(page)
    oso.load_str('allow(_, "read", _: Page);')

    proof = oso.explain("ann", "read", page)

    assert "resource is the class Page, the rule wants a Page" in str(proof)


@pytest.mark.parametrize("metaclass", [type, type("Meta", (type,), {})], ids=["plain", "meta"])
def test_class_where_an_object_of_another_one_is_wanted(metaclass: t.Any) -> None:
    """It is named itself, and not by its metaclass, which nobody has heard of."""
    oso = Oso()
    for name in ("Page", "Book"):
        oso.register_class(metaclass(name, (), {}))
    oso.load_str('allow(_, "read", _: Page);')

    proof = oso.explain("ann", "read", oso.host.classes["Book"])

    assert "resource is the class Book, the rule wants a Page" in str(proof)


def test_object_that_no_policy_can_be_asked_about_is_broken() -> None:
    """What raises in a decision, whatever it is, is told."""

    class Unhashable(type):
        __hash__ = None  # type: ignore[assignment]  # that is the point

    class Odd(metaclass=Unhashable):
        pass

    proof = make_oso("allow(_, _, _);").explain(Odd(), "edit", "x")

    assert proof.outcome is Outcome.BROKEN
    assert proof.args[0] == "<Odd object>"


def test_misspelt_action_is_told() -> None:
    """An action that no rule allows may be another one that was meant."""
    policy = 'allow(_, "edit", _: Post); allow(_, "read", _: Post);'

    near = explain(policy, "ann edti draft")
    far = explain(policy, "ann publish draft")
    known = explain(policy, "ann read inner")

    assert near.notes == ('No rule allows "edti". Did you mean "edit"?',)
    assert far.notes == ('No rule allows "publish".',)
    assert known.notes == ()


def test_class_that_is_not_registered_is_told() -> None:
    """An object of a class that is not registered matches no rule that names a class, and the
    proof says so.
    """

    class Page(Post):
        pass

    class Stray:
        pass

    oso = make_oso("allow(_: User, _, _: Post);")

    assert oso.explain(Stray(), "edit", Stray()).notes == (
        "The actor is a Stray, a class that is not registered.",
        "The resource is a Stray, a class that is not registered.",
    )
    assert oso.explain(None, "edit", Page()).notes == ()


class Meta(type):
    """A metaclass, as SQLAlchemy's declarative classes have one."""


class Asked(type):
    """A metaclass that says itself what the instances of its classes are."""

    def __instancecheck__(cls, instance: object) -> bool:
        return type(instance) is cls


class Registry(DeclarativeBase):
    """The base of mapped classes."""


class Row(Registry):
    """A row of a table."""

    __tablename__ = "row"
    id: Mapped[int] = mapped_column(primary_key=True)


class Cell(Registry):
    """A row of another table."""

    __tablename__ = "cell"
    id: Mapped[int] = mapped_column(primary_key=True)


def reasons(rules: str, resource: t.Any, wanted: type, actor: t.Any = None) -> list[str]:
    """Explain why an actor may not edit, and give the reasons of rules that do not apply."""
    oso = Oso()
    for cls in (User, type(resource), wanted):
        oso.register_class(cls, name="Found" if cls is type(resource) else None)
    oso.load_str(rules.replace("Wanted", wanted.__name__))
    question = oso.explain(actor, "edit", resource).question
    assert question is not None
    return [rule.reason for rule in question.others]


@pytest.mark.parametrize(
    ("found", "wanted", "reason"),
    [
        (Row(id=1), Cell, "resource is a Found, the rule wants a Cell"),
        (Meta("A", (), {})(), Meta("Page", (), {}), "resource is a Found, the rule wants a Page"),
        (Asked("A", (), {})(), Asked("Page", (), {}), "resource is a Found, the rule wants a Page"),
    ],
    ids=["mapped", "metaclass", "asked"],
)  # fmt: skip
def test_resource_of_another_class_is_named(found: t.Any, wanted: type, reason: str) -> None:
    """The parameter that does not match is named, whatever its class, and not the actor."""
    rule = 'allow(_: User, "edit", _: Wanted);'

    assert reasons(rule, found, wanted, User(id=1)) == [reason]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (
            'allow(_: User, "edit", _: Found{id: 2});',
            "resource is Found:1, the rule wants Found{id: 2}",
        ),
        (
            'allow(_: User{admin: true}, "edit", _: Found);',
            "actor is User:1, the rule wants User{admin: true}",
        ),
        (
            'allow(_: User, "edit", x: String) if x = x;',
            "resource is a Found, the rule wants a String",
        ),
        (
            "allow(x: User, _, x);",
            "resource is Found:1, the rule wants it to equal another argument",
        ),
        (
            'allow(_: User, "edit", {id: 2});',
            "resource is Found:1, the rule wants {id: 2}",
        ),
    ],
)
def test_what_does_not_match_is_named(rule: str, reason: str) -> None:
    """Fields, other kinds and arguments that have to be equal count like classes."""
    assert reasons(rule, Row(id=1), Cell, User(id=1, admin=False)) == [reason]


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        (None, "actor is nil (nobody), the rule wants an Actor"),
        (User, "actor is the class User, the rule wants an Actor"),
        ("ann", 'actor is "ann", the rule wants an Actor'),
    ],
)
def test_who_is_no_actor_is_named(actor: t.Any, reason: str) -> None:
    """Nobody is no class, also where a block asks for any actor."""
    rules = """
        actor User {} resource Found {} resource Wanted {}
        allow(actor: Actor, "edit", _: Found) if actor.id = 1;
    """

    assert reasons(rules, Row(id=1), Cell, actor) == [reason]


def test_rule_for_the_asked_action_comes_first_for_nobody() -> None:
    """Rules that name the action lead, then those for any action, then those for others."""
    rules = """
        allow(_, "list", "rows");
        allow(_: User, "read", _: Found);
        allow(_: User, _, _: Found);
        allow(_: User, "edit", _: Wanted);
        allow(_: User, "edit", _: Found);
    """
    oso = Oso()
    for cls in (User, Row, Cell):
        oso.register_class(cls)
    oso.load_str(rules.replace("Found", "Row").replace("Wanted", "Cell"))

    question = oso.explain(None, "edit", Row(id=1)).question

    assert question is not None
    assert [rule.text for rule in question.others] == [
        'allow(_: User, "edit", _: Row)',
        'allow(_: User, "edit", _: Cell)',
        "allow(_: User, _, _: Row)",
        'allow(_, "list", "rows")',
    ]
    assert question.others[0].reason == "actor is nil (nobody), the rule wants a User"
