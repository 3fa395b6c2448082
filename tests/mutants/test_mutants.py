"""The mutators themselves, and a small sample of the mutants that `make mutants` runs whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from orchestration.settings import PROJECT_DIR
from tests.mutants.lexer import inside, tokens
from tests.mutants.mutants import (
    EQUIVALENT,
    anchors_of,
    in_order,
    mutants_of,
    read_equivalents,
)
from tests.mutants.operators import edits
from tests.mutants.runner import AS_OF, Choice, Result, prepare, results_of
from tests.mutants.session import Session, Verdict, session

#: models with few others before them, so that the sample is quick, and of every area
SAMPLE = ("enps", "fct_rep_months", "int_subscription_intervals", "price_parity_share")
NUMBERS = frozenset({"horizon"})
ANCHORS = {"closed_on": ["created_on"], "created_on": ["closed_on"]}


def mutated(sql: str, operator: str) -> list[str]:
    """What an operator makes of some SQL."""
    return [edit.apply(sql) for edit in edits(sql, NUMBERS, ANCHORS) if edit.operator == operator]


CASES = [
    (
        "condition dropped",
        "select 1 from a where b and c",
        ["select 1 from a where true and c", "select 1 from a where b and true"],
    ),
    ("condition dropped", "select 1 from a where b", ["select 1 from a where true"]),
    (
        "condition dropped",
        "from a where d between 2 and 3 and (e or f) group by g",
        [
            "from a where true and (e or f) group by g",
            "from a where d between 2 and 3 and true group by g",
            "from a where d between 2 and 3 and (false or f) group by g",
            "from a where d between 2 and 3 and (e or false) group by g",
        ],
    ),
    (
        "condition dropped",
        "from a join b on a.x = b.x and case when y and z then 1 end = 1 where u",
        [
            "from a join b on true and case when y and z then 1 end = 1 where u",
            "from a join b on a.x = b.x and true where u",
            "from a join b on a.x = b.x and case when true and z then 1 end = 1 where u",
            "from a join b on a.x = b.x and case when y and true then 1 end = 1 where u",
            "from a join b on a.x = b.x and case when y and z then 1 end = 1 where true",
        ],
    ),
    ("comparison", "a <= b -- c < d", ["a < b -- c < d"]),
    ("comparison", "a <> '<' {# < #}", ["a = '<' {# < #}"]),
    ("coalesce dropped", "coalesce(f(a, b), 0) + 1", ["f(a, b) + 1"]),
    ("nullif dropped", "nullif(a, '')", ["a"]),
    ("time anchor", "d.closed_on as closed_on", ["d.created_on as closed_on"]),
    ("time anchor", "{{ start('d.closed_on', 'x') }}", ["{{ start('d.created_on', 'x') }}"]),
    ("time anchor", "entered_on < 1", ["left_on < 1"]),
    ("join", "a left join b", ["a inner join b"]),
    ("join", "a inner join b", ["a left join b"]),
    ("join", "a full outer join b", ["a left outer join b"]),
    ("distinct dropped", "count(distinct a)", ["count(a)"]),
    ("distinct dropped", "a is distinct from b", []),
    (
        "off by one",
        "{{ add_days('d', var('horizon')) }}",
        ["{{ add_days('d', var('horizon') + 1) }}"],
    ),
    ("off by one", "{{ add_days('d', var('name')) }}", []),
    ("off by one", "cast(a as decimal(18, 2)) > 7", ["cast(a as decimal(18, 2)) > 8"]),
    ("constant", "1 as one, 0 as none", ["0 as one, 0 as none", "1 as one, 1 as none"]),
    ("and / or", "a between 2 and 3 and b", ["a between 2 and 3 or b"]),
    ("not dropped", "not a", ["a"]),
    ("not dropped", "a is null", ["a is not null"]),
    ("not dropped", "a not in (2)", ["a in (2)"]),
    ("aggregate", "sum(a)", ["max(a)"]),
    ("aggregate", "count(case when a then 1 end)", ["max(1)"]),
    ("aggregate", "count(distinct a)", []),
    ("least / greatest", "least(a, b)", ["greatest(a, b)"]),
    ("window", "lag(a) over (order by b)", ["lead(a) over (order by b)"]),
    ("union branch dropped", "(select 2 union all select 3)", ["(select 3)", "(select 2 )"]),
    (
        "union branch dropped",
        "(select 2 {% if x %}union all{% endif %} select 3)",
        [],
    ),
    (
        "order",
        "over (order by a, b desc)",
        ["over (order by a desc, b desc)", "over (order by a, b asc)"],
    ),
    ("order", "over (order by a nulls last)", ["over (order by a nulls first)"]),
    (
        "partition",
        "over (partition by a, b order by c)",
        [
            "over (partition by b order by c)",
            "over (partition by a order by c)",
        ],
    ),
    ("partition", "over (partition by a)", ["over ()"]),
    (
        "case branch dropped",
        "case when a then 2 else 3 end",
        ["case when false then 2 else 3 end", "case when a then 2 end"],
    ),
    ("case branch dropped", "case a when 2 then 3 end", []),
    ("true / false", "coalesce(a, false)", ["coalesce(a, true)"]),
    ("numerator / denominator", "{{ ratio('a', f(b, c)) }}", ["{{ ratio(f(b, c), 'a') }}"]),
    (
        "numerator / denominator",
        "select a as numerator, 1 as denominator from b",
        ["select 1 as numerator, a as denominator from b"],
    ),
    ("plus / minus", "a + b, -c, f(d) - 2", ["a - b, -c, f(d) - 2", "a + b, -c, f(d) + 2"]),
    ("list member dropped", "a in ('b', 'c')", ["a in ('c')", "a in ('b')"]),
    ("reading", "{{ kpi('a', kind='rate') }}", ["{{ kpi('a', kind='ratio') }}"]),
    (
        "reading",
        "{{ kpi('a', variants={'b': {'time_basis': 'event'}}) }}",
        ["{{ kpi('a', variants={'b': {'time_basis': 'cohort'}}) }}"],
    ),
]


@pytest.mark.parametrize(("operator", "sql", "expected"), CASES)
def test_an_operator_changes_this_and_nothing_else(
    operator: str, sql: str, expected: list[str]
) -> None:
    assert sorted(mutated(sql, operator)) == sorted(expected)


def test_tokens_keep_jinja_whole() -> None:
    found = tokens("a in ('{{ var(\"x\") | join(\"', '\") }}') {{ f({'a': {'b': 1}}) }} -- c")
    assert [token.kind for token in found] == ["word", "word", "op", "string", "op", "jinja"]
    assert [token.text for token in inside(found[-1])][:3] == ["f", "(", "{"]


def test_a_mutant_keeps_its_name_when_other_lines_change() -> None:
    before = mutants_of("m", "select a\nfrom b where c < 2", NUMBERS, ANCHORS)
    after = mutants_of("m", "select a\n\n-- more\nfrom b where c < 2", NUMBERS, ANCHORS)
    assert [mutant.id for mutant in before] == [mutant.id for mutant in after]
    assert len({mutant.id for mutant in before}) == len(before)


def test_the_order_is_the_same_every_time_and_turns_operators() -> None:
    found = mutants_of("m", "select 1 from a where b < 2 and c < 3 and d is null", NUMBERS, ANCHORS)
    order = in_order(found, seed=0)
    assert order == in_order(list(reversed(found)), seed=0)
    operators = [mutant.operator for mutant in order]
    count = len(set(operators))
    assert len(set(operators[:count])) == count


def test_anchors_stand_beside_each_other_in_a_relation() -> None:
    relations = [{"a_on": "DATE", "b_on": "DATE", "c_at": "TIMESTAMP"}, {"a_on": "DATE"}]
    assert anchors_of(relations) == {"a_on": ["b_on"], "b_on": ["a_on"], "c_at": []}


def test_every_equivalent_has_a_reason_and_is_still_a_mutant() -> None:
    """A line that has changed makes other mutants, which need a reason of their own."""
    listed = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []
    paths = {path.stem: path for path in (PROJECT_DIR / "models").rglob("*.sql")}
    project = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
    numbers = frozenset(
        name for name, value in project["vars"].items() if type(value) in (int, float)
    )
    unknown = []
    for entry in listed:
        assert len(entry["reason"]) > 20, entry
        raw = paths[entry["model"]].read_text(encoding="utf-8")
        words = sorted(set(re.findall(r"\b\w+_(?:on|at)\b", raw)) | set(entry.get("anchors", ())))
        anchors = {word: [other for other in words if other != word] for word in words}
        known = {mutant.id for mutant in mutants_of(entry["model"], raw, numbers, anchors)}
        unknown += [name for name in map(str, entry["mutants"]) if name not in known]
    assert not unknown


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """dbt over the models of the sample and what they read."""
    folder: Path = tmp_path_factory.mktemp("mutants") / "base"
    prepare(folder, [f"+{name}" for name in SAMPLE])
    with session(folder, AS_OF.isoformat()) as found:
        yield found


def test_tests_pass_before_and_after_a_mutant_and_fail_on_it(opened: Session) -> None:
    raw = opened.models_by_name["enps"].raw_code
    assert opened.judge("enps", raw)[0] == Verdict.SURVIVED
    assert opened.judge("enps", raw.replace("numerator", "denominator", 1))[0] != Verdict.SURVIVED
    assert opened.judge("enps", "selec 1")[0] == Verdict.INVALID
    assert opened.models_by_name["enps"].raw_code == raw
    assert opened.judge("enps", raw)[0] == Verdict.SURVIVED


def test_no_mutant_of_the_sample_survives(opened: Session) -> None:
    """Those that are no other model are explained in equivalent.yml."""
    choice = Choice(per_model=8, models=SAMPLE)
    results = [each for each in results_of(opened, choice, SAMPLE) if isinstance(each, Result)]
    assert {result.mutant.model for result in results} == set(SAMPLE)
    explained = read_equivalents()
    survivors = [
        f"{result.path}:{result.mutant.line} {result.mutant.id} {result.mutant.operator}:"
        f" {result.mutant.before} → {result.mutant.after}"
        for result in results
        if result.verdict == Verdict.SURVIVED and result.mutant.id not in explained
    ]
    assert not survivors, "\n".join(survivors)
    assert sum(result.verdict == Verdict.KILLED for result in results) >= 20
