"""Policies about documents, drawn at random: every construct that a list may meet."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from tests.support.choices import Choices

#: Columns by class, with literals of their kind and of others.
COLUMNS: dict[str, dict[str, list[str]]] = {
    "Doc": {
        "title": ['"a"', '"A"', '"ab"', '""', '"a%"', '"a "', "nil", "1", '"É"', "_u.name"],
        "size": ["0", "1", "2", "1.0", "1.5", "nil", "true", '"1"', "_u.level"],
        "rank": ["0", "1", "2", "nil", "0.5", "_u.level"],
        "big": ["5", str(2**63 - 1), str(-(2**63)), "9223372036854775808.0", "nil", "_u.level"],
        "sponsor_code": ["1", "2", "nil", "_u.code", "_u.id"],
        "score": ["0.5", "1", "1.0", "nil"],
        "price": ["1", "0.1", "ten_cents", "nil", "true"],
        "due": ["new_year", "nil", "1", "midnight"],
        "made": ["midnight", "nil", "noon", "new_year"],
        "status": ["done", "nil", '"done"'],
        "sort": ['"low"', '"high"', "nil", '"none"'],
        "key": ["first_key", "nil", "_u.key", "1"],
        "open": ["true", "false", "nil", "1"],
        "flag": ["true", "false", "nil"],
        "owner_id": ["1", "2", "nil", "_u.id"],
        "double": ["0", "2", "nil", "_u.level"],
        "is_big": ["true", "false", "nil"],
        "label": ['"a"', '""', "nil", "_u.name"],
    },
    "User": {
        "name": ['"reader"', '"Reader"', "_u.name"],
        "admin": ["true", "false"],
        "level": ["0", "1", "nil", "_u.level"],
        "key": ["first_key", "nil", "_u.key"],
    },
    "Team": {"name": ['"reader"', '"editor"', "_u.name"], "open": ["true", "false"]},
    "Folder": {
        "name": ['"reader"', '"editor"'],
        "open": ["true"],
        "owner_id": ["1", "nil"],
        "doc_count": ["0", "1", "2"],
    },
    "Role": {
        "name": ['"reader"', '"editor"', "_u.name"],
        "weight": ["1", "2", "nil"],
        "user_id": ["1", "_u.id"],
    },
    "Note": {
        "text": ['"a"', '"a%"', "nil", '""'],
        "role_doc_id": ["1", "nil"],
        "role_user_id": ["1", "nil", "_u.id"],
    },
}
INTEGERS = {
    "Doc": ["id", "rank", "size", "big", "owner_id", "editor_id", "sponsor_code", "double"],
    "User": ["id", "level", "code"],
    "Team": ["id"],
    "Folder": ["id", "owner_id", "parent_id", "doc_count"],
    "Role": ["user_id", "doc_id", "weight"],
    "Note": ["id", "role_user_id", "role_doc_id"],
}
TEXTS = {
    "Doc": ["title", "label"],
    "User": ["name"],
    "Team": ["name"],
    "Folder": ["name"],
    "Role": ["name"],
    "Note": ["text"],
}
BOOLEANS = {
    "Doc": ["open", "flag", "is_big"],
    "User": ["admin"],
    "Team": ["open"],
    "Folder": ["open"],
}
ONES = {
    "Doc": {"folder": "Folder", "owner": "User", "editor": "User", "sponsor": "User"},
    "Folder": {"parent": "Folder", "owner": "User"},
    "Role": {"user": "User", "doc": "Doc"},
    "Note": {"role": "Role"},
}
MANIES = {
    "Doc": {"teams": "Team", "roles": "Role", "related": "Doc"},
    "User": {"teams": "Team", "roles": "Role", "sponsored": "Doc"},
    "Team": {"users": "User"},
    "Folder": {"docs": "Doc", "children": "Folder"},
    "Role": {"notes": "Note"},
}
SUBCLASSES = {"Doc": ["Memo", "Plan"], "User": ["Boss"]}
ORDERED = {
    "size", "rank", "big", "score", "price", "level", "weight", "title", "due", "made", "double",
}  # fmt: skip
ACTIONS = ['"read"', '"read"', '"edit"', "_action"]
CASES = ["lower", "upper", "casefold"]
LETTERS = ["a", "A", "%", "_", " ", "e"]


class Writer:
    """Writes one policy.

    :param resource: the class that its ``allow`` rules are about.
    """

    def __init__(self, choices: Choices, resource: str) -> None:
        self._choices = choices
        self._pick = choices.pick
        self._often = choices.often
        self._resource = resource
        self._numbers = itertools.count(1)
        self._helpers: list[str] = []
        #: The variables that stand for rows, with their classes, innermost last.
        self._scope: list[tuple[str, str]] = []

    def policy(self) -> str:
        """Write one to three rules, and what they call; sometimes resource blocks."""
        if self._often(15):
            return self._blocks()
        rules = [self._rule() for _ in range(1 + self._choices.below(3))]
        if self._resource in ONES and self._often(10):
            action = self._pick(["_action", '"read"'])
            rules += self._asking_on(f"allow(_u, {action}", self._resource, 2)
        return "\n".join(rules + self._helpers)

    def _rule(self) -> str:
        cls = self._resource
        kinds = [cls, *SUBCLASSES.get(cls, [])]
        heads = [f"_r: {cls}", f"_r: {cls}", "_r", *(f"_r: {kind}" for kind in kinds)]
        if cls in BOOLEANS:
            heads.append(f"_r: {cls}{{{self._pick(BOOLEANS[cls])}: true}}")
        actor = self._pick(["_u", "_u", "_u: User", "_u: Boss"])
        resource, action = self._pick(heads), self._pick(ACTIONS)
        return f"allow({actor}, {action}, {resource}) if {self.condition('_r', cls, 3)};"

    # -- resource blocks

    def _blocks(self) -> str:
        """Write blocks for documents in folders, with roles on both."""
        implied = self._pick(['"reader" if "editor";', ""])
        name = self._pick(['"parent"', '"up"'])
        parent, above = self._inherited(name), self._inherited(name)
        lines = [
            "actor User {}",
            f'resource Folder {{ roles = ["reader", "editor"]; permissions = ["read", "edit"];'
            f" relations = {{ {name[1:-1]}: Folder }}; {implied} {above}"
            ' "read" if "reader"; "edit" if "editor"; }',
            f'resource Doc {{ roles = ["reader", "editor"]; permissions = ["read", "edit"];'
            f" relations = {{ {name[1:-1]}: Folder }}; {implied} {parent}"
            ' "read" if "reader"; "edit" if "editor"; }',
            *self._role_rules("Doc"),
            *self._role_rules("Folder"),
            f"has_relation(_p: Folder, {name}, _f: Folder) if _p = _f.parent;",
            f"has_relation(_p: Folder, {name}, _d: Doc) if _p = _d.folder;",
            "allow(_a, _b, _c) if has_permission(_a, _b, _c);",
        ]
        if self._often(30):
            lines.append(self._rule())
        return "\n".join(lines + self._helpers)

    def _inherited(self, name: str) -> str:
        """Write which roles follow from which above: one may reach further than another."""
        ways = [
            f'"reader" if "reader" on {name};',
            f'"editor" if "editor" on {name};',
            f'"reader" if "editor" on {name};',
            f'"editor" if "reader" on {name};',
        ]
        return " ".join(self._choices.some(ways, 35) or [self._pick(ways)])

    def _role_rules(self, cls: str) -> list[str]:
        by_table = {
            "Doc": [
                "has_role(_u: User, _n: String, _x: Doc) if"
                " _t in _x.roles and _t.user = _u and _t.name = _n;",
                "has_role(_u: User, _n: String, _x: Doc) if"
                " _t in _u.roles and _t.doc = _x and _n = _t.name;",
            ],
            "Folder": [
                "has_role(_u: User, _n: String, _x: Folder) if"
                " _d in _x.docs and _t in _d.roles and _t.user = _u and _t.name = _n;",
            ],
        }[cls]
        role = self._pick(['"reader"', '"editor"'])
        by_hand = f"has_role(_u: User, {role}, _x: {cls}) if {self._of_rule('_x', cls, 1)};"
        return [self._pick([*by_table, by_hand]), by_hand][: 1 + self._choices.below(2)]

    # -- conditions

    def condition(self, name: str, cls: str, depth: int) -> str:
        """Write a condition on what a variable stands for."""
        self._scope.append((name, cls))
        written = self._condition(name, cls, depth)
        self._scope.pop()
        return written

    def _condition(self, name: str, cls: str, depth: int) -> str:
        if depth <= 0 or self._often(10):
            return self._across() if self._often(30) else self._comparison(name, cls)
        kinds: list[Callable[[str, str, int], str]] = [
            self._both, self._both, self._either, self._either, self._negated, self._negated,
            self._through_one, self._through_one, self._through_many, self._through_many,
            self._all, self._helper, self._identity, self._identity, self._matched,
            self._two_columns, self._of_subclass, self._actor, self._above, self._built,
            self._bound, self._delegated,
        ]  # fmt: skip
        return self._pick(kinds)(name, cls, depth - 1)

    def _fresh(self) -> str:
        return f"_v{next(self._numbers)}"

    # -- conditions on columns

    def _comparison(self, name: str, cls: str) -> str:
        column = self._pick(list(COLUMNS[cls]))
        kinds: list[Callable[[str, str, str], str]] = [
            self._equal, self._equal, self._equal, self._equal, self._listed,
            self._ordered, self._ordered, self._text, self._arithmetic, self._flag,
        ]  # fmt: skip
        return self._pick(kinds)(name, cls, column)

    def _equal(self, name: str, cls: str, column: str) -> str:
        sign = self._pick(["=", "=", "!=", "=="])
        literals = COLUMNS[cls][column]
        if sign != "=":
            literals = [each for each in literals if _is_comparable(column, each)]
        return f" {sign} ".join(self._choices.turned(f"{name}.{column}", self._pick(literals)))

    def _listed(self, name: str, cls: str, column: str) -> str:
        literals = COLUMNS[cls][column]
        among = [self._pick(literals) for _ in range(self._choices.below(3))]
        return f"{name}.{column} in [{', '.join(among)}]"

    def _ordered(self, name: str, cls: str, column: str) -> str:
        plain = [each for each in COLUMNS[cls][column] if _is_orderable(column, each)]
        if column not in ORDERED or not plain:
            return self._equal(name, cls, column)
        sign = self._pick(["<", "<=", ">", ">="])
        return f" {sign} ".join(self._choices.turned(f"{name}.{column}", self._pick(plain)))

    def _text(self, name: str, cls: str, column: str) -> str:
        text, letter = f"{name}.{self._pick(TEXTS[cls])}", self._pick(LETTERS)
        method = self._pick(["startswith", "endswith"])
        part = self._pick([letter, letter, "", "ab", "reader", "a "])
        other, mapped = f"{name}.{self._pick(TEXTS[cls])}", self._pick(CASES)
        return self._pick(
            [
                f'"{letter}" in {text}',
                f'{text}.{method}("{part}")',
                f'{text}.{mapped}() = "{part}"',
                f'{text}.{mapped}().{method}("{part}")',
                f'"{letter}" in {text}.{mapped}()',
                f"{text}.{mapped}() {self._pick(['=', '!='])} _u.name.{mapped}()",
                f"{text}.{method}({other})",
                f'"{part}b".{method}({other})',
                f'{text}.find("{part}") {self._pick(["=", ">=", "!="])} 0',
            ]
        )

    def _arithmetic(self, name: str, cls: str, column: str) -> str:
        column = self._pick(INTEGERS[cls])
        sides = self._choices.turned(f"{name}.{column}", str(self._choices.below(4)))
        result = f" {self._pick(['+', '-', '*', 'mod', 'rem'])} ".join(sides)
        return f"{result} {self._pick(['=', '==', '>', '<=', '!='])} 2"

    def _flag(self, name: str, cls: str, column: str) -> str:
        if cls not in BOOLEANS:
            return self._equal(name, cls, column)
        return f"{name}.{self._pick(BOOLEANS[cls])}"

    def _across(self) -> str:
        """Compare columns of two rows, which may be of one table."""
        left = self._pick(self._scope)
        right = self._pick([*self._scope, ("_u", "User")])
        sign = self._pick(["=", "=", "!=", "==", "<", ">="])
        if self._often(25):
            sides = [f"{name}.{self._pick(TEXTS[cls])}" for name, cls in (left, right)]
        else:
            sides = [f"{name}.{self._pick(INTEGERS[cls])}" for name, cls in (left, right)]
        return f" {sign} ".join(sides)

    def _two_columns(self, name: str, cls: str, depth: int) -> str:
        if cls != "Doc":
            return self._comparison(name, cls)
        pairs = [("size", "rank"), ("owner_id", "editor_id"), ("double", "size"), ("big", "size")]
        alike = [("flag", "open"), ("is_big", "flag"), ("title", "label")]
        if self._often(30):
            return self._both_or_none(name, *self._pick([*pairs, *alike, ("owner_id", "size")]))
        if self._often(50):
            left, right = self._pick(pairs)
            return f"{name}.{left} {self._pick(['=', '!=', '<', '>='])} {name}.{right}"
        left, right = self._pick(alike)
        return f"{name}.{left} {self._pick(['=', '!=', '=='])} {name}.{right}"

    def _both_or_none(self, name: str, left: str, right: str) -> str:
        """Compare two columns that may both be NULL, and one of them with nothing."""
        left, right = self._choices.turned(left, right)
        same = f"{name}.{left} {self._pick(['=', '!='])} {name}.{right}"
        some = f"{name}.{self._pick([left, right])} {self._pick(['!=', '='])} nil"
        return " and ".join(self._choices.turned(same, some))

    def _built(self, name: str, cls: str, depth: int) -> str:
        """Put columns into lists and dictionaries, and names of columns into strings."""
        column = self._pick(list(COLUMNS[cls]))
        literal = self._pick(COLUMNS[cls][column])
        own = self._fresh()
        return self._pick(
            [
                f"[{name}.{column}] = [{literal}]",
                f"{{a: {name}.{column}}} = {{a: {literal}}}",
                f'{name}.("{column}") = {literal}',
                f"{own} := {name}.{column} and {own} = {literal}",
                f"{own} = {name}.{column} and {own} in [{literal}, 1]",
                f"[{own}, 1] = [{name}.{column}, 1] and {own} = {literal}",
                f"print({name}.{column}) and {name}.{column} = {literal}",
            ]
        )

    def _bound(self, name: str, cls: str, depth: int) -> str:
        """Use a variable in front of what binds it."""
        column = self._pick(list(COLUMNS[cls]))
        literal = self._pick(COLUMNS[cls][column])
        own = self._fresh()
        return self._pick(
            [
                f"{own} = {literal} and {name}.{column} = {own}",
                f"{own} in [{literal}, nil, 1] and {name}.{column} = {own}",
                f"({own} = {literal} or {own} = {name}.{column}) and {name}.{column} = {own}",
                f"{name}.{column} = {own} and {own} = {literal}",
            ]
        )

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
        relation, other = self._pick(list(ONES[cls].items()))
        if self._often(40):
            return self._comparison(f"{name}.{relation}", other)
        inner = self._fresh()
        return f"{inner} = {name}.{relation} and {self.condition(inner, other, depth)}"

    def _through_many(self, name: str, cls: str, depth: int) -> str:
        if cls not in MANIES:
            return self._comparison(name, cls)
        relation, other = self._pick(list(MANIES[cls].items()))
        if self._often(20):
            return f"_ in {name}.{relation}"
        inner = self._fresh()
        return f"{inner} in {name}.{relation} and {self.condition(inner, other, depth)}"

    def _all(self, name: str, cls: str, depth: int) -> str:
        if cls not in MANIES:
            return self._comparison(name, cls)
        relation, other = self._pick(list(MANIES[cls].items()))
        inner = self._fresh()
        return f"forall({inner} in {name}.{relation}, {self.condition(inner, other, depth)})"

    def _identity(self, name: str, cls: str, depth: int) -> str:
        own = self._fresh()
        choices = {
            "Doc": [
                f"{name}.owner = _u", f"{name}.owner != _u", f"{name}.editor == _u",
                f"{name}.owner = nil", f"{name}.folder = nil", f"{name}.owner = {name}.editor",
                f"{name}.owner in [_u, nil]", f"{name}.folder.owner = {name}.owner",
                f"{own} in _u.roles and {own}.doc = {name}", f"{name} in {name}.related",
                f"{name} in _u.sponsored", f"not {name} in _u.sponsored", f"{name}.sponsor = _u",
                f"{own} in _u.sponsored and {own}.owner = {name}.sponsor",
                f"{own} in {name}.sponsor.sponsored and {own}.owner = _u",
                f"not {name} in {name}.related", f"{own} in {name}.folder.docs and {own} = {name}",
                f"{name}.owner in [{name}.editor, _u]", f"{name} = {name}.owner",
            ],
            "User": [f"{name} = _u", f"not {name} = _u", f"{name} in [_u]", f"_u in [{name}, nil]"],
            "Team": [f"{name} in _u.teams", f"_u in {name}.users", f"not _u in {name}.users"],
            "Folder": [
                f"{name}.owner = _u", f"{name}.parent.parent = nil", f"{name}.parent = nil",
                f"{name} in {name}.parent.children", f"{name}.parent.owner = {name}.owner",
            ],
            "Role": [
                f"{name}.user = _u", f"{name} in _u.roles", f"{name}.doc.owner = {name}.user",
                f"not {name} in _u.roles",
            ],
            "Note": [
                f"{name}.role in _u.roles", f"{name}.role = nil", f"{name}.role.user = _u",
                f"{name} in {name}.role.notes", f"not {name}.role in _u.roles",
                f"{own} in _u.roles and {name}.role = {own}", f"{name}.role.doc.owner = _u",
            ],
        }  # fmt: skip
        return self._pick(choices[cls])

    def _of_subclass(self, name: str, cls: str, depth: int) -> str:
        """Ask for what only rows of a subclass have."""
        choices = {
            "Doc": [
                f"{name} matches Plan{{goal: nil}}", f'{name} matches {{goal: "a"}}',
                f"{name} matches Plan{{lead: _u}}", f"{name} matches {{lead: {{admin: true}}}}",
                f"{name} matches Memo{{mood: 1}}", f"{name} matches {{mood: nil}}",
                f'{name} matches Plan and {name}.goal = "a"', f"{name}.mood = 1",
                f"{name} matches Plan and {name}.lead = _u", f"{name}.lead.admin",
                f"({name} matches Memo or {name}.lead = _u)", f"{name}.lead.level > 0",
                f"{name} matches Memo and {name}.mood < 2", f"{name}.mood != nil",
            ],
            "User": [
                f"{name} matches Boss{{budget: 1}}", f"{name} matches Boss and {name}.budget > 1",
                f"{name}.budget = nil",
            ],
        }  # fmt: skip
        if cls not in choices:
            return self._comparison(name, cls)
        return self._pick(choices[cls])

    def _matched(self, name: str, cls: str, depth: int) -> str:
        choices = {
            "Doc": [
                "Memo", "Plan", "Doc", "User", "Doc{open: true}", "Doc{owner: _u}", "{size: 1}",
                "Doc{folder: Folder{open: true}}", 'Doc{folder: {name: "reader"}}',
                "Memo{flag: nil}", 'Plan{goal: "a"}', "Doc{owner: Boss}", "Doc{editor: Boss{}}",
                "Doc{size: Integer}", "Doc{title: String}", "Doc{missing: 1}",
            ],
            "User": ["Boss", "User{admin: true}", "Boss{level: 1}"],
            "Folder": ["Folder{parent: Folder{open: true}}", "Folder", "{missing: 1}", "{}"],
            "Note": ["Note{role: Role{user: _u}}", "{role: {doc: Memo}}", "{role: nil}"],
        }  # fmt: skip
        return f"{name} matches {self._pick(choices.get(cls, [cls]))}"

    def _actor(self, name: str, cls: str, depth: int) -> str:
        role = self._fresh()
        choices = [
            "_u.admin", "not _u.admin", "_u.level > 0", "_u.level = nil", '_u.name = "reader"',
            f'{role} in _u.roles and {role}.name = "reader"', "_u matches Boss",
            f"{role} in _u.teams and {role}.open", f"forall({role} in _u.teams, {role}.open)",
            f"{role} in _u.roles and {role}.doc matches Plan", "not _ in _u.teams",
        ]  # fmt: skip
        known = self._pick(choices)
        rest = self._comparison(name, cls)
        return f"({known} or {rest})" if self._often(20) else f"{known} and {rest}"

    def _above(self, name: str, cls: str, depth: int) -> str:
        """Ask something of a folder or one that it lies in."""
        if cls not in ("Doc", "Folder"):
            return self._comparison(name, cls)
        rule, above = f"above{next(self._numbers)}", self._fresh()
        plain = ["_x.owner = _u", "_x.open", '_x.name = "reader"', "_x.owner_id = 1"]
        step = self._pick(
            [
                f"{above} = _x.parent and {rule}(_u, {above})",
                f"{rule}(_u, _x.parent)",
                f"_x.open and {rule}(_u, _x.parent)",
                f"{above} in _x.children and {rule}(_u, {above})",
            ]
        )
        self._helpers.append(f"{rule}(_u, _x: Folder) if {self._pick(plain)};")
        self._helpers.append(f"{rule}(_u, _x: Folder) if {step};")
        return f"{rule}(_u, {name}{'.folder' if cls == 'Doc' else ''})"

    def _delegated(self, name: str, cls: str, depth: int) -> str:
        """Ask a rule that asks itself about another row."""
        if cls not in ONES:
            return self._comparison(name, cls)
        rule = f"delegated{next(self._numbers)}"
        self._helpers += self._asking_on(f"{rule}(_u", cls, depth)
        return f"{rule}(_u, {name})"

    def _asking_on(self, call: str, cls: str, depth: int) -> list[str]:
        """Write rules that ask about the row of a relation, beside one that also takes nil.

        :param call: a call of the rule without its last argument.
        """
        relation, other = self._pick(list(ONES[cls].items()))
        known = ["_u.admin", "not _u.admin", "_u matches Boss", "_u.level = nil"]
        kinds = ["_x = nil", "not _x = nil", "_x in [nil, _u]", f"not _x matches {other}"]
        rules = [
            f"{call}, {self._pick(['_', '_', 'nil'])}) if {self._pick(known)};",
            f"{call}, _x) if {self._pick(kinds)} and {self._pick(known)};",
        ]
        asks = f"{call}, _x: {cls}) if {call}, _x.{relation});"
        if self._often(30):
            asks = (
                f"{call}, _x: {cls}) if {self._of_rule('_x', cls, 0)} and {call}, _x.{relation});"
            )
        written = [self._pick(rules), asks]
        if other in ONES and self._often(40):
            further = self._pick(list(ONES[other]))
            written.append(f"{call}, _x: {other}) if {call}, _x.{further});")
        if self._often(70):
            written.append(f"{call}, _x: {other}) if {self._of_rule('_x', other, depth)};")
        return written[:: self._pick([1, -1])]

    def _helper(self, name: str, cls: str, depth: int) -> str:
        helper = f"helper{next(self._numbers)}"
        kinds = [cls, cls, *SUBCLASSES.get(cls, [])]
        heads = [*(f"_x: {kind}" for kind in kinds), "_x"]
        for _ in range(1 + self._choices.below(2)):
            body = self._of_rule("_x", cls, depth)
            self._helpers.append(f"{helper}(_u, {self._pick(heads)}) if {body};")
        return f"{helper}(_u, {name})"

    def _of_rule(self, name: str, cls: str, depth: int) -> str:
        """Write the body of a rule, which sees nothing of where it is called."""
        scope, self._scope = self._scope, []
        body = self.condition(name, cls, depth)
        self._scope = scope
        return body


def _is_orderable(column: str, literal: str) -> bool:
    return literal not in ("nil", "true", "false") and _is_comparable(column, literal)


_KINDS: dict[str, Sequence[str]] = {
    "due": ("new_year",),
    "made": ("midnight", "noon"),
    "key": ("first_key", "_u.key"),
    "status": ("done",),
}


def _is_comparable(column: str, literal: str) -> bool:
    """Tell whether a decision compares the two without an error."""
    if literal == "nil":
        return True
    if column in ("title", "name", "label", "text", "sort"):
        return literal.startswith('"') or literal == "_u.name"
    if column in _KINDS:
        return literal in _KINDS[column]
    return not literal.startswith('"')
