"""Programs of facts, and of rules that call themselves.

A program has a few of these: a relation as facts with its closure; recursion over numbers
that count down; recursion over lists. All end, so that depth is not what is compared.
"""

from __future__ import annotations

import typing as t

from .writer import Writer

_NODES = ('"a"', '"b"', '"c"', "1", "2", "fido", "misty", "[1]", "{a: 1}")
_LISTS = ("[1, 2, 3]", "[]", "[2]", '["a", 1]', "[1, 1]", "misty.tags", "nested", "[[1], 2]")
_COUNTS = ("0", "1", "2", "3", "4", "2.0", '"2"')


def write_recursion(w: Writer) -> tuple[list[str], list[dict[str, t.Any]]]:
    """Write rules and queries."""
    rules: list[str] = []
    queries: list[str] = []
    forms = (_relation, _numbers, _lists)
    chosen = sorted({w.below(len(forms)) for _ in w.several(1, 2)})
    for at in chosen:
        forms[at](w, rules, queries)
    return rules, [{"text": text, "partial": w.often(15)} for text in queries]


def _relation(w: Writer, rules: list[str], queries: list[str]) -> None:
    # Facts lead from an earlier node to a later one, so there is no circle.
    for _ in w.several(2, 7):
        start = w.below(len(_NODES) - 1)
        end = start + 1 + w.below(len(_NODES) - 1 - start)
        extra = w.weighted((6, ""), (1, " if true"), (1, " if cut"), (1, " if 1 in [1, 1]"))
        rules.append(f"edge({_NODES[start]}, {_NODES[end]}){extra};")
    rules.extend(_closure(w))
    for _ in w.several(3, 7):
        name = w.weighted((2, "edge"), (5, "path"))
        queries.append(f"{name}({_end(w, 'x')}, {_end(w, 'y')}){_after(w)}")


def _closure(w: Writer) -> tuple[str, str]:
    base = "path(x, y) if edge(x, y);"
    step = w.weighted(
        (4, "path(x, y) if edge(x, z) and path(z, y);"),
        (2, "path(x, y) if edge(x, z) and cut and path(z, y);"),
        (2, "path(x, y) if edge(x, z) and not edge(x, y) and path(z, y);"),
        (2, "path(x, y) if edge(z, y) and path(x, z) and forall(edge(x, u), not u = y);"),
        (1, 'path(x: String, y) if edge(x, z) and z != "c" and path(z, y);'),
    )
    return (step, base) if w.often(40) else (base, step)


def _end(w: Writer, name: str) -> str:
    return name if w.often(45) else w.pick(_NODES)


def _after(w: Writer) -> str:
    return w.weighted((6, ""), (1, " and not edge(x, y)"), (1, " and x = y"), (1, " and cut"))


def _numbers(w: Writer, rules: list[str], queries: list[str]) -> None:
    limit = w.weighted((3, "n > 0"), (1, "n >= 1"), (1, "not n = 0"), (1, "n != 0 and n > 0"))
    form = w.pick(("sum", "fib", "even", "upto"))
    if form == "sum":
        rules += ["sum(0, 0);", f"sum(n, m + n) if {limit} and sum(n - 1, m);"]
    elif form == "fib":
        rules += ["fib(0, 1);", "fib(1, 1);"]
        rules += ["fib(n, a + b) if n > 1 and fib(n - 1, a) and fib(n - 2, b);"]
    elif form == "even":
        rules += ["even(0, true);", f"even(n, r) if {limit} and odd(n - 1, r);"]
        rules += ["odd(0, false);", f"odd(n, r) if {limit} and even(n - 1, r);"]
    else:
        rules += ["upto(n, n);", f"upto(n, m) if {limit} and k = n - 1 and upto(k, m);"]
    for _ in w.several(2, 5):
        result = "x" if w.often(60) else w.pick(_COUNTS)
        queries.append(f"{form}({w.pick(_COUNTS)}, {result})")


_LIST_RULES = {
    "length": ("length([], 0);", "length([_, *r], n + 1) if length(r, n);"),
    "last": ("last([a], a);", "last([_, *r], a) if last(r, a);"),
    "member": ("member(a, [a, *_]);", "member(a, [_, *r]) if member(a, r);"),
    "pick": ("pick(a, [a, *r], r);", "pick(a, [b, *r], [b, *s]) if pick(a, r, s);"),
    "join": ("join([], k, k);", "join([a, *r], k, [a, *s]) if join(r, k, s);"),
    "all": ("all([], _);", "all([a, *r], k) if a matches {} and k = k and all(r, k);"),
}
_LIST_QUERIES = {
    "length": "length({list}, {number})",
    "last": "last({list}, {number})",
    "member": "member({number}, {list})",
    "pick": "pick({number}, {list}, {rest})",
    "join": "join({list}, {other}, {rest})",
    "all": "all({list}, {number})",
}


def _lists(w: Writer, rules: list[str], queries: list[str]) -> None:
    form = w.pick(tuple(_LIST_RULES))
    rules.extend(_LIST_RULES[form] if w.often(80) else _LIST_RULES[form][::-1])
    for _ in w.several(2, 6):
        text = _LIST_QUERIES[form].format(
            list=w.pick(_LISTS),
            other=w.pick(_LISTS),
            number="x" if w.often(60) else w.pick(_COUNTS),
            rest="y" if w.often(70) else w.pick(_LISTS),
        )
        queries.append(text)
