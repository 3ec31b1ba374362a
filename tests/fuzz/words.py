"""The words of Polar, and of the world that policies of the tests talk about.

They are what mutations insert: an input of random letters is refused by the first
function that reads it, and never reaches the others.
"""

from __future__ import annotations

import re

KEYWORDS = (
    *("and", "or", "not", "if", "in", "matches", "new", "cut", "forall", "print", "debug"),
    *("type", "true", "false", "nil", "mod", "rem", "inf", "nan", "isa"),
    *("actor", "resource", "roles", "permissions", "relations", "on", "global"),
)
SIGNS = (
    *("(", ")", "[", "]", "{", "}", ",", ";", ":", "?=", ".", "*", "+", "-", "/"),
    *("=", ":=", "==", "!=", "<", "<=", ">", ">=", "#", '"', "\\", "::", "|", "!", "?", "\n"),
)
LITERALS = (
    *("0", "1", "-1", "2", "1.5", "1e300", "9223372036854775807", "-9223372036854775808"),
    *("9223372036854775808", '""', '"a"', '"read"', '"name"', '"\\n"', '"ü"', "[]", "{}"),
    *("[1, 2]", "[1, *rest]", "{a: 1}", "{name: x}"),
)
NAMES = (
    *("_", "x", "y", "_x", "f", "g", "allow", "allow_field", "allow_request"),
    *("has_permission", "has_role", "has_relation", "resource", "role_allows", "actor_can_assume"),
    *("Animal", "Dog", "Puppy", "Cat", "Num", "User", "Org", "Repo", "Stray", "Actor", "Resource"),
    *("Integer", "Float", "String", "Boolean", "List", "Dictionary", "Datetime", "Timedelta"),
    *("rex", "bit", "stray", "answer", "pair", "nested", "table", "name", "kind", "roles", "org"),
    *("add", "nums", "nothing", "boom", "inner_attr", "bad_prop", "cls_name", "twice"),
    *("__class__", "__dict__", "__init__", "format", "join", "keys", "pop", "append", "sort"),
)
PHRASES = (
    "f(x) if x = 1;",
    "allow(_, _, _);",
    'allow(_: User, "read", _: Repo);',
    'f(x: Dog) if x.name = "a" and cut;',
    "f(x) if f(x);",
    "not (x = 1 or x > 2)",
    "forall(x in [1, 2], x > 0)",
    "x matches Dog{name: y}",
    'new Dog("a", k: 1)',
    "type f(x: Integer);",
    "?= f(1);",
    "actor User {}",
    'resource Org { roles = ["owner", "member"]; "member" if "owner"; }',
    'resource Repo { permissions = ["read"]; roles = ["writer"]; relations = { parent: Org };'
    ' "read" if "writer"; "writer" if "owner" on "parent"; }',
    "x.(y)",
    'x.name.("kind").add(1, b: 2)',
    "\u202e",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x85",
    "\udcff",
)
WORDS = (*KEYWORDS, *SIGNS, *LITERALS, *NAMES, *PHRASES)

_PART = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|[:=!<>?]=|::|\s+|.', re.DOTALL)


def parts(text: str) -> list[str]:
    """Split a text roughly into tokens; joined they are the text again."""
    return _PART.findall(text)
