"""Text in the cells of a CSV that people open in a spreadsheet: it runs nothing and loses nothing.

A spreadsheet takes a cell that begins with one of a few signs for a formula, even one that a
stranger has written. Such a text gets a ' in front; landing takes exactly that one off again. Both
sides are SQL expressions, so that they work on whole tables.
"""

from __future__ import annotations

from orchestration.landing.names import literal

# The ' is among them because a text that begins with one must come back with it. The wide forms
# are the same signs to a spreadsheet with a Japanese or Chinese setting.
_SIGNS = "['=+@＝＋－＠-]"

# A text that begins like a formula; and one that could, where it is cut at a semicolon or a line
# end by a program that takes another delimiter than the file has.
_BEGINS = literal(f"^[ \\t\\r\\n]*{_SIGNS}|^[\\t\\r\\n]")
_INSIDE = '([;\\t\\r\\n][ "]*)'
_NUMBER = literal("[+-][0-9]+([.,][0-9]+)*")


def plain(expression: str) -> str:
    """SQL of a text as a spreadsheet hands it on: lines end in LF, and it holds no NUL."""
    one_end = f"replace(replace({expression}, chr(13) || chr(10), chr(10)), chr(13), chr(10))"
    return f"replace({one_end}, chr(0), chr(65533))"


def guarded(expression: str) -> str:
    """SQL of a text as a cell that no spreadsheet runs. A number with a sign stays a number."""
    inside = literal(f"{_INSIDE}({_SIGNS})")
    runs = (
        f"regexp_matches({expression}, {_BEGINS})"
        f" and not regexp_full_match({expression}, {_NUMBER})"
    )
    quote = f"case when {runs} then '''' else '' end"
    return f"{quote} || regexp_replace({expression}, {inside}, '\\1''\\2', 'g')"


def unguarded(expression: str) -> str:
    """SQL of the text that `guarded` made a cell of: for every text the same as before."""
    inside = literal(f"{_INSIDE}'({_SIGNS})")
    rest = (
        f"case when {expression} like '''%' and regexp_matches({expression}[2:], {_BEGINS})"
        f" then {expression}[2:] else {expression} end"
    )
    return f"regexp_replace({rest}, {inside}, '\\1\\2', 'g')"
