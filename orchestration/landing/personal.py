"""People who were erased: recognised by salted hashes and made nobody, in raw and on arrival.

What is known of an erased person is a hash of each address, number, name and key. Whatever matches
one is replaced by a stand-in made of the same hash: equal values stay equal, so merges, and with
them all counts, stay as they were. A row is the person's if its key, a key it refers to or its
e-mail address is known; telephone numbers and names are shared, so they are replaced wherever they
stand and make no row the person's.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime

import duckdb

from orchestration.landing.contract import Column, Entity, Source
from orchestration.landing.names import literal, quoted

_TABLES = """
create table if not exists landing.erased (
    kind varchar not null,             -- email, phone, name, an entity, or 'of' and an entity
    hash varchar not null
);
create table if not exists landing.erased_salt (salt varchar not null);
"""

# The keys by which values are compared are those that the models merge people by.
_MACROS = """
create or replace temp macro erased_hash(kind, value) as sha256({salt} || kind || '/' || value);
create or replace temp macro is_erased(kind, value) as
    coalesce(erased_hash(kind, value) in (select hash from landing.erased), false);
create or replace temp macro email_key(value) as lower(trim(value));
create or replace temp macro phone_key(value) as
    case when length(regexp_replace(value, '[^0-9]', '', 'g')) >= 8
    then regexp_replace(value, '[^0-9]', '', 'g') end;
create or replace temp macro name_key(value) as lower(trim(value));
create or replace temp macro stand_in(kind, value) as
    'erased-' || left(erased_hash(kind, value), 20);
create or replace temp macro number_stand_in(value) as
    '000' || lpad((('0x' || left(erased_hash('phone', value), 14))::ubigint)::varchar, 17, '0');
create or replace temp macro is_stand_in(value) as coalesce(
    regexp_full_match(value, 'erased(-[0-9a-f]{{20}}(@erased[.]invalid)?)?|000[0-9]{{17}}'), false);
create or replace temp macro addresses(value) as
    list_transform(regexp_extract_all(lower(value), {address}), lambda t: rtrim(t, '.'));
create or replace temp macro as_object(value) as case when json_valid(value) then value end;
create or replace temp macro names_erased(value) as coalesce(
    case when contains(value, '@') then list_has_any(
        list_transform(addresses(value), lambda t: erased_hash('email', t)),
        (select list(hash) from landing.erased where kind = 'email')) end, false);
create or replace temp macro numbers_erased(value) as coalesce(list_has_any(
    list_transform(regexp_extract_all(value, '[0-9][0-9 ().+/-]{{6,}}[0-9]'),
        lambda t: erased_hash('phone', regexp_replace(t, '[^0-9]', '', 'g'))),
    (select list(hash) from landing.erased where kind = 'phone')), false);
"""

_ADDRESS = r"""[^\s@"',;|<>()\[\]{}:=]+@[^\s@"',;|<>()\[\]{}:=]+"""


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables of what is known of erased people, if they are missing."""
    con.execute(_TABLES)
    if con.execute("select 1 from landing.erased_salt").fetchone() is None:
        con.execute("insert into landing.erased_salt values (?)", [secrets.token_hex(32)])


def recognise(con: duckdb.DuckDBPyConnection) -> bool:
    """Teach the connection to recognise erased people; whether there can be any."""
    prepared = con.execute(
        "select 1 from duckdb_tables() where database_name = current_database()"
        " and schema_name = 'landing' and table_name = 'erased_salt'"
    ).fetchone()
    salt = prepared and con.execute("select salt from landing.erased_salt").fetchone()
    if salt:
        con.execute(_MACROS.format(salt=literal(salt[0]), address=literal(_ADDRESS)))
    return bool(salt)


def forget_arriving(con: duckdb.DuckDBPyConnection, source: Source, entity: Entity) -> None:
    """Make erased people nobody in the rows that are about to land, before they are written."""
    if is_of_people(entity):
        while remember(con, source, entity, "temp._landing_stage"):
            pass
    replace(con, source, entity, "temp._landing_stage")
    con.execute(
        f"update temp._landing_unread set row_text = null where {_line_tells(source, entity)}"
    )


def forget_quarantined(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    entity: Entity,
    now: datetime,
    load_id: int | None = None,
) -> list[tuple[str, str]]:
    """Blank the quarantined rows of an entity, of one load if given, that tell of erased people.

    Which rule a row broke stays known, its values do not, and it waits for nobody any more. Returns
    quarantine_id and file_id of each entry blanked.
    """
    return con.execute(
        "update landing.quarantine set value = null, row_text = null, extra = null,"
        " original = null,"
        " returned_at = coalesce(returned_at, ?),"
        " reason = case when coalesce(value, '') = '' then reason"
        " else replace(reason, left(value, 100), 'erased') end"
        " where source = ? and entity = ? and load_id = coalesce(?, load_id)"
        " and coalesce(row_text, value, extra, original) is not null and (names_erased(value)"
        f" or names_erased(extra) or {_line_tells(source, entity)})"
        " returning quarantine_id, file_id",
        [now, source.name, entity.name, load_id],
    ).fetchall()


def is_of_people(entity: Entity) -> bool:
    """Whether a row of the entity is a person: it has an address and one key."""
    return len(entity.key) == 1 and any(column.pii == "email" for column in entity.columns)


def person_key(source: Source, entity: str, value: str) -> str:
    """SQL of the hash by which a key of an entity is known."""
    return f"erased_hash({literal(entity)}, {literal(source.name + ':')} || trim({value}))"


def is_theirs(source: Source, entity: Entity, present: set[str]) -> str:
    """SQL: the row is an erased person's; never null."""
    return " or ".join(_signs(source, entity, present)) or "false"


def _signs(source: Source, entity: Entity, present: set[str]) -> Iterator[str]:
    if is_of_people(entity) and entity.key[0] in present:
        yield _known(person_key(source, entity.name, quoted(entity.key[0])))
    for column in entity.columns:
        if column.name in present:
            name = quoted(column.name)
            if column.pii == "email":
                yield f"contains({name}, '@') and is_erased('email', email_key({name}))"
            if _names_a_person(source, column):
                yield _known(person_key(source, str(column.references), name))
    for column in entity.columns:
        if column.pii_where and {column.name, column.pii_where[0], entity.key[0]} <= present:
            key = quoted(entity.key[0])
            other, value = column.pii_where
            same = f"lower(trim({quoted(other)})) = {literal(value)}"
            known = _known(person_key(source, f"of {entity.name}", key))
            # A version of the record that does not say so may be the one that bears the name.
            ever = f"{key} in (select {key} from raw.{quoted(entity.table)} where {same})"
            yield f"{known} and coalesce({same}, {ever}, false)"


def _known(hash_sql: str) -> str:
    return f"coalesce({hash_sql} in (select hash from landing.erased), false)"


def _names_a_person(source: Source, column: Column) -> bool:
    referred = source.entities.get(column.references or "")
    return referred is not None and is_of_people(referred)


def remember(con: duckdb.DuckDBPyConnection, source: Source, entity: Entity, relation: str) -> int:
    """Know the people of a relation's rows by all that is theirs; how much was not known before.

    Each address, number, name and key in those rows becomes known, the keys of the records that
    they refer to as the same person, and the household they belong to.
    """
    present = columns_of(con, relation)
    found = [
        f"select {literal(kind)} as kind, {hashed} as hash from theirs where {condition}"
        for kind, hashed, condition in _identifiers(source, entity, present)
    ]
    rows = con.execute(
        f"insert into landing.erased with theirs as (select * from {relation}"
        f" where {is_theirs(source, entity, present)})"
        f" select distinct kind, hash from ({' union all '.join(found)})"
        " where hash is not null and hash not in (select hash from landing.erased)"
    ).fetchone()
    return int(rows[0]) if rows else 0


def _identifiers(
    source: Source, entity: Entity, present: set[str]
) -> Iterator[tuple[str, str, str]]:
    """Kind, SQL of the hash and condition of everything by which a row's person is known."""
    if entity.key[0] in present:
        yield entity.name, person_key(source, entity.name, quoted(entity.key[0])), "true"
    for column in entity.columns:
        if column.name not in present:
            continue
        name = quoted(column.name)
        if column.pii in ("email", "phone"):
            key = f"{column.pii}_key({name})"
            yield column.pii, f"erased_hash('{column.pii}', {key})", f"not is_stand_in({name})"
        if _names_a_person(source, column):
            kind = str(column.references)
            yield kind, person_key(source, kind, name), "true"
        referred = source.entities.get(column.references or "")
        if referred and any(other.pii_where for other in referred.columns):
            kind = f"of {referred.name}"
            yield kind, person_key(source, kind, name), "true"
    if full_name := _full_name(entity, present):
        parts = _name_columns(entity, present)
        fresh = "".join(f" and not is_stand_in({quoted(part)})" for part in parts)
        yield "name", f"erased_hash('name', name_key({full_name}))", f"{full_name} <> ''{fresh}"


def _name_columns(entity: Entity, present: set[str]) -> list[str]:
    return [c.name for c in entity.columns if c.pii == "name" and c.name in present]


def _full_name(entity: Entity, present: set[str]) -> str | None:
    """SQL of what a row's person is called, from the parts that the contract declares in order."""
    parts = ", ".join(f"trim({quoted(name)})" for name in _name_columns(entity, present))
    return f"concat_ws(' ', {parts})" if parts else None


def columns_of(con: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    """Names of the columns of a table."""
    return {
        str(column[0]) for column in con.execute(f"select * from {relation} limit 0").description
    }


def replace(
    con: duckdb.DuckDBPyConnection, source: Source, entity: Entity, table: str
) -> list[str | None]:
    """Replace in a table what is an erased person's; the file of each row changed, if it has one.

    What is replaced already stays as it is, so doing it again changes nothing.
    """
    present = columns_of(con, table)
    values = dict(_replaced(entity, present))
    touched = " or ".join(
        f"{quoted(name)} is distinct from ({sql})" for name, sql in values.items()
    )
    for kept, condition in (
        ("_original", f"theirs or names_erased(_original) or {touched or 'false'}"),
        ("_extra", "theirs or names_erased(_extra)"),
    ):
        if kept in present:
            values[kept] = f"case when not ({condition}) then {kept} end"
    if not values:
        return []
    became = ", ".join(f"{sql} as {quoted(name)}" for name, sql in values.items())
    changed = " or ".join(f"b.{quoted(n)} is distinct from {table}.{quoted(n)}" for n in values)
    con.execute(
        f"create or replace temp table _erased_rows as select b.* from (select row_id, {became}"
        f" from (select rowid as row_id, *, {is_theirs(source, entity, present)} as theirs"
        f" from {table})) as b join {table} on {table}.rowid = b.row_id where {changed}"
    )
    assigned = ", ".join(f"{quoted(name)} = b.{quoted(name)}" for name in values)
    file_id = f"{table}._file_id" if "_file_id" in present else "null"
    rows = con.execute(
        f"update {table} set {assigned} from temp._erased_rows as b"
        f" where {table}.rowid = b.row_id returning {file_id}"
    ).fetchall()
    con.execute("drop table temp._erased_rows")
    return [row[0] for row in rows]


def _replaced(entity: Entity, present: set[str]) -> Iterator[tuple[str, str]]:
    """Each personal column and the SQL of what stands in it afterwards; `theirs` marks the rows."""
    full_name = _full_name(entity, present)
    for column in entity.columns:
        if column.pii is None or column.name not in present:
            continue
        name = quoted(column.name)
        if column.pii == "email":
            known = f"theirs or is_erased('email', email_key({name}))"
            value = f"stand_in('email', email_key({name})) || '@erased.invalid'"
        elif column.pii == "phone":
            known = f"theirs or is_erased('phone', phone_key({name}))"
            value = f"coalesce(number_stand_in(phone_key({name})), 'erased')"
        elif column.pii == "name":
            known = f"theirs or is_erased('name', name_key({full_name}))"
            value = f"stand_in('name', name_key({full_name}))"
        else:
            # The words that models read stay, so that they find what they found.
            words = "".join(
                f" || case when contains(lower({name}), {literal(word)})"
                f" then {literal(' ' + word)} else '' end"
                for word in column.keeps
            )
            known, value = "theirs", f"'erased'{words}"
        yield (
            column.name,
            f"case when {name} is null or {_is_replaced(column, name)} then {name}"
            f" when {known} then {value} else {name} end",
        )


def _is_replaced(column: Column, name: str) -> str:
    return "false" if column.pii == "text" else f"is_stand_in({name})"


def _line_tells(source: Source, entity: Entity) -> str:
    """SQL: the text of a row, JSON or as it stood in its file, tells of an erased person."""
    tests = ["names_erased(row_text)", "numbers_erased(row_text)"]
    keys = [(entity.name, entity.key[0])] if is_of_people(entity) else []
    keys += [(str(c.references), c.name) for c in entity.columns if _names_a_person(source, c)]
    for kind, column in keys:
        value = f"json_extract_string(as_object(row_text), {literal('$.' + quoted(column))})"
        hashed = person_key(source, kind, "field")
        fields = r"regexp_split_to_array(row_text, '[,;\t|\"]')"
        tests.append(
            f"case when json_valid(row_text) then {_known(person_key(source, kind, value))}"
            f" else coalesce(list_has_any(list_transform({fields}, lambda field: {hashed}),"
            " (select list(hash) from landing.erased)), false) end"
        )
    names = [
        f"trim(json_extract_string(as_object(row_text), {literal('$.' + quoted(column.name))}))"
        for column in entity.columns
        if column.pii == "name"
    ]
    if names:
        full_name = f"name_key(concat_ws(' ', {', '.join(names)}))"
        tests.append(f"as_object(row_text) is not null and is_erased('name', {full_name})")
    return " or ".join(f"({test})" for test in tests)
