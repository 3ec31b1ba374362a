"""Policies about documents, drawn at random: every construct that a list may meet."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator

#: Columns by class, with literals of their kind and of others.
COLUMNS = {
    "Doc": {
        "title": ['"a"', '"A"', '"ab"', '""', '"a%"', '"a "', "nil", "1", '"É"'],
        "size": ["0", "1", "2", "1.0", "1.5", "nil", "true", '"1"'],
        "rank": ["0", "1", "2", "nil", "0.5"],
        "score": ["0.5", "1", "1.0", "nil"],
        "price": ["1", "0.1", "ten_cents", "nil", "true"],
        "due": ["new_year", "nil", "1"],
        "status": ["done", "nil", '"done"'],
        "open": ["true", "false", "nil", "1"],
        "flag": ["true", "false", "nil"],
        "owner_id": ["1", "2", "nil", "_u.id"],
    },
    "User": {
        "name": ['"reader"', '"Reader"'],
        "admin": ["true", "false"],
        "level": ["0", "1", "nil"],
    },
    "Team": {"name": ['"reader"', '"editor"'], "open": ["true", "false"]},
    "Folder": {"name": ['"reader"', '"editor"'], "open": ["true"], "owner_id": ["1", "nil"]},
    "Role": {
        "name": ['"reader"', '"editor"'],
        "weight": ["1", "2", "nil"],
        "user_id": ["1", "_u.id"],
    },
}
INTEGERS = {
    "Doc": ["id", "rank", "size", "owner_id", "editor_id"],
    "User": ["id", "level"],
    "Team": ["id"],
    "Folder": ["id", "owner_id", "parent_id"],
    "Role": ["user_id", "doc_id", "weight"],
}
BOOLEANS = {"Doc": ["open", "flag"], "User": ["admin"], "Team": ["open"], "Folder": ["open"]}
ONES = {
    "Doc": {"folder": "Folder", "owner": "User", "editor": "User"},
    "Folder": {"parent": "Folder", "owner": "User"},
    "Role": {"user": "User", "doc": "Doc"},
}
MANIES = {
    "Doc": {"teams": "Team", "roles": "Role"},
    "User": {"teams": "Team", "roles": "Role"},
    "Team": {"users": "User"},
    "Folder": {"docs": "Doc"},
}
ORDERED = {"size", "rank", "score", "price", "level", "weight", "title", "due"}


class Writer:
    """Writes one policy."""

    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._numbers = itertools.count(1)
        self._helpers: list[str] = []
        #: The variables that stand for rows, with their classes, innermost last.
        self._scope: list[tuple[str, str]] = []

    def policy(self) -> str:
        """Write one to three rules for documents, and what they call."""
        heads = ["_r: Doc", "_r: Doc", "_r", "_r: Memo", "_r: Plan", "_r: Doc{open: true}"]
        rules = [
            f'allow(_u, "read", {self._one(heads)}) if {self.condition("_r", "Doc", 3)};'
            for _ in range(self._choose.randint(1, 3))
        ]
        return "\n".join(rules + self._helpers)

    def condition(self, name: str, cls: str, depth: int) -> str:
        """Write a condition on what a variable stands for."""
        self._scope.append((name, cls))
        written = self._condition(name, cls, depth)
        self._scope.pop()
        return written

    def _condition(self, name: str, cls: str, depth: int) -> str:
        if depth <= 0 or self._choose.random() < 0.1:
            return self._across() if self._choose.random() < 0.3 else self._comparison(name, cls)
        kinds: list[Callable[[str, str, int], str]] = [
            self._both, self._both, self._either, self._either, self._negated, self._negated,
            self._through_one, self._through_one, self._through_many, self._through_many,
            self._all, self._helper, self._identity, self._identity, self._matched, self._same_name,
            self._actor, self._above,
        ]  # fmt: skip
        return self._one(kinds)(name, cls, depth - 1)

    def _one(self, choices):  # type: ignore[no-untyped-def]
        return self._choose.choice(list(choices))

    def _fresh(self) -> str:
        return f"_v{next(self._numbers)}"

    # -- conditions on columns

    def _comparison(self, name: str, cls: str) -> str:
        kind = self._choose.randrange(10)
        if kind == 0 and cls in BOOLEANS:
            return f"{name}.{self._one(BOOLEANS[cls])}"
        column = self._one(COLUMNS[cls])
        literals = COLUMNS[cls][column]
        if kind == 1:
            return f"{name}.{column} in [{self._one(literals)}, {self._one(literals)}]"
        if kind == 2 and column in ("title", "name"):
            return self._text(f"{name}.{column}")
        if kind == 3 and column in ("size", "rank", "level", "weight"):
            sign = self._one("+-*")
            return f"{name}.{column} {sign} {self._one('0123')} {self._one(['=', '>', '<='])} 2"
        if kind in (4, 5) and column in ORDERED:
            plain = [each for each in literals if self._is_orderable(column, each)]
            sides = [f"{name}.{column}", self._one(plain)]
            self._choose.shuffle(sides)
            return f"{sides[0]} {self._one(['<', '<=', '>', '>='])} {sides[1]}"
        sign = self._one(["=", "=", "!=", "=="])
        if sign != "=":
            literals = [each for each in literals if self._is_comparable(column, each)]
        sides = [f"{name}.{column}", self._one(literals)]
        if self._choose.random() < 0.2:
            sides.reverse()
        return f" {sign} ".join(sides)

    def _is_orderable(self, column: str, literal: str) -> bool:
        return literal not in ("nil", "true", "false") and self._is_comparable(column, literal)

    def _is_comparable(self, column: str, literal: str) -> bool:
        if column in ("title", "name", "status"):
            return literal == "nil" or literal.startswith('"') or literal == "done"
        if column == "due":
            return literal in ("new_year", "nil")
        return not literal.startswith('"')

    def _across(self) -> str:
        """Compare columns of two rows, which may be of one table."""
        left = self._one([each for each in self._scope if each[1] in INTEGERS])
        others = [each for each in [*self._scope, ("_u", "User")] if each[1] in INTEGERS]
        right = self._one(others)
        sign = self._one(["=", "=", "!=", "==", "<", ">="])
        sides = [f"{name}.{self._one(INTEGERS[cls])}" for name, cls in (left, right)]
        return f" {sign} ".join(sides)

    def _text(self, text: str) -> str:
        letter = self._one(["a", "A", "%", "_", " ", "e"])
        method = self._one(["startswith", "endswith"])
        return self._one([f'"{letter}" in {text}', f'{text}.{method}("{letter}")'])

    def _same_name(self, name: str, cls: str, depth: int) -> str:
        if cls != "Doc":
            return self._comparison(name, cls)
        left, right = self._one([("size", "rank"), ("owner_id", "editor_id"), ("flag", "open")])
        signs = ["=", "!=", "=="] if left != "size" else ["=", "!=", "<", ">="]
        return f"{name}.{left} {self._one(signs)} {name}.{right}"

    # -- conditions on conditions

    def _both(self, name: str, cls: str, depth: int) -> str:
        return f"{self.condition(name, cls, depth)} and {self.condition(name, cls, depth)}"

    def _either(self, name: str, cls: str, depth: int) -> str:
        return f"({self.condition(name, cls, depth)} or {self.condition(name, cls, depth)})"

    def _negated(self, name: str, cls: str, depth: int) -> str:
        return f"not ({self.condition(name, cls, depth)})"

    # -- conditions on other rows

    def _through_one(self, name: str, cls: str, depth: int) -> str:
        if cls not in ONES:
            return self._comparison(name, cls)
        relation, other = self._one(ONES[cls].items())
        if self._choose.random() < 0.4:
            return self._comparison(f"{name}.{relation}", other)
        inner = self._fresh()
        return f"{inner} = {name}.{relation} and {self.condition(inner, other, depth)}"

    def _through_many(self, name: str, cls: str, depth: int) -> str:
        if cls not in MANIES:
            return self._comparison(name, cls)
        relation, other = self._one(MANIES[cls].items())
        if self._choose.random() < 0.2:
            return f"_ in {name}.{relation}"
        inner = self._fresh()
        return f"{inner} in {name}.{relation} and {self.condition(inner, other, depth)}"

    def _all(self, name: str, cls: str, depth: int) -> str:
        if cls not in MANIES:
            return self._comparison(name, cls)
        relation, other = self._one(MANIES[cls].items())
        inner = self._fresh()
        return f"forall({inner} in {name}.{relation}, {self.condition(inner, other, depth)})"

    def _identity(self, name: str, cls: str, depth: int) -> str:
        choices = {
            "Doc": [
                f"{name}.owner = _u", f"{name}.owner != _u", f"{name}.editor == _u",
                f"{name}.owner = nil", f"{name}.folder = nil", f"{name}.owner = {name}.editor",
                f"{name}.owner in [_u, nil]", f"{name}.folder.owner = {name}.owner",
            ],
            "User": [f"{name} = _u", f"not {name} = _u", f"{name} in [_u]"],
            "Team": [f"{name} in _u.teams", f"_u in {name}.users"],
            "Folder": [f"{name}.owner = _u", f"{name}.parent.parent = nil", f"{name}.parent = nil"],
            "Role": [f"{name}.user = _u", f"{name} in _u.roles", f"{name}.doc.owner = {name}.user"],
        }  # fmt: skip
        own = self._fresh()
        by_role = f"{own} in _u.roles and {own}.doc = {name}"
        return self._one([*choices[cls], by_role] if cls == "Doc" else choices[cls])

    def _matched(self, name: str, cls: str, depth: int) -> str:
        choices = {
            "Doc": [
                "Memo", "Plan", "Doc", "User", "Doc{open: true}", "Doc{owner: _u}", "{size: 1}",
                "Doc{folder: Folder{open: true}}", 'Doc{folder: {name: "reader"}}',
                "Memo{flag: nil}",
            ],
            "Folder": ["Folder{parent: Folder{open: true}}", "Folder", "{missing: 1}"],
        }  # fmt: skip
        return f"{name} matches {self._one(choices.get(cls, [cls]))}"

    def _actor(self, name: str, cls: str, depth: int) -> str:
        role = self._fresh()
        choices = [
            "_u.admin", "not _u.admin", "_u.level > 0", "_u.level = nil", '_u.name = "reader"',
            f'{role} in _u.roles and {role}.name = "reader"',
            f"{role} in _u.teams and {role}.open",
        ]  # fmt: skip
        known = self._one(choices)
        rest = self._comparison(name, cls)
        return f"{known} and {rest}" if self._choose.random() < 0.8 else f"({known} or {rest})"

    def _above(self, name: str, cls: str, depth: int) -> str:
        """Ask something of a folder or one that it lies in."""
        if cls not in ("Doc", "Folder"):
            return self._comparison(name, cls)
        rule, above = f"above{next(self._numbers)}", self._fresh()
        plain = ["_x.owner = _u", "_x.open", '_x.name = "reader"', "_x.owner_id = 1"]
        step = self._one(
            [
                f"{above} = _x.parent and {rule}(_u, {above})",
                f"{rule}(_u, _x.parent)",
                f"_x.open and {rule}(_u, _x.parent)",
            ]
        )
        self._helpers.append(f"{rule}(_u, _x: Folder) if {self._one(plain)};")
        self._helpers.append(f"{rule}(_u, _x: Folder) if {step};")
        return f"{rule}(_u, {name}{'.folder' if cls == 'Doc' else ''})"

    def _helper(self, name: str, cls: str, depth: int) -> str:
        helper = f"helper{next(self._numbers)}"
        for _ in range(self._choose.randint(1, 2)):
            head = self._one([f"_x: {cls}", "_x"])
            body = self._of_rule("_x", cls, depth)
            self._helpers.append(f"{helper}(_u, {head}) if {body};")
        return f"{helper}(_u, {name})"

    def _of_rule(self, name: str, cls: str, depth: int) -> str:
        """Write the body of a rule, which sees nothing of where it is called."""
        scope, self._scope = self._scope, []
        body = self.condition(name, cls, depth)
        self._scope = scope
        return body


def policies(choose: random.Random) -> Iterator[str]:
    """Write policies without end."""
    while True:
        yield Writer(choose).policy()
