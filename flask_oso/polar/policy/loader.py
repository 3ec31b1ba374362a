"""The loader: from texts to a ``Policy`` that passed every check.

In go sources and the host; out comes the policy with the warnings, or one error with all
problems. The order of the checks is that of oso 0.27.3, so the first problem is the one that oso
raises. Files are not read here, and inline queries are not run.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ..exceptions import (
    OsoError,
    ParserError,
    StackOverflowError,
    ValidationError,
    combined,
    error_at,
    too_deep,
)
from ..host.attribute_types import Shapes
from ..host.registry import Host
from ..limits import Limits, check_length
from ..nodes import Block, DeclaredRule, InlineQuery, Rule, RuleType
from ..sources import Source, Span
from ..spelling import Guesses
from ..syntax.desugar import rewrite_rule
from ..syntax.lexer import Token
from ..syntax.parser import PolicyParser
from ..syntax.policy_test_nodes import Fact, Fixture, PolicyTest, Statement
from ..syntax.rule_forms import Repetition
from .block_inheritance import inherited_blocks
from .garbage import without_collector
from .inherited_roles import with_each_role
from .legacy_roles import with_role_rules
from .lint.absent_rules import absent_names, check_absent_rules
from .lint.comparisons import Operands, warn_comparisons
from .lint.inventory import Inventory, take_inventory
from .lint.members import Members
from .lint.mistaken_texts import may_be_mistaken, warn_mistaken_texts
from .lint.unquoted import warn_unbound
from .lint.unreachable_roles import warn_circular, warn_ungranted
from .lint.validation import (
    check_calls,
    check_singletons,
    warn_arities,
    warn_declared,
    warn_missing_rules,
    warn_nested_classes,
    warn_specializers,
)
from .lint.vocabulary import Mention, mentions_of, warn_undeclared
from .policy import LoadResult, Policy, by_name
from .relation_order import RelationOrder
from .resource_blocks import (
    GLOBAL,
    SUBJECTS,
    DeclarationKind,
    Declarations,
    DeclarationTable,
    check_block,
    check_classes,
    check_relations,
    classes_of_blocks,
    condition_as_rule,
    expand_blocks,
    is_global,
)
from .rule_types import BUILT_IN_TYPES, check_rule_type, check_shapes

EMPTY = Policy()


def load_policy(
    sources: Sequence[Source],
    host: Host,
    base: Policy = EMPTY,
    *,
    ignore_missing_allow: bool = False,
    roles: bool = False,
    for_tests: bool = False,
    limits: Limits | None = None,
) -> LoadResult:
    """Load texts together as one policy.

    :param base: the result of earlier loads: a policy without rules, whose types and blocks
        stay in force.
    :param ignore_missing_allow: whether to omit the warning that no rule allows anything.
    :param roles: whether to add the built-in rules of the roles of oso 0.15, if there are rules.
    :param for_tests: whether only the tests of the policy are run: then rules may be missing, and
        their facts come from tests or are not there.
    :param limits: the limits of texts; those of the environment by default.
    :raises OsoError: the first problem; ``problems`` has all of them and the attribute
        ``warnings`` the warnings.
    """
    with without_collector():
        load = _Load(host, base, Limits() if limits is None else limits, for_tests=for_tests)
        for source in sources:
            load.read(source)
        policy = load.make_policy()
        load.check(policy, ignore_missing_allow=ignore_missing_allow)
        if roles and policy.has_rules:
            policy = with_role_rules(policy, host)
        return LoadResult(policy, tuple(load.warnings))


class _Load:
    """The state of a load: what it has read, and the problems so far."""

    def __init__(self, host: Host, base: Policy, limits: Limits, *, for_tests: bool) -> None:
        self._host = host
        self._for_tests = for_tests
        self._limits = limits
        self._sources = list(base.sources)
        self._rules: list[Rule] = []
        self._types: list[RuleType] = list(base.written_types)
        self._blocks: list[Block] = list(base.blocks)
        self._everywhere: list[Block] = list(base.everywhere)
        self._declared: dict[str, Span | None] = dict.fromkeys(base.declared)
        self._tests: list[PolicyTest] = list(base.tests)
        self._fixtures: list[Fixture] = list(base.fixtures)
        self._inline_queries: list[InlineQuery] = list(base.inline_queries)
        self._table = DeclarationTable()
        self._global_table = DeclarationTable()
        for block in base.blocks:
            self._table.add(block)
        for block in base.everywhere:
            self._global_table.add(block)
        self._block_guesses = Guesses()
        self._class_guesses = Guesses()
        self._members = Members(host)
        self._shapes = Shapes(host)
        self._mentions: list[Mention] = []
        # How many of them come from rules before the last one.
        self._mentions_before = 0
        self._names: set[str] = set()
        self._foreign_names: dict[str, Token] = {}
        self._is_broken = False
        self._problems: list[OsoError] = []
        self.warnings: list[str] = []

    def read(self, source: Source) -> None:
        """Parse a text and check its statements one by one."""
        check_length(source, self._limits)
        duplicate = _duplicate(source, self._sources)
        self._sources.append(source)
        if duplicate is not None:
            self._break([duplicate])
            return
        parser = PolicyParser(source, self._limits.nesting, self._is_plain)
        problems, self._problems = self._problems, []
        warnings, self.warnings = self.warnings, []
        for statement in parser.read():
            if isinstance(statement, Repetition):
                self._add_repetition(statement)
                continue
            found = len(self._problems) + len(self.warnings)
            try:
                self._add(statement)
            except StackOverflowError:
                # A chain of operators of machine-made length.
                self._break([too_deep(ParserError, statement.span)])
                continue
            if isinstance(statement, Rule) and len(self._problems) + len(self.warnings) == found:
                self._remember(parser)
        # Syntax errors come first.
        self._problems = [*problems, *parser.problems, *self._problems]
        self.warnings = [*warnings, *parser.warnings, *self.warnings]
        self._is_broken = self._is_broken or bool(parser.problems)
        self._names.update(parser.names)
        for token in parser.foreign_names:
            self._foreign_names.setdefault(token.text, token)

    def _break(self, problems: Sequence[OsoError]) -> None:
        self._problems.extend(problems)
        self._is_broken = self._is_broken or bool(problems)

    def _add(self, statement: Statement) -> None:
        if isinstance(statement, Rule):
            self._add_rule(statement)
        elif isinstance(statement, RuleType):
            self._add_type(statement)
        elif isinstance(statement, InlineQuery):
            self._inline_queries.append(statement)
        elif isinstance(statement, Block):
            self._add_block(statement)
        elif isinstance(statement, DeclaredRule):
            self._declared.setdefault(statement.name, statement.span)
        elif isinstance(statement, Fixture):
            self._fixtures.append(statement)
        else:
            self._tests.append(statement)

    def _add_rule(self, rule: Rule) -> None:
        self._mentions_before = len(self._mentions)
        self._check_rule(rule, take_inventory(rule))
        self._rules.append(rewrite_rule(rule))

    def _is_plain(self, text: str) -> bool:
        """Tell whether no check of a rule finds anything about a text, wherever it stands."""
        return not may_be_mistaken(text, self._host)

    def _remember(self, parser: PolicyParser) -> None:
        """Tell the parser what became of the last rule, which the checks have passed."""
        mentions = self._mentions[self._mentions_before :]
        texts = [each.string for each in mentions if each.string is not None]
        parser.remember([self._rules[-1], *texts], mentions)

    def _add_repetition(self, repetition: Repetition) -> None:
        """Add a rule that differs from one that has passed the checks in its literals alone."""
        rule, *texts = repetition.nodes
        self._rules.append(rule)
        for mention in repetition.like:
            string = None if mention.string is None else texts.pop(0)
            self._mentions.append(mention._replace(string=string))

    def _check_rule(self, rule: Rule, inventory: Inventory, given: Sequence[str] = ()) -> None:
        """Find what is wrong with a rule by itself.

        :param given: variables that may stand alone.
        """
        if rule.body is None and inventory.has_literals_only:
            self._check_plain_fact(rule, inventory)
            return
        self._problems += check_singletons(rule, inventory, self._host, given)
        self.warnings += warn_unbound(rule, inventory, self._host)
        self.warnings += warn_specializers(inventory, self._host, self._class_guesses)
        self.warnings += warn_nested_classes(rule, inventory, self._host)
        self.warnings += warn_mistaken_texts(rule, inventory, self._host)
        operands = Operands(rule, inventory, self._shapes)
        self.warnings += self._members.warn(inventory, operands)
        self.warnings += warn_comparisons(inventory, operands)
        self._mentions += mentions_of(rule, inventory.comparisons, operands.class_name)

    def _check_plain_fact(self, rule: Rule, inventory: Inventory) -> None:
        """Find what can be wrong with a fact like ``role("alice", "editor", "docs");``."""
        self.warnings += warn_mistaken_texts(rule, inventory, self._host)
        self._mentions += mentions_of(rule, (), lambda _: None)

    def _add_type(self, rule_type: RuleType) -> None:
        problems = check_rule_type(rule_type)
        self._problems.extend(problems)
        if problems:
            return
        as_rule = rewrite_rule(Rule(rule_type.name, rule_type.parameters))
        self._types.append(RuleType(rule_type.name, as_rule.parameters, span=rule_type.span))

    def _add_block(self, block: Block) -> None:
        problems = check_block(block)
        self._break(problems)
        if problems:
            return
        if is_global(block):
            self._problems.extend(self._global_table.add(block))
            self._everywhere.append(block)
            return
        self._problems.extend(check_classes(block, self._host, self._block_guesses))
        self._problems.extend(self._table.add(block))
        self._blocks.append(block)
        for shorthand in block.shorthands:
            rule = condition_as_rule(block.resource.text, shorthand)
            if rule is not None:
                written = take_inventory(Rule(rule.name, (), rule.body))
                self._check_rule(rule, written, SUBJECTS)

    def make_policy(self) -> Policy:
        """Expand the blocks and make the policy."""
        self._stop_if_broken()
        inherited, problems = inherited_blocks(self._blocks)
        self._break(problems)
        for block in inherited:
            self._problems.extend(self._table.add(block))
        declarations = self._table.declarations
        self._problems.extend(check_relations(declarations, self._host))
        if self._tests or self._fixtures:
            inherited = self._put_relations_in_order(declarations, inherited)
        self._blocks, problems = with_each_role(self._blocks, declarations)
        self._break(problems)
        inherited, _ = with_each_role(inherited, declarations)
        expansion = expand_blocks(
            [*self._blocks, *inherited],
            declarations,
            self._host,
            self._everywhere,
            self._global_table.of(GLOBAL),
        )
        self._break(expansion.problems)
        self._stop_if_broken()
        actors = [
            block for block in self._blocks if block.keyword and block.keyword.text == "actor"
        ]
        rules = by_name([*self._rules, *expansion.rules])
        declared = self._declared_names(rules)
        return Policy(
            rules={**rules, **{name: () for name in declared if name not in rules}},
            types=by_name([*self._types, *expansion.types]),
            actors=classes_of_blocks(actors, self._host),
            resources=classes_of_blocks(self._blocks, self._host),
            blocks=tuple(self._blocks),
            everywhere=tuple(self._everywhere),
            declared=declared,
            tests=tuple(self._tests),
            fixtures=tuple(self._fixtures),
            inline_queries=tuple(self._inline_queries),
            sources=tuple(self._sources),
            written_types=tuple(self._types),
        )

    def _put_relations_in_order(
        self, declarations: Declarations, inherited: Sequence[Block]
    ) -> list[Block]:
        """Put ``has_relation`` of a policy that was written for Oso Cloud into our order.

        :return: the blocks that others extend, in this order.
        """
        order = RelationOrder(self._rules, [*self._fixtures, *self._tests], declarations)
        self._rules = order.rules(self._rules)
        self._blocks = order.blocks(self._blocks)
        self._tests = order.tests(self._tests)
        self._fixtures = order.tests(self._fixtures)
        if order.is_turned:
            # They are about the text.
            relation = DeclarationKind.RELATION
            self._mentions = [each for each in self._mentions if each.kind is not relation]
        return order.blocks(inherited)

    def _declared_names(self, rules: Mapping[str, Sequence[Rule]]) -> tuple[str, ...]:
        """Give the names that are declared, and those whose facts come from tests."""
        tests: list[Fixture | PolicyTest] = [*self._fixtures, *self._tests]
        setups = [item for each in tests for item in each.setup]
        facts = (item.name for item in setups if isinstance(item, Fact))
        names = dict.fromkeys([*self._declared, *facts])
        if self._for_tests:
            names.update(dict.fromkeys(absent_names(rules)))
        return tuple(names)

    def check(self, policy: Policy, *, ignore_missing_allow: bool) -> None:
        """Check the policy as a whole.

        :raises OsoError: if this or an earlier check found a problem.
        """
        self._problems.extend(check_shapes(policy, self._host, may_be_absent=self._for_tests))
        self._problems.extend(check_calls(policy, self._left_out()))
        if not self._for_tests:
            self._problems.extend(check_absent_rules(policy, self._declared))
        self.warnings.extend(warn_arities(policy))
        self.warnings.extend(warn_declared(policy, self._declared))
        if self._foreign_names:
            self._warn_confusables()
        declarations = self._table.declarations
        self.warnings.extend(warn_undeclared(self._mentions, declarations, self._host))
        self._warn_of_blocks(policy)
        self.warnings.extend(warn_missing_rules(policy, ignore_missing_allow=ignore_missing_allow))
        if self._problems:
            self._fail()

    def _warn_of_blocks(self, policy: Policy) -> None:
        if not self._blocks:
            return
        # A policy without any rule of this name is an error already.
        if policy.rules.get(DeclarationKind.ROLE.rule_name):
            self.warnings += warn_ungranted(
                self._rules, policy, self._table.declarations, self._host
            )
        self.warnings += warn_circular(policy.rules_in_source_order())

    def _warn_confusables(self) -> None:
        # Imported here, since most policies have no such name.
        from ..syntax.confusables import warn_confusables
        from ..syntax.diagnostics import KEYWORDS

        known = self._names.union(self._host.constants, BUILT_IN_TYPES, KEYWORDS)
        self.warnings.extend(warn_confusables(self._foreign_names.values(), known))

    def _left_out(self) -> tuple[str, ...]:
        """Give the names of rules that blocks of unregistered classes would expand to."""
        is_complete = all(block.resource.text in self._host.classes for block in self._blocks)
        return () if is_complete else tuple(kind.rule_name for kind in DeclarationKind)

    def _stop_if_broken(self) -> None:
        if self._is_broken:
            self._fail()

    def _fail(self) -> t.NoReturn:
        error = combined(self._problems)
        error.warnings = tuple(self.warnings)  # type: ignore[attr-defined]  # read with getattr
        raise error


def _duplicate(source: Source, earlier: Sequence[Source]) -> OsoError | None:
    """Give an error for a file that is loaded already, under this name or another."""
    if source.name is None:
        return None
    for other in earlier:
        if other.name is None or (other.name != source.name and other.text != source.text):
            continue
        return error_at(
            ValidationError,
            f"Problem loading file: {_duplicate_message(source, other)}",
            source.span(0, 0),
        )
    return None


def _duplicate_message(source: Source, other: Source) -> str:
    if other.name != source.name:
        return (
            f"A file with the same contents as {source.name} named {other.name} "
            "has already been loaded."
        )
    if other.text == source.text:
        return f"File {source.name} has already been loaded."
    return f"A file with the name {source.name}, but different contents has already been loaded."
