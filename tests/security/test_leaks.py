"""What leaves a decision: no object's contents, and no side effect."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import typing as t
import weakref

import pytest

from flask_oso import Oso
from flask_oso.polar import Expression, Variable
from flask_oso.polar.exceptions import OsoError
from tests.support.policies import make_oso

SECRET = "hunter2"


class User:
    """An actor whose ``repr`` and ``str`` hold a password, as those of many models do."""

    def __init__(self, **attributes: t.Any) -> None:
        self.password = SECRET
        self.__dict__.update(attributes)

    def __repr__(self) -> str:
        return f"User(password={self.password!r})"

    def fail(self) -> t.NoReturn:
        """Fail like a missing attribute."""
        raise AttributeError("no such thing")


def load(policy: str) -> Oso:
    return make_oso(policy, User)


FAULTS = [
    "u.misspelt",
    "u.fail",
    "not u.misspelt",
    "u",
    "1 in u",
    "u < 1",
    "u + 1 = 2",
    "u.password()",
    "u.(u)",
    "f(u)",
    "[u] < 1",
    "{a: u}.a.b.c",
    "u matches Unknown",
    "_ = new Unknown(u)",
    "new User(u).misspelt",
    "x := 1 and x := u",
    "g(u, u)",
    "x in [u, 1] and x.misspelt",
    "u.loop = 1 and endless(u)",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_error_shows_no_contents(fault: str) -> None:
    """Whatever goes wrong, the text names the class of an object and no more."""
    oso = load(
        f"allow(u, _, _) if u = u and {fault}; f(u) if u.misspelt; g(u, v) if u.x = v;"
        "endless(u) if endless(u);"
    )
    user = User(loop=1)

    with pytest.raises((OsoError, AttributeError)) as caught:
        oso.is_allowed(user, user, [user, {"a": user}])

    assert SECRET not in str(caught.value)
    assert SECRET not in json.dumps(getattr(caught.value, "details", None), default=repr)


@pytest.mark.parametrize(
    "question", [[User(), Variable("x")], Expression("And", [User()]), {"a": Variable("x")}]
)
def test_refusal_of_a_question_shows_no_contents(question: t.Any) -> None:
    """The error for an argument that is no value shows the class of it and no contents."""
    with pytest.raises(OsoError) as caught:
        load("allow(x, _, _) if x.a = 1;").is_allowed(question, "read", User())

    assert SECRET not in str(caught.value)


def test_decision_writes_nothing(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A decision prints nothing and logs nothing, allowed or denied."""
    oso = load('allow(u: User, "read", _) if u.password = "hunter2";')
    capfd.readouterr()
    with caplog.at_level(logging.DEBUG):
        oso.is_allowed(User(), "read", "page")
        oso.is_allowed(User(), "edit", "page")

    assert (capfd.readouterr().out, capfd.readouterr().err, caplog.records) == ("", "", [])


def test_decision_keeps_no_object() -> None:
    """What was passed in is free again when the answer is there."""
    oso = load("allow(u: User, _, r) if u.friend = r and r in u.friends and not u.x = r;")
    user = User(friend=1, friends=[1, 2], x=3)
    gone = weakref.ref(user)

    oso.is_allowed(user, "read", 1)
    del user

    assert gone() is None


AUDITED = """
import ast, pathlib, sys, textwrap
import flask_oso
from flask_oso import Oso, NotFoundError

# All texts that stand in the compiler, as they are parsed.
compiler = pathlib.Path(flask_oso.__file__).parent / "polar" / "compiler"
quotations = {
    textwrap.dedent(node.value).encode()
    for path in compiler.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_bytes()))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}

class Org:
    pass

class Repo:
    def __init__(self, org):
        self.org = org

class User:
    def __init__(self, roles):
        self.roles = roles
    def method(self, x):
        return [x]

oso = Oso()
for kind in (Org, Repo, User):
    oso.register_class(kind)
oso.load_str('''
actor User {}
resource Org { roles = ["owner"]; }
resource Repo {
  permissions = ["read"]; roles = ["admin"]; relations = {parent: Org};
  "read" if "admin"; "admin" if "owner" on "parent";
}
has_role(user: User, name: String, org: Org) if role in user.roles and role = [name, org];
has_relation(org: Org, "parent", repo: Repo) if org = repo.org;
allow(a, b, c) if has_permission(a, b, c);
allow(_: User{roles: [*_]}, "print", x) if
  x matches Repo and not x.org = 1 and forall(y in [1, 2], y < 3);
allow(u, "call", _) if 1 in u.method(1) and "a".upper() = "A" and new User([]).roles = [];
allow(u, "fail", _) if u.misspelt;
''')
if "prepare" in sys.argv:
    oso.prepare()
events = []
active = False
usual = {"builtins.id", "object.__getattr__", "sys._getframe"}

def is_quoting(event, args):
    # Quotations are literals of the compiler. What makes their nodes is written by it alone.
    is_text = event == "compile" and type(args[0]) is bytes
    is_one = is_text and (args[0] in quotations or args[0].startswith(b"lambda holes: ["))
    is_run = event == "exec" and args[0].co_filename == "<string>"
    return "prepare" not in sys.argv and (is_one or is_run)

def is_compiling(event, args):
    # Rules are compiled from a tree, never from a text of a policy, and run.
    is_ours = event == "exec" and args[0].co_filename in ("<policy>", "<question>")
    is_tree = event == "compile" and type(args[0]).__name__ == "Module"
    return "prepare" not in sys.argv and (is_ours or is_tree)

def hook(event, args):
    is_known = event in usual or is_compiling(event, args) or is_quoting(event, args)
    if active and not is_known:
        events.append((event, str(args)[:80]))

sys.addaudithook(hook)
org = Org()
repo, user = Repo(org), User([["owner", org]])
active = True
for action in ("read", "print", "call", "fail", "other"):
    try:
        oso.is_allowed(user, action, repo)
        oso.authorize(user, action, repo)
    except Exception:
        pass
    try:
        oso.authorized_actions(user, repo)
    except Exception:
        pass
active = False
print(events)
"""


@pytest.mark.parametrize("arguments", [[], ["prepare"]], ids=["as it is", "prepared"])
def test_decision_raises_no_audit_event(arguments: list[str]) -> None:
    """A decision opens and imports nothing, and runs no text that is none of the compiler's: the
    first one compiles rules from trees, unless that was done before.
    """
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, *arguments], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stderr
