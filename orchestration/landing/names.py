"""Names: which file is which entity, which header is which column. Pure functions."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterable

_PREFIX = re.compile(r"^propert(?:y|ies)_")

# Letters that Arabic and Persian keyboards write differently, and the tatweel, which is no letter.
_SAME_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک", "ـ": None})

# Longest first, so that .csv.gz is not read as a .gz without a type.
FILE_TYPES = (".csv.gz", ".jsonl.gz", ".csv", ".jsonl", ".parquet", ".xlsx")

# Beside a file, in `<file name>.yml`: how to read it.
SIDECAR = ".yml"


def resolved(name: str) -> str:
    """The form in which names are compared: `property_Deal-Name ` and `dealname` are the same.

    Lower case, without a leading property_/properties_, letters and digits only. Letters in
    presentation forms, and those that Arabic and Persian write differently, are the same.
    """
    plain = _PREFIX.sub("", unicodedata.normalize("NFKC", name).strip().lower())
    plain = plain.translate(_SAME_LETTERS)
    return "".join(character for character in plain if character.isalnum())


def split_type(file_name: str) -> tuple[str, str | None]:
    """Stem and type of a file name; the type is None where it is not one that can be landed."""
    for file_type in FILE_TYPES:
        if file_name.lower().endswith(file_type):
            return file_name[: -len(file_type)], file_type
    return file_name, None


def is_ignored(file_name: str) -> bool:
    """Hidden files and READMEs lie in folders without being extracts."""
    return file_name.startswith(".") or file_name.lower().startswith("readme")


def entity_of(stem: str, entities: Iterable[str]) -> str | None:
    """The longest entity that the stem starts with, where no letter continues the word.

    `accounts_2024-01` is accounts; `opportunity_stage_history` is not opportunities.
    """
    matches = [
        entity
        for entity in entities
        if stem.lower().startswith(entity.lower()) and not stem[len(entity) :][:1].isalpha()
    ]
    return max(matches, key=len, default=None)


def closest(name: str, candidates: Collection[str]) -> str | None:
    """The candidate that `name` was most likely meant to be, or None if none is similar."""
    by_form = {resolved(candidate): candidate for candidate in candidates}
    match = difflib.get_close_matches(resolved(name), list(by_form), n=1, cutoff=0.6)
    return by_form[match[0]] if match else None


def on_one_line(text: str) -> str:
    """Text from outside, such as a file name, that ends no line of a log and changes no terminal.

    Characters that are not printed stand as their escapes; Persian writes the non-joiner.
    """
    return "".join(
        c if c.isprintable() or c == "\u200c" else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def quoted(identifier: str) -> str:
    """An SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal. Only for constants of a query's text; values are bound."""
    return "'" + text.replace("'", "''") + "'"


def pointer(name: str) -> str:
    """The JSON pointer of a member of an object."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
