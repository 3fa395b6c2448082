"""Labels written in different letters mean the same; the keys of rows stay as they were written."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.acceptance.warehouse import Warehouse

pytestmark = pytest.mark.promise(4)

# Presentation forms of Arabic, full-width signs, Arabic itself, Vietnamese letters, and spaces.
BLOCKS = [
    (0xFB50, 0xFDFF),
    (0xFE70, 0xFEFF),
    (0xFF01, 0xFF5E),
    (0x0620, 0x0674),
    (0x0679, 0x06D3),
    (0x06F0, 0x06F9),
    (0x00C0, 0x00FF),
    (0x0102, 0x0111),
    (0x0128, 0x0129),
    (0x0168, 0x0169),
    (0x01A0, 0x01B0),
    (0x1EA0, 0x1EF9),
    (0x2000, 0x200F),
]
FOLDED = str.maketrans("يىكđ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "ییکd01234567890123456789")
UNSEEN = {*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0x0640}

# The same words by different keyboards and programs, by hand.
SAME = [
    ["قیمت بالا", "قيمت بالا", "ﻗﯿﻤﺖ ﺑﺎﻻ", "ﻗﻴﻤﺖ ﺑﺎﻻ", " قیـــمت بالا\u200f"],
    ["کمبود بودجه", "كمبود بودجه", "ﮐﻤﺒﻮد ﺑﻮدﺟﻪ", "ﻛﻤﺒﻮد ﺑﻮدﺟﻪ"],
    ["نمی\u200cخواهد", "نمیخواهد", "نمي\u200cخواهد"],
    ["Ngân sách", "Nga\u0302n sa\u0301ch", "NGÂN SÁCH", "Ｎｇâｎ　ｓáｃｈ"],
    ["Đối thủ", "đối thủ", "Đo\u0302\u0301i thu\u0309", "dối thủ"],
    ["سال ۱۴۰۳", "سال ١٤٠٣", "سال 1403", "سال １４０３"],
]
# Words of other letters are other words.
DIFFERENT = ["أزمة", "ازمه", "ازمة", "إزمه", "نمی خواهد", "نمیخواهد گران"]


def folded(text: str) -> str:
    """The key of a label, by the Unicode tables of Python."""
    plain = unicodedata.normalize("NFKC", text).lower().translate(FOLDED)
    return "".join(c for c in plain if ord(c) not in UNSEEN).strip(" ")


def reasons(long: bool) -> list[str]:
    """Each character of the blocks in a word, and words of several at random."""
    characters = [chr(c) for low, high in BLOCKS for c in range(low, high + 1)]
    characters = [c for c in characters if unicodedata.category(c) != "Cn"]
    rng = random.Random(4)
    words = [
        "".join(rng.choices([*characters, *"aḅّ̂́ \u0654"], k=rng.randint(1, 12)))
        for _ in range(100_000 if long else 2_000)
    ]
    return [f"a{c}b" for c in characters] + [f"x{word}" for word in words]


@pytest.fixture
def keys(tmp_path: Path) -> Callable[[list[str]], list[str]]:
    """Keys of loss reasons as the warehouse makes them, through landing and all."""

    def build(labels: list[str]) -> list[str]:
        moment = datetime(2024, 1, 15, 12, tzinfo=UTC)
        deals: list[dict[str, Any]] = [
            {
                "opportunity_id": f"{number:07}",
                "account_id": "a",
                "owner_rep_id": "r",
                "opportunity_type": "new_business",
                "pipeline_id": "standard",
                "stage_id": "lost",
                "currency": "USD",
                "created_at": moment,
                "closed_at": moment,
                "outcome": "lost",
                "loss_reason": label,
            }
            for number, label in enumerate(labels)
        ]
        account = {"account_id": "a", "account_name": "A", "created_at": moment, "is_test": False}
        warehouse = Warehouse(tmp_path, date(2024, 12, 31))
        warehouse.load({"accounts": [account], "opportunities": deals})
        warehouse.build(["+int_opportunities"])
        with duckdb.connect(str(warehouse.warehouse), read_only=True) as con:
            rows = con.execute(
                "select opportunity_id, loss_reason_key from intermediate.int_opportunities"
                " order by opportunity_id"
            ).fetchall()
        assert [key for key, _ in rows] == [f"{number:07}" for number in range(len(labels))]
        return [str(key) for _, key in rows]

    return build


def test_labels_are_compared_by_their_plain_letters(
    keys: Callable[[list[str]], list[str]], long: bool, figure: Callable[[str, object], None]
) -> None:
    labels = reasons(long)
    by_hand = [word for words in SAME for word in words] + DIFFERENT
    found = dict(zip([*labels, *by_hand], keys([*labels, *by_hand]), strict=True))
    for words in SAME:
        assert len({found[word] for word in words}) == 1, words
    assert len({found[word] for word in DIFFERENT}) == len(DIFFERENT)
    wrong = [
        (label, " ".join(f"{ord(c):04x}" for c in label), found[label], folded(label))
        for label in labels
        if found[label] != folded(label)
    ]
    assert not wrong, wrong[:5]
    figure("labels", len(found))
