"""Rows that wait in quarantine and come back: corrected by a person, or because a rule has changed.

Both ways leave behind, besides the tables of a reader,
    _landing_back     for each row that comes back: n (its number in the file), sent (the id that
                      came with it), entry (the waiting row that it answers), the place where that
                      one first stood, and problem (why it answers none)
and both write what they found in one transaction with the rows themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import duckdb

from orchestration.landing import cells, checks, formats, readers
from orchestration.landing.contract import RETURN_COLUMNS, Entity, Source
from orchestration.landing.names import literal, pointer, quoted, resolved

_ID = "[0-9a-f]{16}-[0-9]+"

# Rows that a change of the rules can let in: not lines that nobody could read, nor rows that a
# person has sent as the correction of something else, nor values that their file declares to be
# written otherwise.
_JUDGED = (
    "bool_and(coalesce(column_name, '_quarantine_id') <> '_quarantine_id' and row_text is not null"
    " and declaration is null)"
)


def rules_digest(entity: Entity) -> str:
    """A digest of all that decides whether a row of the entity is accepted."""
    everything = {column.name for column in entity.accepted_columns}
    rules = [
        [problem.column, problem.condition, problem.reason]
        for problem in checks.problems(entity, everything)
    ]
    names = [[column.name, *column.aliases] for column in entity.accepted_columns]
    return hashlib.sha256(repr((rules, names)).encode()).hexdigest()


def outdated(
    con: duckdb.DuckDBPyConnection,
    contract: Mapping[str, Source],
    sources: Collection[str] | None,
) -> Iterable[Entity]:
    """The entities with waiting rows that were judged by other rules than those of today."""
    waiting = con.execute(
        "select source, entity, list(distinct digest) from (select source, entity,"
        " coalesce(any_value(contract_digest), '') as digest from landing.quarantine"
        f" where returned_at is null group by source, entity, quarantine_id having {_JUDGED})"
        " group by source, entity order by source, entity"
    ).fetchall()
    for source, name, digests in waiting:
        entity = contract[source].entities.get(name) if source in contract else None
        if entity is None or (sources is not None and source not in sources):
            continue
        if digests != [rules_digest(entity)]:
            yield entity


# Waiting rows under the columns of today ----------------------------------------------------------


def gather(con: duckdb.DuckDBPyConnection, entity: Entity, chosen: str) -> set[str]:
    """Put rows that wait into `_landing_entries`: n, quarantine_id, the place where they first
    stood, the contract's columns that any of them has (returned), `_extra` and `_original`.

    The values are those that could be read last: a row that was sent again as a line that nobody
    can read keeps what it had before. A column that was unknown when the row arrived is found by
    the names it has today. `chosen` says in SQL which of the waiting rows, by quarantine_id,
    is_judged (the rules alone keep it out) and digest (of the rules).
    """
    con.execute(
        "create or replace temp table _landing_rows as"
        " select row_number() over (order by first_load_id, first_row_number) as n, * from ("
        " select first_load_id, first_row_number,"
        " any_value(quarantine_id) filter (where returned_at is null) as quarantine_id,"
        " any_value(contract_digest) filter (where returned_at is null) as digest,"
        f" {_JUDGED} filter (where returned_at is null) as is_judged,"
        " unnest(arg_max({'row_text': row_text, 'extra': extra, 'original': original}, load_id)"
        " filter (where column_name is not null))"
        " from landing.quarantine where source = ? and entity = ?"
        " group by first_load_id, first_row_number)"
        f" where quarantine_id is not null and {chosen}",
        [entity.source, entity.name],
    )
    known = readers.columns_by_name(entity)
    values: dict[str, list[str]] = {}
    unknown: dict[str, str] = {}
    for place in ("row_text", "extra"):
        names = con.execute(
            f"select distinct unnest(json_keys({place})) as name from temp._landing_rows"
            " order by name"
        ).fetchall()
        for (name,) in names:
            path = literal(pointer(name))
            column = known.get(resolved(name))
            if column is None:
                unknown[name] = f"json_extract({place}, {path})"
                continue
            if taken := values.setdefault(column.name, []):
                unknown[name] = (
                    f"case when coalesce({', '.join(taken)}) is not null"
                    f" then json_extract({place}, {path}) end"
                )
            taken.append(f"json_extract_string({place}, {path})")
    columns = "".join(
        f"coalesce({', '.join(found)}) as {quoted(name)}, " for name, found in values.items()
    )
    con.execute(
        "create or replace temp table _landing_entries as"
        f" select n, quarantine_id, first_load_id, first_row_number, {columns}"
        f" {readers.json_object(unknown) or 'null::varchar'} as _extra, original as _original"
        " from temp._landing_rows"
    )
    return set(values)


# A file with corrected rows -----------------------------------------------------------------------


def take_back(con: duckdb.DuckDBPyConnection, staged: readers.Staged, entity: Entity) -> None:
    """Recognise the rows of a file that come from an export of the quarantine.

    Changes `_landing_stage` and `staged` of a file that has the column _quarantine_id, and of no
    other: what a spreadsheet must not run is as it was before the export, a value that nobody has
    touched is exactly the one that arrived, columns that the export could not show are back, and
    a row whose id leads nowhere is bad.
    """
    id_column = next((n for n in staged.unknown_columns if resolved(n) == "quarantineid"), None)
    if id_column is None:
        return
    sent = f"nullif(trim(json_extract_string(_extra, {literal(pointer(id_column))})), '')"
    _answers(con, entity, f"select _row_number as n, {sent} as sent from ({staged.relation})")
    before = gather(con, entity, "quarantine_id in (select entry from temp._landing_back)")
    unknown = [
        name
        for name in staged.unknown_columns
        if name != id_column and name.strip().lower() not in RETURN_COLUMNS
    ]
    present = staged.present | before
    columns = [c.name for c in entity.accepted_columns if c.name in present]
    decoded, restored, corrected = [], [], []
    for name in columns:
        was = quoted(f"was {name}") if name in before else None
        if was:
            decoded.append(f"entries.{quoted(name)} as {was}")
        if name not in staged.present:
            restored.append(f"{was} as {quoted(name)}")
            continue
        decoded.append(f"{cells.unguarded('rows.' + quoted(name))} as {quoted(name)}")
        value = checks.blank_as_null(quoted(name))
        if was:
            same = f"coalesce({cells.plain(quoted(name))} = {cells.plain(was)}, false)"
            value = f"case when {same} then {was} else {value} end"
            no_more = literal(json.dumps(name) + ": null")
            corrected.append(f"case when not {same} then {no_more} end")
        restored.append(f"{value} as {quoted(name)}")
    added = readers.json_object(
        {name: f"json_extract(rows._extra, {literal(pointer(name))})" for name in unknown}
    )
    extra = "case when was_extra is null then added when added is null then was_extra"
    extra += " else json_merge_patch(was_extra, added)::varchar end"
    gone = f"'{{' || concat_ws(', ', {', '.join(corrected) or 'null'}) || '}}'"
    original = _merged("was_original", gone, "_original")
    restored += [f"{extra} as _extra", f"{original} as _original"]
    con.execute(
        f"create or replace temp table _landing_again as select *,"
        f" {checks.bad_row(entity, present)} or _problem is not null as _bad from ("
        f" select _row_number, _problem, {', '.join(restored)} from ("
        f" select rows._row_number, back.problem as _problem, {', '.join(decoded)},"
        f" entries._extra as was_extra, {added or 'null::varchar'} as added,"
        f" entries._original as was_original, rows._original"
        f" from ({staged.relation}) as rows"
        " left join temp._landing_back as back on rows._row_number = back.n"
        " left join temp._landing_entries as entries on back.entry = entries.quarantine_id))"
    )
    con.execute("drop table temp._landing_stage")
    con.execute("alter table temp._landing_again rename to _landing_stage")
    staged.relation = "select * from temp._landing_stage"
    staged.present = present
    staged.unknown_columns = unknown
    staged.absent_columns = [name for name in staged.absent_columns if name not in present]
    staged.comes_back = True


def _merged(was: str, gone: str, now: str) -> str:
    """SQL of the originals of two readings of a row: of the earlier one without those that are
    null in `gone`, then of the later one.
    """
    merged = f"json_merge_patch(json_merge_patch({was}, {gone}), coalesce({now}, '{{}}'))::varchar"
    return f"case when {was} is null then {now} else nullif({merged}, '{{}}') end"


def _answers(con: duckdb.DuckDBPyConnection, entity: Entity, sent: str) -> None:
    """Find what each id leads to; `sent` selects n and sent of the readable rows.

    An id stands for its row wherever that one waits by now: after a correction that failed, the
    id of the first export still does. A line that cannot be read answers the one id in it.
    """
    con.execute(
        f"""
        create or replace temp table _landing_back as
        with sent as (
            select n, left(sent, 100) as sent, true as readable from ({sent})
            union all
            select row_number, ids[1], false from (
                select row_number, list_distinct(regexp_extract_all(row_text, '{_ID}')) as ids
                from temp._landing_unread
            ) where len(ids) = 1
        ),
        known as (
            select distinct
                quarantine_id, first_load_id, first_row_number,
                returned_file_id, returned_row_number, returned_at
            from landing.quarantine where source = $source and entity = $entity
        ),
        landed as (
            select
                first_load_id, first_row_number,
                coalesce('row ' || arg_max(returned_row_number, files.load_id) || ' of ', '')
                    || arg_max(files.path, files.load_id) as place
            from known
            inner join landing.files as files
                on files.file_id = known.returned_file_id
                and files.source = $source and files.entity = $entity
            group by first_load_id, first_row_number
        ),
        elsewhere as (
            select quarantine_id, min(source || '.' || entity) as name
            from landing.quarantine where source <> $source or entity <> $entity
            group by quarantine_id
        ),
        found as (
            select
                sent.n, sent.sent, sent.readable, waiting.quarantine_id as entry,
                known.quarantine_id is not null as is_known, elsewhere.name as other, landed.place,
                waiting.first_load_id, waiting.first_row_number,
                first_value(sent.n) over (
                    partition by waiting.quarantine_id order by sent.readable desc, sent.n
                ) as first_n
            from sent
            left join known on sent.sent = known.quarantine_id
            left join known as waiting
                on known.first_load_id = waiting.first_load_id
                and known.first_row_number = waiting.first_row_number
                and waiting.returned_at is null
            left join landed
                on known.first_load_id = landed.first_load_id
                and known.first_row_number = landed.first_row_number
            left join elsewhere on sent.sent = elsewhere.quarantine_id
            where sent.sent is not null
        ),
        judged as (
            select *, '_quarantine_id: ''' || sent || case
                when not is_known and other is not null
                    then ''' is a row of ' || other || '; move it to a file of that table'
                when not is_known
                    then ''' is no row of this quarantine; take the id from the export, or leave'
                        || ' the cell empty to send a new row'
                when entry is null
                    then ''' has come back already, as ' || coalesce(place, 'another row')
                        || '; if this is a further correction, export the quarantine again and'
                        || ' send it with its new id'
                when n <> first_n
                    then ''' stands in row ' || first_n || ' of this file already; leave the cell'
                        || ' empty to send a new row'
            end as problem
            from found
        )
        select
            n, sent, problem,
            case when problem is null then entry end as entry,
            case when problem is null then first_load_id end as first_load_id,
            case when problem is null then first_row_number end as first_row_number
        from judged
        where readable or problem is null
        """,
        {"source": entity.source, "entity": entity.name},
    )


# A rule that has changed --------------------------------------------------------------------------


def judge_again(con: duckdb.DuckDBPyConnection, entity: Entity) -> readers.Staged:
    """Check what waits by the rules of today: as if all of it stood in one file of today.

    Rows that fail again stay where they are, with their new reasons; those that pass are left in
    `_landing_stage` for the caller to write. Runs inside of the caller's transaction.
    """
    digest = rules_digest(entity)
    present = gather(con, entity, f"is_judged and digest is distinct from {literal(digest)}")
    readers.empty_unread(con)
    values = {c.name: quoted(c.name) for c in entity.accepted_columns if c.name in present}
    types = {c.name: c.data_type for c in entity.accepted_columns if c.name in present}
    readings = formats.readings(formats.Format(), types, other_script=True)
    source = "temp._landing_entries"
    readers.stage(con, entity, values, "_extra", source, row_number="n", readings=readings)
    merged = _merged("was", "'{}'", "stage._original")
    con.execute(
        f"update temp._landing_stage as stage set _original = {merged}"
        " from (select n, _original as was from temp._landing_entries) as entries"
        " where stage._row_number = n and was is not null"
    )
    con.execute(
        "create or replace temp table _landing_back as select n, quarantine_id as sent,"
        " quarantine_id as entry, first_load_id, first_row_number, null::varchar as problem"
        " from temp._landing_entries"
    )
    staged = readers.Staged(
        relation="select * from temp._landing_stage",
        present=present,
        unknown_columns=[],
        absent_columns=[],
        comes_back=True,
        readings=readings,
    )
    con.execute(
        "insert into landing.quarantine by name with"
        f" {_problem_lines(entity, staged)}, kept as ("
        " select distinct quarantine_id, file_id, source, entity, path, row_number, load_id,"
        " loaded_at, first_load_id, first_row_number from landing.quarantine"
        " where source = $source and entity = $entity and returned_at is null)"
        " select kept.*, lines.* exclude (n, position), $digest as contract_digest"
        " from lines inner join temp._landing_back as back using (n)"
        " inner join kept on back.entry = kept.quarantine_id order by n, position",
        {"source": entity.source, "entity": entity.name, "digest": digest},
    )
    con.execute(
        "delete from landing.quarantine where source = $source and entity = $entity"
        " and returned_at is null and contract_digest is distinct from $digest"
        " and quarantine_id in (select entry from temp._landing_back inner join"
        " temp._landing_stage on _row_number = n where _bad)",
        {"source": entity.source, "entity": entity.name, "digest": digest},
    )
    con.execute(
        "delete from temp._landing_back where n in"
        " (select _row_number from temp._landing_stage where _bad)"
    )
    con.execute("delete from temp._landing_stage where _bad")
    return staged


# The quarantine itself ----------------------------------------------------------------------------


def write_waiting(
    con: duckdb.DuckDBPyConnection,
    entity: Entity,
    path: str,
    file_id: str,
    staged: readers.Staged,
    load_id: int,
    now: datetime,
) -> None:
    """One line for each problem. Only rows that failed the fast test are looked at again."""
    back = "(select null::bigint as n, null::bigint as first_load_id, 0 as first_row_number)"
    con.execute(
        f"insert into landing.quarantine by name with {_problem_lines(entity, staged)}"
        " select $file_id as file_id, $source as source, $entity as entity, $path as path,"
        " lines.n as row_number, column_name, value, reason, row_text, extra, original,"
        " declaration,"
        " $load_id as load_id, $now::timestamptz as loaded_at,"
        " left($file_id, 16) || '-' || lines.n as quarantine_id, $digest as contract_digest,"
        " coalesce(back.first_load_id, $load_id) as first_load_id,"
        " case when back.first_load_id is null then lines.n else back.first_row_number end"
        " as first_row_number"
        f" from lines left join {'temp._landing_back' if staged.comes_back else back} as back"
        " on lines.n = back.n order by lines.n, position",
        {
            "file_id": file_id,
            "source": entity.source,
            "entity": entity.name,
            "path": path,
            "load_id": load_id,
            "now": now,
            "digest": rules_digest(entity),
        },
    )


def mark_returned(
    con: duckdb.DuckDBPyConnection, entity: Entity, file_id: str, now: datetime
) -> int:
    """Close the entries that the rows of `_landing_back` answer; returns how many rows."""
    con.execute(
        "update landing.quarantine set returned_file_id = $file_id, returned_row_number = back.n,"
        " returned_at = $now from temp._landing_back as back where source = $source"
        " and entity = $entity and quarantine_id = back.entry and returned_at is null",
        {"file_id": file_id, "now": now, "source": entity.source, "entity": entity.name},
    )
    row = con.execute("select count(entry) from temp._landing_back").fetchone()
    return int(row[0]) if row else 0


def _problem_lines(entity: Entity, staged: readers.Staged) -> str:
    """SQL of the CTE `lines`: each problem of each row that is bad or could not be read."""
    columns = [c.name for c in entity.accepted_columns if c.name in staged.present]
    row_text = ", ".join(f"{literal(name)}, {quoted(name)}" for name in columns)
    arrived = {name: quoted(name) for name in staged.present}
    for reading in staged.readings:
        arrived[reading.column] = f"coalesce({reading.was}, {quoted(reading.column)})"
    found = [
        f"select _row_number, {position}, {literal(problem.column)},"
        f" {arrived.get(problem.column, 'null')},"
        f" {problem.reason}, row_text, _extra, _original,"
        f" {literal(problem.declared) if problem.declared else 'null'}"
        f" from bad where {problem.condition}"
        for position, problem in enumerate(
            checks.problems(entity, staged.present, staged.readings), start=1
        )
    ]
    if staged.comes_back:
        found.append(
            "select n, 0, '_quarantine_id', sent, problem, row_text, _extra, _original, null"
            " from bad inner join temp._landing_back on _row_number = n where problem is not null"
        )
    found.append(
        "select row_number, 0, null, null, reason, row_text, null, null, null"
        " from temp._landing_unread"
    )
    return (
        f"bad as materialized (select *, json_object({row_text})::varchar as row_text"
        f" from ({staged.relation}) where _bad),"
        " lines (n, position, column_name, value, reason, row_text, extra, original,"
        " declaration) as"
        f" ({' union all '.join(found)})"
    )
