"""Tokens of a model's SQL with its Jinja, and where things begin and end in it.

Jinja expressions are single tokens (`jinja`), statements are walls (`block`) that no condition or
branch is read across, comments of both kinds are left out. What stands inside an expression is
tokenised apart, by `inside`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>--[^\n]*)"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<op><=|>=|<>|!=|\|\||.)",
    re.DOTALL,
)
_OPENING = {"(": ")", "[": "]", "{": "}"}
_CLOSING = set(_OPENING.values())


@dataclass(frozen=True)
class Token:
    """A piece of code: what it is, its text, and where it stands in the file.

    `depth` counts the brackets and `case`s around it; both ends of a bracket lie outside of it.
    """

    kind: str
    text: str
    start: int
    depth: int = 0

    @property
    def end(self) -> int:
        """The position after its last character."""
        return self.start + len(self.text)


def _end_of_string(text: str, start: int) -> int:
    """The position after a quoted string, which may hold Jinja that holds quotes itself."""
    quote = text[start]
    at = start + 1
    while at < len(text):
        if text.startswith("{{", at):
            at = _end_of_expression(text, at)
        elif text[at] == "\\":
            at += 2
        elif text[at] == quote:
            if not text.startswith(quote * 2, at):
                return at + 1
            at += 2
        else:
            at += 1
    return at


def _end_of_expression(text: str, start: int) -> int:
    """The position after `{{ … }}` or `{% … %}`, in which dicts and strings may stand."""
    closing = "}}" if text[start + 1] == "{" else "%}"
    at, depth = start + 2, 0
    while at < len(text):
        if depth == 0 and text.startswith(closing, at):
            return at + 2
        if text[at] in "'\"":
            quote, at = text[at], at + 1
            while at < len(text) and text[at] != quote:
                at += 2 if text[at] == "\\" else 1
        elif text[at] in _OPENING:
            depth += 1
        elif text[at] in _CLOSING:
            depth -= 1
        at += 1
    return at


def _raw_tokens(text: str, offset: int) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text.startswith("{#", at):
            end = text.index("#}", at) + 2
            kind = "comment"
        elif text.startswith(("{{", "{%"), at):
            end = _end_of_expression(text, at)
            kind = "jinja" if text[at + 1] == "{" else "block"
        elif text[at] in "'\"":
            end = _end_of_string(text, at)
            kind = "string"
        else:
            found = _TOKEN.match(text, at)
            assert found, "any character is a token"
            end, kind = found.end(), str(found.lastgroup)
        if kind not in ("space", "comment"):
            yield Token(kind, text[at:end], offset + at)
        at = end


def tokens(text: str, offset: int = 0) -> list[Token]:
    """The tokens of some code, without comments; `offset` is where the code begins in its file."""
    found, depth = [], 0
    for token in _raw_tokens(text, offset):
        if token.text in _CLOSING or (token.kind == "word" and token.text == "end"):
            depth -= 1
        found.append(replace(token, depth=depth))
        if token.text in _OPENING or (token.kind == "word" and token.text == "case"):
            depth += 1
    return found


def inside(token: Token) -> list[Token]:
    """The tokens within a Jinja expression or statement."""
    return tokens(token.text[2:-2].strip("-"), token.start + 2 + token.text[2:].startswith("-"))


def closing(found: Sequence[Token], opening: int) -> int:
    """The index of the bracket that closes the one at `opening`."""
    return next(
        at for at in range(opening + 1, len(found)) if found[at].depth <= found[opening].depth
    )


def is_balanced(found: Sequence[Token]) -> bool:
    """Whether every bracket is closed, as it is not in a part of an expression."""
    brackets = [token.text for token in found if token.text in _OPENING or token.text in _CLOSING]
    opened = sum(text in _OPENING for text in brackets)
    return 2 * opened == len(brackets) and all(token.depth >= 0 for token in found)


def split(found: Sequence[Token], first: int, last: int, separator: str) -> list[tuple[int, int]]:
    """Spans (first, past the last) of the parts between separators of the outer level."""
    spans: list[tuple[int, int]] = []
    start = first
    if first >= last:
        return spans
    level, in_between = found[first].depth, False
    for at in range(first, last):
        token = found[at]
        if token.depth != level or token.kind not in ("word", "op"):
            continue
        if token.text == "between":
            in_between = True
        elif token.text == "and" and in_between:
            in_between = False
        elif token.text == separator:
            spans.append((start, at))
            start = at + 1
    return [*spans, (start, last)]


def text_of(raw: str, found: Sequence[Token], span: tuple[int, int]) -> str:
    """The code of a span of tokens."""
    return raw[found[span[0]].start : found[span[1] - 1].end]
