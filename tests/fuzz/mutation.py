"""Make new inputs of those that there are.

Texts are cut at tokens and mended with the words of Polar, so that most results are
nearly right; other inputs are changed byte by byte.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from .choices import decoded, encoded
from .words import WORDS, parts

#: What is longer is cut: the promise on time is made for texts up to this size.
LONGEST = 4096
_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"), ("not (", ")"), ('"', '"'), ("new f(", ")"))


def mutate(data: bytes, others: Sequence[bytes], is_text: bool, chance: random.Random) -> bytes:
    """Change an input in a few places.

    :param others: inputs to take parts from.
    """
    if not is_text or chance.random() < 0.1:
        return _mutate_bytes(data, others, chance)
    tokens = parts(decoded(data))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        change = chance.choice(_TOKEN_CHANGES)
        tokens = change(tokens, others, chance)
    return encoded("".join(tokens))[:LONGEST]


_Tokens = list[str]
_TokenChange = Callable[[_Tokens, Sequence[bytes], random.Random], _Tokens]


def _stretch(tokens: Sequence[object], chance: random.Random, most: int = 12) -> tuple[int, int]:
    begin = chance.randrange(len(tokens) + 1)
    return begin, min(len(tokens), begin + chance.randrange(1, most))


def _insert(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    at = chance.randrange(len(tokens) + 1)
    return [*tokens[:at], f" {chance.choice(WORDS)} ", *tokens[at:]]


def _replace(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    begin, end = _stretch(tokens, chance, 3)
    return [*tokens[:begin], chance.choice(WORDS), *tokens[end:]]


def _delete(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    begin, end = _stretch(tokens, chance)
    return tokens[:begin] + tokens[end:]


def _repeat(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    begin, end = _stretch(tokens, chance)
    times = chance.choice((1, 1, 2, 10, 100))
    return tokens[:end] + tokens[begin:end] * times + tokens[end:]


def _move(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    begin, end = _stretch(tokens, chance)
    rest = tokens[:begin] + tokens[end:]
    at = chance.randrange(len(rest) + 1)
    return rest[:at] + tokens[begin:end] + rest[at:]


def _wrap(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    begin, end = _stretch(tokens, chance)
    opening, closing = chance.choice(_BRACKETS)
    times = chance.choice((1, 1, 1, 3, 50))
    inside = [opening] * times + tokens[begin:end] + [closing] * times
    return tokens[:begin] + inside + tokens[end:]


def _splice(tokens: _Tokens, others: Sequence[bytes], chance: random.Random) -> _Tokens:
    other = parts(decoded(chance.choice(others))) if others else []
    begin, end = _stretch(other, chance, 40)
    at = chance.randrange(len(tokens) + 1)
    return tokens[:at] + other[begin:end] + tokens[at:]


_TOKEN_CHANGES: tuple[_TokenChange, ...] = (
    *(_insert, _insert, _replace, _replace, _delete, _repeat, _move, _wrap, _splice, _splice),
)


def _mutate_bytes(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        begin, end = _stretch(changed, chance)
        piece = _piece(bytes(changed[begin:end]), others, chance)
        changed[begin : end if chance.random() < 0.7 else begin] = piece
    return bytes(changed[:LONGEST])


def _piece(old: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    kind = chance.randrange(5)
    if kind == 0:
        return bytes(byte ^ 1 << chance.randrange(8) for byte in old)
    if kind == 1 and others:
        other = chance.choice(others)
        begin, end = _stretch(other, chance, 40)
        return other[begin:end]
    if kind == 2:
        return b""
    if kind == 3:
        return old * 2
    return chance.randbytes(chance.randrange(1, 9))
