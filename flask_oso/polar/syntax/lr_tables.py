"""The tables of the parser: what it does in each state, made by Lark from the grammar.

In goes ``grammar.lark``; out come ``Tables``, plain data that ``lr_driver.py`` follows.
Making them takes longer than reading a policy of a thousand rules, so they are kept beside
the grammar, in ``grammar.json``. After a change of the grammar those do not fit it; then
new ones are made on each start, until ``make tables`` keeps them.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import typing as t

_GRAMMAR = pathlib.Path(__file__).with_name("grammar.lark")
_KEPT = _GRAMMAR.with_suffix(".json")
#: What can be read.
_STARTS = ("statement", "query")
#: Nothing begins with it: it names terminals that no other production has.
_ONLY_TERMINALS = "mistake"


class Terminal(t.NamedTuple):
    """A kind of token: a word or sign, or a regular expression if it is none."""

    name: str
    is_word: bool
    pattern: str
    priority: int


class Production(t.NamedTuple):
    """One way to make something, the ``origin``, of the ``length`` things before it.

    ``parts`` are what the action gets: the index of a thing, ``[index]`` for all that a
    list holds, ``None`` for something optional that is not there. Without an action the
    one part is what is made; if the origin begins with ``_``, the list of parts is.
    """

    origin: str
    length: int
    action: str | None
    parts: list[int | list[int] | None]


class Tables(t.NamedTuple):
    """What to do, with the states numbered from 0.

    ``actions`` says for each state, and each terminal that can come there, which state is
    next; ``~n`` stands for applying production ``n`` first. ``gotos`` says for each state
    which one is next behind something that was made, by origin. ``starts`` has the first
    and the last state by what is to be read.
    """

    terminals: list[Terminal]
    ignored: list[str]
    productions: list[Production]
    starts: dict[str, list[int]]
    actions: list[dict[str, int]]
    gotos: list[dict[str, int]]


def read_tables() -> Tables:
    """Give the tables of the grammar as it is: those kept, if they were made from it."""
    grammar = _GRAMMAR.read_text(encoding="utf-8")
    kept = json.loads(_KEPT.read_text(encoding="utf-8"))
    if kept.pop("grammar") != _digest(grammar):
        return make_tables(grammar)
    kept["terminals"] = [Terminal(*each) for each in kept["terminals"]]
    kept["productions"] = [Production(*each) for each in kept["productions"]]
    return Tables(**kept)


def keep_tables() -> None:
    """Make the tables of the grammar as it is, and keep them."""
    _KEPT.write_text(tables_as_text(_GRAMMAR.read_text(encoding="utf-8")), encoding="utf-8")


def tables_as_text(grammar: str) -> str:
    """Make the tables of a grammar as they are kept: an item a line, so that changes show."""
    made: dict[str, t.Any] = {"grammar": _digest(grammar), **make_tables(grammar)._asdict()}
    lines = ",\n".join(f"{json.dumps(name)}: {_shown(value)}" for name, value in made.items())
    return f"{{\n{lines}\n}}\n"


def _shown(value: t.Any) -> str:
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(item, separators=(",", ":")) for item in value) + "\n]"


def _digest(grammar: str) -> str:
    return hashlib.sha256(grammar.encode()).hexdigest()


# -- making them -----------------------------------------------------------------------


def make_tables(grammar: str) -> Tables:
    """Have Lark make the tables of a grammar; the same grammar gives the same tables."""
    # Here, since importing it takes as long as all else that a start needs.
    from lark import Lark

    lark = Lark(grammar, parser="lalr", lexer="basic", start=[*_STARTS, _ONLY_TERMINALS])
    of_start = {start: lark.parse_interactive(start=start).parser_state for start in _STARTS}
    rows = of_start["statement"].parse_conf.states
    numbers = _numbered(rows, [state.position for state in of_start.values()])
    rules = [rule for rule in lark.rules if rule.origin.name != _ONLY_TERMINALS]
    productions = {rule: number for number, rule in enumerate(rules)}

    def row(state: int, *, terminals: bool) -> dict[str, int]:
        return {
            str(symbol): numbers[arg] if arg in numbers else ~productions[arg]
            for symbol, (_, arg) in sorted(rows[state].items())
            if _is_terminal(symbol) is terminals
        }

    return Tables(
        terminals=[_terminal(each) for each in lark.terminals],
        ignored=sorted(lark.ignore_tokens),
        productions=[_production(rule) for rule in rules],
        starts={
            start: [numbers[state.position], numbers[state.parse_conf.end_state]]
            for start, state in of_start.items()
        },
        actions=[row(state, terminals=True) for state in numbers],
        gotos=[row(state, terminals=False) for state in numbers],
    )


def _numbered(rows: t.Any, starts: list[int]) -> dict[int, int]:
    """Number the states as they are met, since Lark's numbers differ from run to run."""
    numbers = {state: number for number, state in enumerate(starts)}
    waiting = list(starts)
    for state in waiting:
        for _, (_, arg) in sorted(rows[state].items()):
            # What is no number is a production.
            if isinstance(arg, int) and arg not in numbers:
                numbers[arg] = len(numbers)
                waiting.append(arg)
    return numbers


def _is_terminal(symbol: str) -> bool:
    return symbol == "$END" or symbol.isupper() or symbol.startswith("__")


def _terminal(terminal: t.Any) -> Terminal:
    is_word = terminal.pattern.type == "str"
    pattern = terminal.pattern.value if is_word else terminal.pattern.to_regexp()
    return Terminal(str(terminal.name), is_word, pattern, terminal.priority)


def _production(rule: t.Any) -> Production:
    """Bring together what Lark does step by step: leave out, add, splice, pass on, call."""
    parts: list[int | list[int] | None] = []
    index = 0
    for is_absent in rule.options.empty_indices or [False] * len(rule.expansion):
        if is_absent:
            parts.append(None)
            continue
        symbol = rule.expansion[index]
        if not (symbol.is_term and symbol.filter_out):
            is_spliced = not symbol.is_term and symbol.name.startswith("_")
            parts.append([index] if is_spliced else index)
        index += 1
    origin = str(rule.origin.name)
    is_passed_on = rule.options.expand1 and rule.alias is None and len(parts) == 1
    action = str(rule.alias or rule.options.template_source or origin)
    is_nameless = is_passed_on or origin.startswith("_")
    return Production(origin, len(rule.expansion), None if is_nameless else action, parts)
