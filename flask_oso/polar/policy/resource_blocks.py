"""Resource blocks: their declarations, and the rules and rule types that they expand to.

In go the blocks of a policy; out come declarations by class, rules, rule types, and every problem
of a block. A shorthand rule ::

    "read" if "viewer" on "site";

in the block of ``Page`` becomes ::

    has_permission(actor: Actor, "read", page: Page) if
        has_relation(related_site, "site", page) and has_role(actor, "viewer", related_site);

Written rules are not considered here.
"""

from __future__ import annotations

import enum
import types
import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ..exceptions import OperationalError, OsoError, ValidationError, error_at, with_help
from ..host.registry import RESERVED_NAMES, Host
from ..nodes import (
    Block,
    Call,
    Declaration,
    Expression,
    Name,
    Operator,
    Parameter,
    Pattern,
    Rule,
    RuleType,
    Shorthand,
    Term,
    Value,
    Variable,
    parts,
    with_parts,
)
from ..sources import Span, located
from ..spelling import Guesses, did_you_mean
from ..syntax.desugar import rewrite_rule
from ..traversal import fold, is_operation, walk
from ..value_objects import Record


class DeclarationKind(enum.Enum):
    """What a name is declared as in a block."""

    ROLE = "role"
    PERMISSION = "permission"
    RELATION = "relation"

    @property
    def rule_name(self) -> str:
        """The name of the rules for it."""
        return f"has_{self.value}"


#: The kinds by the names of their rules, whose second argument is a declared name.
KIND_OF_RULE = {kind.rule_name: kind for kind in DeclarationKind}
_KEYWORDS = ("actor", "resource")
#: The word before the braces of a block whose roles belong to no resource.
GLOBAL = "global"
#: What stands for the two that a shorthand rule is about, in its condition.
SUBJECTS = ("actor", "resource")
#: A declaration of one name of each kind.
_EXAMPLES = {
    DeclarationKind.PERMISSION: 'permissions = ["{}"];',
    DeclarationKind.ROLE: 'roles = ["{}"];',
    DeclarationKind.RELATION: "relations = {{ {}: Class }};",
}
#: The kinds by the words of their declarations.
KINDS_OF_DECLARATIONS = {
    "roles": DeclarationKind.ROLE,
    "permissions": DeclarationKind.PERMISSION,
    "relations": DeclarationKind.RELATION,
}


class DeclaredName(t.NamedTuple):
    """A declared name; ``related`` is the class of a relation."""

    kind: DeclarationKind
    name: Name
    related: Name | None = None

    @property
    def span(self) -> Span | None:
        """The span that messages about this declaration show."""
        return (self.related or self.name).span

    def agrees_with(self, other: DeclaredName) -> bool:
        """Tell whether two blocks of a class may both declare this."""
        return self.kind is other.kind and self.related == other.related


#: The declarations of all blocks, by class name and declared name.
Declarations = Mapping[str, Mapping[str, DeclaredName]]


# -- one block by itself -------------------------------------------------------------


def check_block(block: Block) -> list[OsoError]:
    """Find the problems of a block that do not depend on the rest of the policy."""
    problems = [] if _has_keyword(block) or is_global(block) else [_wrong_keyword(block)]
    seen: set[str] = set()
    for declaration in block.declarations:
        name = declaration.name.text
        problem = _wrong_declaration(declaration, in_global=is_global(block))
        help_line = "" if problem is None else _meant_declaration(declaration)
        if problem is None and name in seen:
            problem = f"Multiple '{name}' declarations in '{block.resource.text}' resource block."
            help_line = "Write all of them into the first one.\n"
        if problem is not None:
            error = error_at(ValidationError, problem, declaration.span)
            problems.append(with_help(error, help_line))
        seen.add(name)
    return problems


def is_global(block: Block) -> bool:
    """Tell whether a block is ``global { … }``."""
    return block.keyword is None and block.resource.text == GLOBAL


def is_about_global(shorthand: Shorthand) -> bool:
    """Tell whether a rule asks for a global role: ``global`` in place of ``on`` is a mistake."""
    keyword = shorthand.keyword
    return shorthand.relation is None and keyword is not None and keyword.text == GLOBAL


def _has_keyword(block: Block) -> bool:
    return block.keyword is not None and block.keyword.text in _KEYWORDS


def _wrong_keyword(block: Block) -> OsoError:
    found = "nothing" if block.keyword is None else f"'{block.keyword.text}'"
    span = block.span if block.keyword is None else block.keyword.span
    message = f"Expected 'actor' or 'resource' but found {found}."
    error = error_at(ValidationError, message, span)
    meant = "" if block.keyword is None else did_you_mean(block.keyword.text, _KEYWORDS, quote="'")
    name = block.resource.text
    return with_help(
        error,
        meant or f"Write `resource {name} {{ … }}`, or `actor {name} {{ … }}` for who acts.\n",
    )


def _wrong_declaration(declaration: Declaration, *, in_global: bool) -> str | None:
    name = declaration.name.text
    if in_global and name == "relations":
        return "A global block declares roles and permissions; relations belong to resources."
    kind = KINDS_OF_DECLARATIONS.get(name)
    if kind is None:
        meant = (
            "'roles = [ ... ];' or 'permissions = [ ... ];'"
            if declaration.is_list
            else "'relations = { ... };'"
        )
        return f"Unexpected declaration '{name}'. Did you mean for this to be {meant}?"
    if kind is DeclarationKind.RELATION and declaration.is_list:
        return "Expected 'relations' declaration to be a dictionary; found a list"
    if kind is not DeclarationKind.RELATION and not declaration.is_list:
        return f"Expected '{name}' declaration to be a list of strings; found a dictionary"
    return None


def _meant_declaration(declaration: Declaration) -> str:
    """Give the line of help for a declaration that is misspelt or of the wrong type."""
    name = declaration.name.text
    kind = KINDS_OF_DECLARATIONS.get(name)
    if kind is None:
        return did_you_mean(name, KINDS_OF_DECLARATIONS, quote="'")
    if kind is DeclarationKind.RELATION:
        keys = [string.text for string in declaration.strings] or ["name"]
        return f"Write `relations = {{ {', '.join(f'{key}: Class' for key in keys)} }};`\n"
    keys = [key.text for key, _ in declaration.pairs] or ["name"]
    quoted = ", ".join(f'"{key}"' for key in keys)
    return f"Write `{name} = [{quoted}];`\n"


# -- the declarations of a class -----------------------------------------------------


class DeclarationTable:
    """Collects the declarations of blocks, one block after the other."""

    def __init__(self) -> None:
        self._by_class: dict[str, dict[str, DeclaredName]] = {}

    def of(self, class_name: str) -> Mapping[str, DeclaredName]:
        """The declarations of a class, or of a global block."""
        return self._by_class.get(class_name, {})

    @property
    def declarations(self) -> Declarations:
        """All declarations so far. A class whose blocks are empty is a key too."""
        return self._by_class

    def add(self, block: Block) -> list[OsoError]:
        """Add the declarations of a block; give the errors for names that were declared before."""
        known = self._by_class.setdefault(block.resource.text, {})
        problems: list[OsoError] = []
        here: set[str] = set()
        for declared in _declared_by(block):
            name = declared.name.text
            earlier = known.setdefault(name, declared)
            if name in here or not declared.agrees_with(earlier):
                problems.append(_overwritten(block, earlier, declared))
            here.add(name)
        return problems


def _declared_by(block: Block) -> Iterator[DeclaredName]:
    """Give a block's declarations: roles, permissions, relations."""
    for word, kind in KINDS_OF_DECLARATIONS.items():
        for declaration in block.declarations:
            if declaration.name.text == word:
                yield from (DeclaredName(kind, string) for string in declaration.strings)
                yield from (DeclaredName(kind, key, related) for key, related in declaration.pairs)


def _overwritten(block: Block, earlier: DeclaredName, later: DeclaredName) -> OsoError:
    message = (
        f'Cannot overwrite existing {earlier.kind.value} declaration "{later.name.text}" '
        f"in resource {block.resource.text} with {later.kind.value}"
    )
    error = error_at(ValidationError, message, later.span)
    return with_help(error, "A name has one meaning in a class. Give one of them another name.\n")


def classes_of_blocks(blocks: Sequence[Block], host: Host) -> tuple[str, ...]:
    """Give the classes of blocks; for an unregistered one the most similar class, too.

    Then no other message repeats that the name of the class is misspelt.
    """
    names = list(dict.fromkeys(block.resource.text for block in blocks))
    unknown = [name for name in names if name not in host.classes]
    guesses = Guesses()
    near = [guesses.nearest(name, host.classes) for name in unknown]
    return (*names, *(name for name in near if name is not None and name not in names))


def check_classes(block: Block, host: Host, guesses: Guesses) -> list[OsoError]:
    """Give an error if the class of a block is not registered."""
    name = block.resource
    if name.text in host.classes:
        return []
    return [_unregistered(name.text, block.span, host, guesses)]


def check_relations(declarations: Declarations, host: Host) -> list[OsoError]:
    """Give errors for classes of relations that are not registered."""
    guesses = Guesses()
    return [
        _unregistered(declared.related.text, declared.span, host, guesses)
        for of_class in declarations.values()
        for declared in of_class.values()
        if declared.related is not None and not _is_known(declared.related.text, host)
    ]


def _is_known(name: str, host: Host) -> bool:
    return name in host.classes or name in RESERVED_NAMES


def _unregistered(name: str, span: Span | None, host: Host, guesses: Guesses) -> OsoError:
    message = located(f"Unregistered class: {name}", span)
    return ValidationError(message + guesses.meant_class(name, host.classes))


# -- the rules and rule types of blocks ----------------------------------------------


class Expansion(Record):
    """The rules and rule types of blocks, and the problems of their shorthand rules."""

    rules: tuple[Rule, ...]
    types: tuple[RuleType, ...]
    problems: tuple[OsoError, ...]


def expand_blocks(
    blocks: Sequence[Block],
    declarations: Declarations,
    host: Host,
    everywhere: Sequence[Block] = (),
    global_names: Mapping[str, DeclaredName] = types.MappingProxyType({}),
) -> Expansion:
    """Expand blocks without problems of their own to rules and rule types.

    Blocks and relations of unregistered classes are left out.

    :param everywhere: the blocks ``global { … }``.
    :param global_names: what they declare.
    """
    expander = _Expander(declarations, host, global_names)
    rules = [
        rule
        for block in blocks
        if block.resource.text in host.classes
        for shorthand in block.shorthands
        if (rule := expander.rule(block.resource.text, shorthand)) is not None
    ]
    rules += [
        rule
        for block in everywhere
        for shorthand in block.shorthands
        if (rule := expander.global_rule(shorthand)) is not None
    ]
    rule_types = tuple(_rule_types(blocks, declarations, host, global_names))
    return Expansion(tuple(rules), rule_types, tuple(expander.problems))


class _Expander:
    """Expands shorthand rules, and collects their problems."""

    def __init__(
        self, declarations: Declarations, host: Host, global_names: Mapping[str, DeclaredName]
    ) -> None:
        self._declarations = declarations
        self._global_names = global_names
        self._host = host
        self._guesses = Guesses()
        self.problems: list[OsoError] = []

    def rule(self, resource: str, shorthand: Shorthand) -> Rule | None:
        """Expand a shorthand rule; ``None`` if it has a problem."""
        rule = self._rule(resource, shorthand)
        # Only what is written has lookups in it.
        return rule if rule is None or shorthand.further is None else rewrite_rule(rule)

    def _rule(self, resource: str, shorthand: Shorthand) -> Rule | None:
        head = self._declared(resource, shorthand.head, DeclarationKind.PERMISSION)
        if head is None:
            return None
        condition = shorthand.condition
        goals = () if condition is None else self._goals(resource, shorthand, condition)
        if goals is None:
            return None
        actor, instance, _ = self._variables(resource, resource, shorthand)
        body = _body(goals, shorthand, (actor, instance))
        return _rule(head.kind, shorthand.head, (actor, instance, resource), body)

    def _goals(
        self, resource: str, shorthand: Shorthand, condition: Name
    ) -> tuple[Call, ...] | None:
        """Give the goals of the condition of a shorthand rule; ``None`` if it has a problem."""
        actor, instance, _ = self._variables(resource, resource, shorthand)
        if is_about_global(shorthand):
            declared = self._declared_globally(condition)
            return None if declared is None else (_call(declared.kind, actor, condition),)
        relation, keyword = shorthand.relation, shorthand.keyword
        if relation is None:
            declared = self._declared(resource, condition, DeclarationKind.ROLE, shorthand.head)
            return None if declared is None else (_call(declared.kind, actor, condition, instance),)
        if keyword is not None and keyword.text != "on":
            message = f"Unexpected relation keyword '{keyword.text}'. Did you mean 'on'?"
            self._refuse(message, keyword.span)
            return None
        related = self._related_class(resource, condition, relation)
        if related is None:
            return None
        declared = self._declarations[related].get(condition.text)
        if declared is None:
            self._refuse_related(resource, condition, related)
            return None
        actor, instance, other = self._variables(resource, related, shorthand)
        return (
            _call(DeclarationKind.RELATION, other, relation, instance),
            _call(declared.kind, actor, condition, other),
        )

    def global_rule(self, shorthand: Shorthand) -> Rule | None:
        """Expand a shorthand rule of a global block.

        ``"invite" if "admin"`` becomes
        ``has_permission(actor: Actor, "invite") if has_role(actor, "admin");``
        """
        head = self._declared_globally(shorthand.head)
        if head is None:
            return None
        if shorthand.relation is not None or shorthand.further is not None:
            self._refuse(
                "A rule of a global block depends on a global role or permission alone.",
                shorthand.span,
                "Write the rule into the block of a resource.\n",
            )
            return None
        assert shorthand.condition is not None
        condition = self._declared_globally(shorthand.condition)
        if condition is None:
            return None
        actor, _, _ = self._variables("Resource", "Resource", shorthand)
        parameters = _parameter(actor, "Actor", shorthand.head.span), _literal(shorthand.head)
        body = _call(condition.kind, actor, shorthand.condition)
        return Rule(head.kind.rule_name, parameters, body, span=shorthand.head.span)

    def _declared_globally(self, name: Name) -> DeclaredName | None:
        if name.text in self._global_names:
            return self._global_names[name.text]
        near = self._guesses.did_you_mean(name.text, self._global_names)
        declaration = _EXAMPLES[DeclarationKind.ROLE].format(name.text)
        self._refuse(
            f'Undeclared term "{name.text}" referenced as a global role or permission.',
            name.span,
            near or f"Declare it: `global {{ {declaration} }}`\n",
        )
        return None

    def _related_class(self, resource: str, condition: Name, relation: Name) -> str | None:
        declared = self._declared(resource, relation, DeclarationKind.RELATION)
        if declared is None:
            return None
        if declared.related is None:
            # The class and text are upstream's, which has no place.
            found = f"Expected Relation; got: {declared.kind.value.title()}"
            message = f"Invalid state: {found}"
            error = error_at(OperationalError, message, relation.span)
            help_line = f"Declare it as one: `relations = {{ {relation.text}: Class }};`\n"
            self.problems.append(with_help(error, help_line))
            return None
        related = declared.related.text
        if related in self._declarations:
            return related
        if related in RESERVED_NAMES:
            self._refuse(
                f'{resource}: Relation "{relation.text}" is to any {related}, and no block says'
                " what roles that has",
                relation.span,
                "Write a rule that asks for `has_relation(…)`, or name a class in the relation.\n",
            )
            return None
        if related not in self._host.classes:
            # Reported already, at the declaration of the relation.
            return None
        self._refuse(
            f'{resource}: Relation "{relation.text}" in rule body '
            f'`"{condition.text}" on "{relation.text}"` has type \'{related}\', '
            f"but no such resource block exists. Try declaring one: `resource {related} {{}}`",
            declared.related.span,
        )
        return None

    def _declared(
        self, resource: str, name: Name, kind: DeclarationKind, head: Name | None = None
    ) -> DeclaredName | None:
        """Give the declaration of a name, or add a problem.

        :param kind: what to declare it as, if no declared name is similar.
        :param head: the head of the rule, if the name is its condition.
        """
        known = self._declarations[resource]
        if name.text in known:
            return known[name.text]
        message = (
            f"Undeclared term \"{name.text}\" referenced in rule in '{resource}' resource block. "
            "Did you mean to declare it as a role, permission, or relation?"
        )
        others = (each for each in known if not head or each != head.text)
        near = self._guesses.did_you_mean(name.text, others)
        self._refuse(message, name.span, near or self._how_to_declare(resource, name, kind))
        return None

    def _refuse_related(self, resource: str, condition: Name, related: str) -> None:
        message = (
            f'{resource}: Term "{condition.text}" not declared in related resource block '
            f"'{related}'. Did you mean to declare it as a role, permission, or relation in the "
            f"'{related}' resource block?"
        )
        known = self._declarations[related]
        near = self._guesses.did_you_mean(condition.text, known)
        help_line = near or self._how_to_declare(related, condition, DeclarationKind.ROLE)
        self._refuse(message, condition.span, help_line)

    def _how_to_declare(self, resource: str, name: Name, kind: DeclarationKind) -> str:
        if all(each.kind is not kind for each in self._declarations[resource].values()):
            return f"Declare it: `{_EXAMPLES[kind].format(name.text)}`\n"
        # A block has one declaration of a kind.
        entry = f"{name.text}: Class" if kind is DeclarationKind.RELATION else f'"{name.text}"'
        return f"Declare it: add `{entry}` to the `{kind.value}s` of '{resource}'.\n"

    def _refuse(self, message: str, span: Span | None, help_line: str = "") -> None:
        self.problems.append(ValidationError(located(message, span) + help_line))

    def _variables(self, resource: str, related: str, shorthand: Shorthand) -> tuple[str, str, str]:
        """Name the actor, the resource and the related resource.

        INVARIANT: the names differ, and none is a constant of the host, which would replace the
        variable, or a variable of the condition, which would be bound to the object.
        """
        names: list[str] = []
        written = _written_names(shorthand)
        # Messages about a condition call them as it does.
        instance = _instance_name(resource) if shorthand.further is None else SUBJECTS[1]
        for wish in (SUBJECTS[0], instance, f"related_{_instance_name(related)}"):
            name = wish
            while name in self._host.constants or name in names or name in written:
                name += "_"
            names.append(name)
        return names[0], names[1], names[2]


def tag_of(parameter: Parameter) -> str | None:
    """Give the class of a parameter, if its specializer names one."""
    pattern = parameter.specializer
    return pattern.tag if isinstance(pattern, Pattern) else None


def _instance_name(class_name: str) -> str:
    lowered = class_name.lower()
    return f"{lowered}_instance" if lowered == class_name else lowered


def _call(kind: DeclarationKind, subject: str, name: Name, object_: str | None = None) -> Call:
    args: tuple[Term, ...] = (
        Variable(subject, span=name.span),
        Value(name.text, span=name.span),
    )
    if object_ is not None:
        args += (Variable(object_, span=name.span),)
    return Call(kind.rule_name, args, span=name.span)


def _body(goals: tuple[Call, ...], shorthand: Shorthand, subjects: tuple[str, str]) -> Term:
    """Give the goals of a shorthand rule together with its further condition, if there is one."""
    terms: tuple[Term, ...] = goals
    if shorthand.further is not None:
        further = _further(shorthand.further, subjects)
        if not goals:
            return further
        # One conjunction, as if it was written: a cut looks at the one around it.
        terms += _conjuncts(further)
    return terms[0] if len(terms) == 1 else Expression(Operator.AND, terms, span=goals[-1].span)


def _conjuncts(term: Term) -> tuple[Term, ...]:
    is_conjunction = is_operation(term, Operator.AND)
    return t.cast(Expression, term).args if is_conjunction else (term,)


def _written_names(shorthand: Shorthand) -> set[str]:
    """Give the names of the variables of the condition, except those of the subjects."""
    if shorthand.further is None:
        return set()
    variables = walk([shorthand.further], parts)
    names = {each.name for each in variables if isinstance(each, Variable)}
    return names.difference(SUBJECTS)


def condition_as_rule(resource: str, shorthand: Shorthand) -> Rule | None:
    """Give the condition of a shorthand rule as a rule about its ``SUBJECTS``, to check it.

    ``None`` if there is no condition.
    """
    if shorthand.further is None:
        return None
    parameters = tuple(
        Parameter(Variable(name), Pattern(tag))
        for name, tag in zip(SUBJECTS, ("Actor", resource), strict=True)
    )
    return Rule("", parameters, shorthand.further, span=shorthand.span)


def _further(condition: Term, subjects: tuple[str, str]) -> Term:
    """Give the further condition, with the rule's variables for ``actor`` and ``resource``."""
    names = dict(zip(SUBJECTS, subjects, strict=True))

    def renamed(term: Term) -> tuple[Term, Sequence[Term]]:
        if isinstance(term, Variable) and term.name in names:
            return Variable(names[term.name], span=term.span), ()
        return term, parts(term)

    return t.cast(Term, fold(condition, renamed, with_parts))


def _rule(kind: DeclarationKind, head: Name, subjects: tuple[str, str, str], body: Term) -> Rule:
    actor, instance, resource = subjects
    parameters = (
        _parameter(actor, "Actor", head.span),
        _literal(head),
        _parameter(instance, resource, head.span),
    )
    return Rule(kind.rule_name, parameters, body, span=head.span)


def _literal(name: Name) -> Parameter:
    return Parameter(Value(name.text, span=name.span))


def _parameter(name: str, tag: str, span: Span | None) -> Parameter:
    return Parameter(Variable(name, span=span), Pattern(tag, span=span))


def _rule_types(
    blocks: Sequence[Block],
    declarations: Declarations,
    host: Host,
    global_names: Mapping[str, DeclaredName],
) -> Iterator[RuleType]:
    needed = set(_needed_relations(blocks, declarations))
    for resource, of_class in declarations.items():
        if resource not in host.classes:
            continue
        for name, declared in of_class.items():
            if declared.related is not None and _is_known(declared.related.text, host):
                yield _relation_type(resource, declared, required=(resource, name) in needed)
    yield from _types_of_refused(blocks, declarations, host)
    kinds = {declared.kind for of_class in declarations.values() for declared in of_class.values()}
    if DeclarationKind.ROLE in kinds:
        yield _ROLE_TYPE
    for kind in DeclarationKind:
        if any(declared.kind is kind for declared in global_names.values()):
            yield _global_type(kind)


def _types_of_refused(
    blocks: Sequence[Block], declarations: Declarations, host: Host
) -> Iterator[RuleType]:
    """Give the rule types of relations whose names are those of roles or permissions.

    The load fails for the name; that their rules match no rule type would only hide it.
    """
    for block in blocks:
        resource = block.resource.text
        for declared in _declared_by(block):
            is_refused = declarations[resource][declared.name.text].related is None
            if (
                is_refused
                and declared.related is not None
                and _is_known(declared.related.text, host)
                and resource in host.classes
            ):
                yield _relation_type(resource, declared, required=False)


_ROLE_TYPE = RuleType(
    DeclarationKind.ROLE.rule_name,
    (
        _parameter("actor", "Actor", None),
        _parameter("role", "String", None),
        _parameter("resource", "Resource", None),
    ),
    required=True,
)


def _global_type(kind: DeclarationKind) -> RuleType:
    parameters = _parameter("actor", "Actor", None), _parameter(kind.value, "String", None)
    return RuleType(kind.rule_name, parameters, required=kind is DeclarationKind.ROLE)


def _relation_type(resource: str, declared: DeclaredName, *, required: bool) -> RuleType:
    assert declared.related is not None
    parameters = (
        _parameter("subject", declared.related.text, declared.span),
        Parameter(Value(declared.name.text, span=declared.span)),
        _parameter("object", resource, declared.span),
    )
    return RuleType(
        DeclarationKind.RELATION.rule_name, parameters, required=required, span=declared.span
    )


def _needed_relations(
    blocks: Sequence[Block], declarations: Declarations
) -> Iterator[tuple[str, str]]:
    """Give the class and the name of each relation that a shorthand rule uses."""
    for resource, shorthand, place in places_of_conditions(blocks, declarations):
        if shorthand.relation is not None:
            yield resource, shorthand.relation.text
        if place is not None and shorthand.condition is not None:
            yield place, shorthand.condition.text


def places_of_conditions(
    blocks: Sequence[Block], declarations: Declarations
) -> Iterator[tuple[str, Shorthand, str | None]]:
    """Give each shorthand rule with its class and the one that has its condition, if known."""
    for block in blocks:
        name = block.resource.text
        for shorthand in block.shorthands:
            is_elsewhere = is_about_global(shorthand) or shorthand.condition is None
            place: str | None = None if is_elsewhere else name
            if shorthand.relation is not None:
                relation = declarations[name].get(shorthand.relation.text)
                place = relation.related.text if relation and relation.related else None
            yield name, shorthand, place
