"""The ways to break a model: each operator yields the changes that it could make to some SQL.

All are pure: code in, edits out. An edit may turn out not to be SQL (a column of another type,
say); such a mutant is invalid and does not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.mutants.lexer import Token, closing, inside, is_balanced, split, text_of, tokens

#: words that end a condition of the same level
_CLAUSE_ENDS = {
    "on": "left right inner full cross join where group order union having window limit",
    "where": "group order union having window limit",
    "having": "order union window limit",
    "when": "then",
}
_FLIPPED_COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "<>", "<>": "=", "!=": "="}
_SWAPPED_FUNCTION = {
    "sum": "max",
    "min": "max",
    "max": "min",
    "avg": "max",
    "least": "greatest",
    "greatest": "least",
    "lag": "lead",
    "lead": "lag",
    "first_value": "last_value",
    "last_value": "first_value",
}
_SWAPPED_READING = {
    ("kind", "sum"): "difference",
    ("kind", "difference"): "sum",
    ("kind", "rate"): "ratio",
    ("kind", "ratio"): "rate",
    ("kind", "average"): "ratio",
    ("kind", "score"): "ratio",
    ("time_basis", "event"): "cohort",
    ("time_basis", "cohort"): "event",
    ("time_basis", "snapshot"): "event",
}
_PAIRS = [("entered_on", "left_on"), ("valid_from", "valid_to"), ("period_start", "period_end")]
_ANCHOR = re.compile(r"^\w+_(on|at)$")
_COLUMN = re.compile(r"^(\w+\.)?(\w+)$")


@dataclass(frozen=True)
class Edit:
    """Replace the characters from start to end."""

    operator: str
    start: int
    end: int
    replacement: str

    def apply(self, raw: str) -> str:
        """The mutated code."""
        return raw[: self.start] + self.replacement + raw[self.end :]


@dataclass(frozen=True)
class Code:
    """Code to be broken, with what is known of its surroundings.

    `numbers` are the project's variables that are numbers; `anchors` says which date columns stand
    beside each other in the relations that the model reads.
    """

    raw: str
    found: Sequence[Token]
    numbers: frozenset[str] = frozenset()
    anchors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_sql: bool = True


def _is_word(token: Token, *texts: str) -> bool:
    return token.kind == "word" and token.text in texts


def _calls(code: Code, *names: str) -> Iterator[tuple[int, int]]:
    """(the index of a function's name, the index of its closing bracket)."""
    for at, token in enumerate(code.found[:-1]):
        if (not names or token.text in names) and token.kind == "word":
            following = code.found[at + 1]
            if following.text == "(":
                yield at, closing(code.found, at + 1)


def _is_bound(found: Sequence[Token], at: int) -> bool:
    """Whether an `and` belongs to a `between`."""
    for before in range(at - 1, -1, -1):
        token = found[before]
        if token.depth < found[at].depth:
            return False
        if token.depth == found[at].depth and token.kind == "word":
            if token.text == "between":
                return True
            if token.text in ("and", "or", "on", "where", "when", "having", "select"):
                return False
    return False


def _conditions(code: Code) -> Iterator[tuple[str, int, int]]:
    """(on, where, having or when; first index; past the last) of every condition."""
    for at, token in enumerate(code.found):
        if token.kind != "word" or token.text not in _CLAUSE_ENDS:
            continue
        ends = _CLAUSE_ENDS[token.text].split()
        last = at + 1
        while last < len(code.found):
            next_token = code.found[last]
            if next_token.depth < token.depth or next_token.kind == "block":
                break
            if next_token.depth == token.depth and _is_word(next_token, *ends):
                break
            last += 1
        if last > at + 1:
            yield token.text, at + 1, last


def _group(found: Sequence[Token], first: int, last: int) -> tuple[int, int] | None:
    """What stands in the brackets, if a span is `(…)` or `not (…)`."""
    if _is_word(found[first], "not"):
        first += 1
    if first < last and found[first].text == "(" and closing(found, first) == last - 1:
        return (first + 1, last - 1) if last - first > 2 else None
    return None


def _parts(code: Code, first: int, last: int) -> Iterator[tuple[tuple[int, int], str]]:
    """Each part of a condition, and what it becomes when it no longer says anything."""
    alternatives = split(code.found, first, last, "or")
    for alternative in alternatives:
        together = split(code.found, *alternative, "and")
        for part in together:
            if part[0] < part[1]:
                if len(together) > 1:
                    yield part, "true"
                elif len(alternatives) > 1:
                    yield part, "false"
                group = _group(code.found, *part)
                if group:
                    yield from _parts(code, *group)
        if len(together) > 1 and len(alternatives) > 1:
            yield alternative, "false"


def drop_condition(code: Code) -> Iterator[Edit]:
    """One part of a where, on, having or when no longer says anything."""
    for clause, first, last in _conditions(code):
        spans = list(_parts(code, first, last))
        if clause != "when":
            whole = ((first, last), "true")
            if len(split(code.found, first, last, "and")) == 1:
                spans.append(whole)
        for (start, end), replacement in dict(spans).items():
            yield Edit(
                "condition dropped",
                code.found[start].start,
                code.found[end - 1].end,
                replacement,
            )


def flip_comparison(code: Code) -> Iterator[Edit]:
    """< and <=, > and >=, = and <>."""
    for token in code.found:
        if token.kind == "op" and token.text in _FLIPPED_COMPARISON:
            yield Edit("comparison", token.start, token.end, _FLIPPED_COMPARISON[token.text])


def drop_coalesce(code: Code) -> Iterator[Edit]:
    """coalesce() and nullif() without their second argument."""
    for at, end in _calls(code, "coalesce", "nullif"):
        first = split(code.found, at + 2, end, ",")[0]
        yield Edit(
            f"{code.found[at].text} dropped",
            code.found[at].start,
            code.found[end].end,
            text_of(code.raw, code.found, first),
        )


def swap_anchor(code: Code) -> Iterator[Edit]:
    """Another date column of the same relation."""
    pairs = {**dict(_PAIRS), **{b: a for a, b in _PAIRS}}
    for at, token in enumerate(code.found):
        before = code.found[at - 1] if at else None
        after = code.found[at + 1] if at + 1 < len(code.found) else None
        if token.kind == "word":
            if (before and before.text == "as") or (
                after and after.text in ("(", "=", ":") and not code.is_sql
            ):
                continue
            name, start = token.text, token.start
        elif token.kind == "string" and not code.is_sql and _COLUMN.match(token.text[1:-1]):
            name = token.text[1:-1].split(".")[-1]
            start = token.end - 1 - len(name)
        else:
            continue
        others = list(code.anchors.get(name, ())) if _ANCHOR.match(name) else []
        if name in pairs:
            others.append(pairs[name])
        for other in dict.fromkeys(others):
            yield Edit("time anchor", start, start + len(name), other)


def swap_join(code: Code) -> Iterator[Edit]:
    """left to inner, inner to left, full to left."""
    for token, following in zip(code.found, code.found[1:], strict=False):
        if _is_word(token, "left", "inner", "full") and _is_word(following, "join", "outer"):
            other = "inner" if token.text == "left" else "left"
            yield Edit("join", token.start, token.end, other)


def drop_distinct(code: Code) -> Iterator[Edit]:
    """select distinct and count(distinct …)."""
    for at, token in enumerate(code.found[:-1]):
        if _is_word(token, "distinct") and not _is_word(code.found[at - 1], "is", "not"):
            yield Edit("distinct dropped", token.start, code.found[at + 1].start, "")


def _is_mark(found: Sequence[Token], at: int) -> bool:
    """Whether another number would say the same: a mark that is counted, the last of some ranks."""
    if not at or found[at].kind != "number":
        return False
    if _is_word(found[at - 1], "else") or found[at].text == "999999":
        return int(found[at].text.split(".")[0]) > 1
    if not _is_word(found[at - 1], "then"):
        return False
    opening = next(
        (t for t in range(at, 0, -1) if found[t].text == "(" and found[t].depth < found[at].depth),
        0,
    )
    return opening > 0 and _is_word(found[opening - 1], "count")


def shift_number(code: Code) -> Iterator[Edit]:
    """A horizon or limit one further; 0 and 1 exchanged."""
    for at, token in enumerate(code.found):
        before = code.found[at - 2] if at > 1 else None
        if before and _is_word(before, "decimal", "indent"):
            continue
        if _is_mark(code.found, at):
            continue
        if token.kind == "number" and token.text.isdigit():
            operator = "constant" if token.text in "01" else "off by one"
            shifted = {"0": "1", "1": "0"}.get(token.text, str(int(token.text) + 1))
            if token.text in "01" and not code.is_sql:
                operator, shifted = "off by one", str(int(token.text) + 1)
            scale = code.found[at - 4] if at > 3 else None
            if not (scale and _is_word(scale, "decimal")):
                yield Edit(operator, token.start, token.end, shifted)
    if code.is_sql:
        return
    for at, end in _calls(code, "var"):
        if code.found[at + 2].text[1:-1] in code.numbers:
            yield Edit("off by one", code.found[end].end, code.found[end].end, " + 1")


def swap_and_or(code: Code) -> Iterator[Edit]:
    """and to or, or to and."""
    for at, token in enumerate(code.found):
        if _is_word(token, "and", "or") and not (token.text == "and" and _is_bound(code.found, at)):
            other = "or" if token.text == "and" else "and"
            yield Edit("and / or", token.start, token.end, other)


def drop_not(code: Code) -> Iterator[Edit]:
    """not x to x, is null to is not null and back."""
    for at, token in enumerate(code.found[:-1]):
        following = code.found[at + 1]
        if _is_word(token, "not"):
            yield Edit("not dropped", token.start, following.start, "")
        elif _is_word(token, "is") and _is_word(following, "null", "true", "false"):
            yield Edit("not dropped", following.start, following.start, "not ")


def swap_function(code: Code) -> Iterator[Edit]:
    """sum to max, min and max, least and greatest, lag and lead, count to 1 for any."""
    for at, end in _calls(code, *_SWAPPED_FUNCTION, "count"):
        name = code.found[at]
        if name.text != "count":
            is_window = name.text in ("lag", "lead", "first_value", "last_value")
            is_bound = name.text in ("least", "greatest")
            operator = "window" if is_window else "least / greatest" if is_bound else "aggregate"
            yield Edit(operator, name.start, name.end, _SWAPPED_FUNCTION[name.text])
        elif not _is_word(code.found[at + 2], "distinct"):
            yield Edit("aggregate", name.start, code.found[end].end, "max(1)")


def drop_union(code: Code) -> Iterator[Edit]:
    """One branch of a union all."""
    found = code.found
    for at, token in enumerate(found[:-1]):
        if not (_is_word(token, "union") and _is_word(found[at + 1], "all")):
            continue
        first = at
        while (
            first
            and found[first - 1].depth >= token.depth
            and not (
                found[first - 1].depth == token.depth
                and (found[first - 1].text == "all" and found[first - 2].text == "union")
            )
        ):
            first -= 1
        last = at + 2
        while (
            last < len(found)
            and found[last].depth >= token.depth
            and not (found[last].depth == token.depth and found[last].text in ("union", ")"))
        ):
            last += 1
        is_first = not (first and found[first - 1].text == "all")
        if token.depth > 0 or not is_first:
            branch = found[first:at]
            if branch and not any(t.kind == "block" for t in branch):
                yield Edit("union branch dropped", branch[0].start, found[at + 2].start, "")
        is_last = last == len(found) or found[last].text != "union"
        branch = found[at + 2 : last]
        if is_last and branch and not any(t.kind == "block" for t in branch):
            if token.depth == 0 and any("kpi" in t.text for t in branch if t.kind == "jinja"):
                continue
            yield Edit("union branch dropped", token.start, branch[-1].end, "")


def reverse_order(code: Code) -> Iterator[Edit]:
    """Windows in the other direction, nulls at the other end."""
    found = code.found
    for at, token in enumerate(found[:-1]):
        if not (_is_word(token, "order") and _is_word(found[at + 1], "by")):
            continue
        last = at + 2
        while (
            last < len(found)
            and found[last].depth >= token.depth
            and not (found[last].depth == token.depth and _is_word(found[last], "rows", "range"))
        ):
            last += 1
        for first, end in split(found, at + 2, last, ","):
            nulls = [t for t in found[first:end] if t.depth == token.depth and t.kind == "word"]
            for which in nulls:
                if which.text in ("first", "last"):
                    other = "last" if which.text == "first" else "first"
                    yield Edit("order", which.start, which.end, other)
            ways = [t for t in nulls if t.text in ("asc", "desc")]
            if ways:
                other = "asc" if ways[0].text == "desc" else "desc"
                yield Edit("order", ways[0].start, ways[0].end, other)
            elif not any(t.text == "nulls" for t in nulls):
                yield Edit("order", found[end - 1].end, found[end - 1].end, " desc")


def drop_partition(code: Code) -> Iterator[Edit]:
    """A window over more rows: one column of its partition less."""
    found = code.found
    for at, token in enumerate(found[:-1]):
        if not (_is_word(token, "partition") and _is_word(found[at + 1], "by")):
            continue
        last = at + 2
        while (
            last < len(found)
            and found[last].depth >= token.depth
            and not (
                found[last].depth == token.depth and _is_word(found[last], "order", "rows", "range")
            )
        ):
            last += 1
        parts = split(found, at + 2, last, ",")
        if any(t.kind == "block" for t in found[at:last]):
            continue
        for number, (first, end) in enumerate(parts):
            if len(parts) == 1:
                yield Edit("partition", token.start, found[end - 1].end, "")
            elif number:  # with the comma before it
                yield Edit("partition", found[first - 1].start, found[end - 1].end, "")
            else:
                yield Edit("partition", found[first].start, found[end + 1].start, "")


def drop_case(code: Code) -> Iterator[Edit]:
    """A branch of a case that is never taken, or one that is no longer there."""
    found = code.found
    for clause, first, last in _conditions(code):
        if clause != "when" or last >= len(found) or not _is_word(found[last], "then"):
            continue
        opening = next(
            at for at in range(first, -1, -1) if found[at].depth < found[first - 1].depth
        )
        if _is_word(found[opening], "case") and _is_word(found[opening + 1], "when"):
            yield Edit("case branch dropped", found[first].start, found[last - 1].end, "false")
    for at, token in enumerate(found):
        if _is_word(token, "else"):
            end = at + 1
            while end < len(found) and found[end].depth >= token.depth:
                end += 1
            if end < len(found) and found[end].text == "end":
                yield Edit("case branch dropped", token.start, found[end].start, "")


def flip_truth(code: Code) -> Iterator[Edit]:
    """true and false."""
    for token in code.found:
        if _is_word(token, "true", "false"):
            other = "false" if token.text == "true" else "true"
            yield Edit("true / false", token.start, token.end, other)


def swap_sides(code: Code) -> Iterator[Edit]:
    """Numerator and denominator exchanged."""
    found = code.found
    if not code.is_sql:
        for at, end in _calls(code, "ratio"):
            parts = split(found, at + 2, end, ",")
            if len(parts) == 2:
                upper, lower = (text_of(code.raw, found, part) for part in parts)
                yield Edit(
                    "numerator / denominator",
                    found[at + 2].start,
                    found[end - 1].end,
                    f"{lower}, {upper}",
                )
        return
    for at, token in enumerate(found):
        if not _is_word(token, "select"):
            continue
        last = next(
            (end for end in range(at + 1, len(found)) if found[end].depth < token.depth
             or (found[end].depth == token.depth and _is_word(found[end], "from", "union"))),
            len(found),
        )  # fmt: skip
        named = {
            found[end - 1].text: (first, end - 2)
            for first, end in split(found, at + 1, last, ",")
            if end - first > 2 and _is_word(found[end - 2], "as")
        }
        if "numerator" in named and "denominator" in named:
            first, second = sorted((named["numerator"], named["denominator"]))
            middle = code.raw[found[first[1] - 1].end : found[second[0]].start]
            swapped = text_of(code.raw, found, second) + middle + text_of(code.raw, found, first)
            yield Edit(
                "numerator / denominator",
                found[first[0]].start,
                found[second[1] - 1].end,
                swapped,
            )


def swap_sign(code: Code) -> Iterator[Edit]:
    """plus and minus between two operands."""
    for at, token in enumerate(code.found):
        if at and token.kind == "op" and token.text in "+-":
            before = code.found[at - 1]
            is_operand = before.kind in ("number", "jinja", "string") or before.text in (")", "end")
            is_name = before.kind == "word" and before.text not in (
                "then",
                "else",
                "and",
                "or",
                "when",
                "select",
                "on",
                "where",
                "by",
                "over",
                "in",
            )
            if is_operand or is_name:
                yield Edit(
                    "plus / minus", token.start, token.end, "-" if token.text == "+" else "+"
                )


def drop_member(code: Code) -> Iterator[Edit]:
    """One member less in a list of values."""
    found = code.found
    for at, token in enumerate(found[:-1]):
        if not (_is_word(token, "in") and found[at + 1].text == "("):
            continue
        parts = split(found, at + 2, closing(found, at + 1), ",")
        if len(parts) > 1 and all(end - first == 1 for first, end in parts):
            for number, (first, end) in enumerate(parts):
                start, stop = (first - 1, end - 1) if number else (first, end)
                end_at = found[stop].end if number else found[stop + 1].start
                yield Edit("list member dropped", found[start].start, end_at, "")


def swap_reading(code: Code) -> Iterator[Edit]:
    """kind and time_basis of a KPI; how its cells are cut."""
    if code.is_sql:
        return
    for name, sign, value in zip(code.found, code.found[1:], code.found[2:], strict=False):
        if sign.text not in ("=", ":") or value.kind != "string":
            continue
        other = _SWAPPED_READING.get((name.text.strip("'\""), value.text[1:-1]))
        if other:
            yield Edit("reading", value.start + 1, value.end - 1, other)


Operator = Callable[[Code], Iterator[Edit]]

#: what is tried in SQL …
SQL_OPERATORS: Sequence[Operator] = (
    drop_condition,
    flip_comparison,
    drop_coalesce,
    swap_anchor,
    swap_join,
    drop_distinct,
    shift_number,
    swap_and_or,
    drop_not,
    swap_function,
    drop_union,
    reverse_order,
    drop_partition,
    drop_case,
    flip_truth,
    swap_sides,
    swap_sign,
    drop_member,
)
#: … and within Jinja
JINJA_OPERATORS: Sequence[Operator] = (
    swap_anchor,
    shift_number,
    flip_truth,
    swap_sides,
    swap_reading,
)


def _edits_of_jinja(code: Code, token: Token) -> Iterator[Edit]:
    """Edits within an expression, and within the SQL that stands in its strings."""
    within = Code(code.raw, inside(token), code.numbers, code.anchors, is_sql=False)
    for operator in JINJA_OPERATORS:
        yield from operator(within)
    for part in within.found:
        if part.kind == "string" and part.text[0] == "'" and re.search(r"[ (]", part.text[1:-1]):
            sql = tokens(part.text[1:-1], part.start + 1)
            if any(t.kind == "string" for t in sql) or not is_balanced(sql):
                continue
            for operator in SQL_OPERATORS:
                yield from operator(Code(code.raw, sql, code.numbers, code.anchors))


def edits(raw: str, numbers: frozenset[str], anchors: Mapping[str, Sequence[str]]) -> list[Edit]:
    """All changes that could be made to a model, in the order of its text, none twice."""
    code = Code(raw, tokens(raw), numbers, anchors)
    made: list[Edit] = []
    for operator in SQL_OPERATORS:
        made += operator(code)
    for token in code.found:
        if token.kind == "jinja" or (token.kind == "block" and "call kpi" in token.text):
            made += _edits_of_jinja(code, token)
    unique = {
        (edit.start, edit.end, edit.replacement): edit
        for edit in reversed(made)
        if edit.replacement != raw[edit.start : edit.end]
    }
    return sorted(unique.values(), key=lambda edit: (edit.start, edit.end, edit.replacement))
