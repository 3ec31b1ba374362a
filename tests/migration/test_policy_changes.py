"""What means something else in a policy."""

from __future__ import annotations

import typing as t

import pytest

MODELS = "class User:\n    banned = False\n    org = None\n"
HEAD = 'allow(u: User, "read", x) if '


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (f"{HEAD}\n not u.baned;", ["M301 a.polar:2"]),
        (f"{HEAD}not (x.id = 1 and u.baned);", ["M301 a.polar:1"]),
        (f"{HEAD}forall(m in u.members, m.baned);", ["M301 a.polar:1", "M301 a.polar:1"]),
        (f"{HEAD}not u.is_baned();", ["M301 a.polar:1"]),
        (f"{HEAD}not u.org.banned;", ["M301 a.polar:1"]),
        (f"{HEAD}u.org != nil and not u.org.banned;", []),
        (f"{HEAD}not u.org = nil and not u.org.banned;", []),
        (f"{HEAD}(nil = u.org or not u.org.banned);", []),
        (f"{HEAD}not (u.org != nil and u.org.banned);", []),
        (f"{HEAD}x != nil and not u.org.banned;", ["M301 a.polar:1"]),
        (f"{HEAD}u.org != 1 and not u.org.banned;", ["M301 a.polar:1"]),
        (f"{HEAD}not u.org.banned and u.org != nil;", ["M301 a.polar:1"]),
        (f"{HEAD}x.org != nil and not x.org.banned\n and not u.org.banned;", ["M301 a.polar:2"]),
        (f"{HEAD}not u.banned;", []),
        (f"{HEAD}u.baned;", []),
        (f"{HEAD}u.org.baned and not u.banned;", []),
        (f"{HEAD}not u.user_id = x.id;", []),
        (f'{HEAD}not x.startswith("a") and not x.path = "/";', []),
        (f"{HEAD}not has_role(u, x);", []),
        ('allow(_, "HEAD", _);', ["M302 a.polar:1"]),
        ('allow(_, a, _) if\n a in ["GET", "OPTIONS"];', ["M302 a.polar:2"]),
        ('allow_request(_, r: Request) if r.method = "HEAD";', ["M302 a.polar:1"]),
        ('allow(_, "GET", _) if x = "HEADER";', []),
        ("allow(_, _, x) if x.__class__ = 1;", ["M303 a.polar:1"]),
        ("allow(_, _, x) if x._id = 1;", ["M303 a.polar:1"]),
        ("allow(_, _, _: Note{_id: 1});", ["M303 a.polar:1"]),
        ("allow(_, _, x) if x._meta.get() = 1;", ["M303 a.polar:1"]),
        ("allow(_, _, x) if x.__len__() = 1 and x.__getitem__(0) = 1;", []),
        ("allow(_, _, _: {_id: 1});", ["M303 a.polar:1"]),
        ("allow(_x, _, _y) if _x = _y;", []),
        ("allow(", ["M304 a.polar:1"]),
        ("allow(_, _, 1);\nallow(_, _ 2);\nallow(_, _, 3);", ["M304 a.polar:2"]),
        ("resource Note { roles = [1]; }", ["M304 a.polar:1"]),
        ("", []),
    ],
)
def test_change_of_a_policy_is_found_on_its_line(
    places: t.Any, policy: str, found: list[str]
) -> None:
    """Each is found on its line, and what means the same is not."""
    assert places({"models.py": MODELS, "a.polar": policy}) == found


def test_text_of_a_program_is_a_policy(places: t.Any) -> None:
    """What 'load_str' is given is checked, and the line is that of the Python file."""
    program = 'oso.load_str("""\nallow(_, "HEAD", _);\n""")\noso.load_str(text)\n'

    assert places({"app.py": program}) == ["M302 app.py:2"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            f"{HEAD}not u.baned;",
            "'not' reads 'baned', which no class here has. With oso the negation held for what is"
            " missing; here it is an error. Correct the name, or give each object the attribute.",
        ),
        (
            f"{HEAD}not u.org.banned;",
            "'not' reads 'banned' of 'u.org', which may be nil. With oso the negation held then;"
            " here it is an error. Compare 'u.org' with nil before.",
        ),
        (
            "allow(_, _, x) if x._id = 1;",
            "'_id' begins with an underscore and is refused. Open it with 'register_class(…,"
            ' private=["_id"])\', or give the class a public name for it.',
        ),
        (
            "allow(_, _, x) if x.__dict__ = 1;",
            "'__dict__' is a name of Python itself and is refused. Give the class a method or a"
            " property that answers the question.",
        ),
    ],
)
def test_message_says_what_to_do(check: t.Any, policy: str, message: str) -> None:
    """First the fact, then the cure."""
    (found,) = check({"models.py": MODELS, "a.polar": policy})

    assert found.message == message


@pytest.mark.parametrize(
    ("name", "found"),
    [("_id", []), ("_key", ["M303 a.polar:1"]), ("__dict__", ["M303 a.polar:1"])],
)
def test_private_name_that_the_program_opens_is_no_finding(
    places: t.Any, name: str, found: list[str]
) -> None:
    """Whoever did what the message says is not told again; names of Python stay refused."""
    program = 'oso.register_class(Doc, private=["_id", "__dict__"])\n'

    assert places({"app.py": program, "a.polar": f"allow(_, _, x) if x.{name} = 1;"}) == found
