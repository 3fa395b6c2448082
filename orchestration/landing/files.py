"""Files before DuckDB sees them: found, judged by name, hashed, decoded."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import os
import stat
import unicodedata
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import charset_normalizer

from orchestration.faults import is_disk_full
from orchestration.landing.contract import Entity, Source
from orchestration.landing.formats import (
    MAX_SIDECAR_BYTES,
    OTHER_SCRIPT,
    Format,
    FormatError,
    parse_sidecar,
)
from orchestration.landing.names import SIDECAR, closest, entity_of, is_ignored, split_type

DELIMITERS = (",", ";", "\t", "|")

# A file may hold so much once it is decompressed, unless the settings say otherwise.
MAX_FILE_BYTES = 20_000_000_000

# Beyond so many bytes, a file may be so many times as large as it is compressed.
_SURE_BYTES, _MAX_RATIO = 100_000_000, 200

_CHUNK = 1 << 20  # bytes
_BOMS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_UTF8 = ("utf-8", "utf-8-sig")
_HELD = 16_000_000  # characters of a line that are looked at together

# What extracts of this trade come in, where they are not UTF-8.
_LIKELY = ["cp1256", "cp1258", "cp1252", "cp1251"]
_SAMPLE = 4_000  # bytes

_NUL = "the line holds NUL bytes; remove them and send the row again"


class Refusal(Exception):
    """The whole file is left where it is; the text says why and what to do."""


@dataclass(frozen=True)
class Candidate:
    """A file of the extracts folder; `refusal` is set if its name or place already rules it out."""

    path: Path
    relative: str
    source: str
    entity: Entity | None = None
    file_type: str = ""
    refusal: str | None = None
    sidecar: Path | None = None  # how the file is to be read, if a declaration lies beside it


@dataclass
class Content:
    """What one pass over the bytes tells; the counts are of the text in UTF-8."""

    content_hash: str = ""
    encoding: str | None = None
    path: Path = Path()  # what DuckDB reads: a plain name without glob characters
    is_blank: bool = True
    is_utf8: bool = True
    newlines: int = 0
    carriage_returns: int = 0
    line_ends_crlf: int = 0
    ends_with_newline: bool = True
    nuls: int = 0
    quotes: int = 0
    other_script: bool = False  # digits of Persian or Arabic script may be in it
    names: list[str] | None = None  # the header, where the bytes are not those of the file
    notes: list[str] = field(default_factory=list)
    delimiters: dict[str, int] = field(default_factory=lambda: dict.fromkeys(DELIMITERS, 0))

    @property
    def lines(self) -> int:
        """Physical lines, where every line ends in LF or CRLF."""
        return self.newlines + (not self.ends_with_newline)

    @property
    def is_regular(self) -> bool:
        """Valid UTF-8 without NUL whose lines all end alike: DuckDB can read it as it is."""
        one_line_end = self.carriage_returns == self.line_ends_crlf and (
            self.carriage_returns in (0, self.newlines)
        )
        return self.is_utf8 and not self.nuls and one_line_end


def find_files(
    extracts_dir: Path, contract: Mapping[str, Source], sources: Collection[str] | None
) -> list[Candidate]:
    """Every file under `extracts_dir`, sorted by path; only the folders `sources`, if given.

    A file whose name tells that it cannot be landed comes with its refusal.
    """
    found: list[Candidate] = []
    root = extracts_dir.resolve()
    for folder in _entries(extracts_dir):
        if sources is not None and folder.name not in sources:
            continue
        if not folder.is_dir():
            reason = "lies outside the source folders; move it to extracts/<source>/"
            found.append(_refused(folder, extracts_dir, "", reason))
        elif not folder.resolve().is_relative_to(root):
            reason = "is a symbolic link that leads outside the extracts folder; copy the files"
            found.append(_refused(folder, extracts_dir, folder.name, reason))
        else:
            paths = list(_entries(folder))
            names = {path.name for path in paths}
            for path in paths:
                if not (path.name.endswith(SIDECAR) and path.name.removesuffix(SIDECAR) in names):
                    found.append(_judge(path, extracts_dir, folder.name, contract, names))
    return sorted(found, key=lambda candidate: candidate.relative)


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if not is_ignored(path.name))


def _judge(
    path: Path, extracts_dir: Path, source: str, contract: Mapping[str, Source], names: set[str]
) -> Candidate:
    stem, file_type = split_type(path.name)
    if source not in contract:
        near = closest(source, contract)
        hint = f"; did you mean {near}?" if near else ""
        known = ", ".join(sorted(contract))
        reason = f"folder {source} is not a source of the contract ({known}){hint}"
        return _refused(path, extracts_dir, source, reason)
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return _refused(path, extracts_dir, source, f"cannot be opened: {_brief(error)}")
    if stat.S_ISLNK(mode):
        reason = f"is a symbolic link; copy the file itself to extracts/{source}/"
        return _refused(path, extracts_dir, source, reason)
    if stat.S_ISDIR(mode):
        reason = f"is a folder; only files directly in extracts/{source}/ are landed"
        return _refused(path, extracts_dir, source, reason)
    if not stat.S_ISREG(mode):
        return _refused(path, extracts_dir, source, "is not a regular file")
    if path.name.endswith(SIDECAR):
        beside = path.name.removesuffix(SIDECAR)
        reason = f"says how to read {beside}, but there is no file {beside} beside it"
        return _refused(path, extracts_dir, source, reason)
    if file_type is None:
        reason = f"file type {path.suffix or '(none)'} is not supported; send .csv, .csv.gz, "
        reason += ".jsonl, .jsonl.gz, .parquet or .xlsx"
        return _refused(path, extracts_dir, source, reason)
    entities = contract[source].entities
    name = entity_of(stem, entities)
    if name is None:
        near = closest(stem, entities)
        hint = f"; did you mean {near}?" if near else f"; known are {', '.join(sorted(entities))}"
        reason = f"no entity of source {source} is named like the file{hint}"
        return _refused(path, extracts_dir, source, reason)
    beside = path.name + SIDECAR
    sidecar = path.with_name(beside) if beside in names else None
    relative = _relative(path, extracts_dir)
    return Candidate(path, relative, source, entities[name], file_type, sidecar=sidecar)


def _refused(path: Path, extracts_dir: Path, source: str, reason: str) -> Candidate:
    return Candidate(path, _relative(path, extracts_dir), source, refusal=reason)


def _relative(path: Path, extracts_dir: Path) -> str:
    """The path as text that a database takes, whatever bytes the name is made of."""
    relative = os.fsencode(path.relative_to(extracts_dir).as_posix())
    return relative.decode("utf-8", "backslashreplace")


def read_format(candidate: Candidate) -> Format:
    """How a file is to be read: as its table declares, changed by the sidecar beside it.

    Raises Refusal, naming the sidecar, if that cannot be followed.
    """
    assert candidate.entity is not None
    if candidate.sidecar is None:
        return candidate.entity.form
    try:
        with open_regular(candidate.sidecar) as stream:
            return parse_sidecar(stream.read(MAX_SIDECAR_BYTES + 1), candidate.entity.form)
    except OSError as error:
        reason = f"cannot be opened: {_brief(error)}"
    except (FormatError, Refusal) as error:
        reason = str(error)
    raise Refusal(f"its declaration {candidate.sidecar.name}: {reason}")


def open_regular(path: Path) -> BinaryIO:
    """Open a file that is no link and no device, whatever it was when its name was read.

    Raises Refusal, and OSError if it cannot be opened.
    """
    # Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    stream = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise Refusal("is not a regular file")
    return stream


def identity(path: Path) -> tuple[int, ...]:
    """What differs if a file is replaced or written to, even if its time is set back.

    The first three are its size in bytes, and in nanoseconds its own time and that of its last
    change, which no program can set.

    Raises OSError if there is no such file.
    """
    status = path.lstat()
    return (
        status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_dev, status.st_ino
    )  # fmt: skip


def check_size(read: int, compressed: int, max_bytes: int) -> None:
    """Raise Refusal if a file holds more bytes than one may, or more than it could honestly."""
    if read > max_bytes:
        raise Refusal(f"holds more than {max_bytes:,} bytes; split it, or raise KPI_MAX_FILE_BYTES")
    if read > _SURE_BYTES and read > _MAX_RATIO * compressed:
        raise Refusal(
            f"expands to more than {_MAX_RATIO} times its size; send it uncompressed if it is meant"
        )


def read_content(
    path: Path,
    file_type: str,
    scratch: Path,
    form: Format = Format(),  # noqa: B008 - it cannot be changed
    max_bytes: int = MAX_FILE_BYTES,
) -> Content:
    """Hash a file and make it readable for DuckDB, in one pass over its bytes.

    What is compressed or not UTF-8 is written to `scratch` as UTF-8; anything else is linked from
    there under a plain name, so that no file name is ever taken for a glob.

    The hash is of the decompressed bytes: compressing a file again does not make it a new one.
    Raises Refusal if the file cannot be opened, decompressed or decoded, or holds nothing or more
    than `max_bytes`.
    """
    content = Content()
    try:
        with open_regular(path) as stored:
            if file_type in (".parquet", ".xlsx"):
                _hash_only(stored, content)
            else:
                content.path = scratch / "content"
                zipped = file_type.endswith(".gz")
                stream = gzip.GzipFile(fileobj=stored) if zipped else stored
                size = os.fstat(stored.fileno()).st_size
                chunks = _chunks(stream, size, max_bytes)  # type: ignore[arg-type]
                json = file_type.startswith(".jsonl")
                _hash_and_decode(chunks, content, form, keep=zipped, json=json)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refusal(f"cannot be decompressed ({_brief(error)}); compress it again") from error
    except OSError as error:
        if is_disk_full(str(error)):
            raise
        raise Refusal(f"cannot be opened: {_brief(error)}") from error
    if content.is_blank:
        raise Refusal("there is nothing in it; send the file again")
    if not content.path.is_file():
        content.path = scratch / "content"
        content.path.symlink_to(path.resolve())
    return content


def _chunks(stream: BinaryIO, compressed: int, max_bytes: int) -> Iterator[bytes]:
    read = 0
    while chunk := stream.read(_CHUNK):
        read += len(chunk)
        check_size(read, compressed, max_bytes)
        yield chunk


def _hash_only(stream: BinaryIO, content: Content) -> None:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        content.is_blank = False
    content.content_hash = digest.hexdigest()


def _hash_and_decode(
    chunks: Iterator[bytes], content: Content, form: Format, keep: bool, json: bool
) -> None:
    digest = hashlib.sha256()
    first = next(chunks, b"")
    content.encoding = _encoding(first, form)
    decoder = None if content.encoding in _UTF8 else _Decoder(content.encoding, first)
    checker = codecs.getincrementaldecoder("utf-8")()
    last = b"\n"
    tail = b""  # of the chunk before, for what lies across two of them
    copy = content.path.open("wb") if keep or decoder else None
    try:
        chunk = first
        while chunk or decoder:
            digest.update(chunk)
            text = decoder.decode(chunk, final=not chunk) if decoder else chunk
            if text:
                if copy:
                    copy.write(text)
                if not content.other_script and (json or not text.isascii()):
                    content.other_script = OTHER_SCRIPT.search(tail + text) is not None
                tail = text[-5:]
                last = _measure(text, last, content, checker)
            if not chunk:
                break
            chunk = next(chunks, b"")
    except UnicodeDecodeError as error:
        shown = content.encoding[:6].upper()
        raise Refusal(f"cannot be decoded as {shown}; save it as UTF-8") from error
    finally:
        if copy:
            copy.close()
    if content.is_utf8:
        try:
            checker.decode(b"", final=True)
        except UnicodeDecodeError:
            content.is_utf8 = False
    content.ends_with_newline = last == b"\n"
    content.content_hash = digest.hexdigest()


def _encoding(first: bytes, form: Format) -> str:
    """The encoding of a text that starts with these bytes: its mark, else what is declared."""
    marked = next((name for bom, name in _BOMS if first.startswith(bom)), None)
    declared = form.encoding
    if marked is None:
        if declared in ("utf-16", "utf-32"):
            raise Refusal(
                f"is declared as {declared} but has no byte order mark;"
                f" declare {declared}-le or {declared}-be"
            )
        head = first[:1000]
        header = head.replace(b"\r", b"\n").split(b"\n")[0]
        if declared is None and (head.count(0) > len(head) // 4 or b"\0" in header):
            raise Refusal(
                "looks like UTF-16 without a byte order mark; save it as UTF-8, or declare"
                " `encoding: utf-16-le` (or -be) in a file <its name>.yml beside it"
            )
        return declared or "utf-8"
    if declared and declared.replace("-sig", "") not in (marked.replace("-sig", ""), marked[:6]):
        raise Refusal(
            f"starts with the byte order mark of {marked.removesuffix('-sig')}, but is declared as"
            f" {declared}; correct the declaration"
        )
    return marked


class _Decoder:
    """Bytes of an encoding to UTF-8. Bytes that are no text become 0xFF, which is none either.

    Encodings that are not Unicode's come out composed (NFC): Windows-1258 writes marks apart.
    """

    def __init__(self, encoding: str, first: bytes) -> None:
        self.is_unicode = encoding.startswith(("utf-16", "utf-32"))
        marked = any(first.startswith(bom) for bom, _ in _BOMS)
        # Without its ending, the name takes the byte order from the mark and drops the mark.
        name = encoding[:6] if self.is_unicode and marked else encoding
        errors = "strict" if self.is_unicode else "landing_0xff"
        self.decoder = codecs.getincrementaldecoder(name)(errors)
        self.held = ""

    def decode(self, chunk: bytes, final: bool) -> bytes:
        text = self.decoder.decode(chunk, final)
        if not self.is_unicode:
            text = self.held + text
            cut = len(text) if final or len(text) > _HELD else text.rfind("\n") + 1
            self.held = text[cut:]
            text = text[:cut]
            if not text.isascii():
                text = unicodedata.normalize("NFC", text)
        return text.encode("utf-8", "surrogateescape")


def _as_0xff(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff" * (error.end - error.start), error.end


codecs.register_error("landing_0xff", _as_0xff)


def _measure(
    text: bytes, last: bytes, content: Content, checker: codecs.IncrementalDecoder
) -> bytes:
    """Add the counts of one chunk; returns its last byte, for a CRLF across two chunks."""
    if content.is_blank:
        content.is_blank = not text.removeprefix(b"\xef\xbb\xbf").strip()
    content.newlines += text.count(b"\n")
    if returns := text.count(b"\r"):
        content.carriage_returns += returns
        content.line_ends_crlf += text.count(b"\r\n")
    if last == b"\r" and text[:1] == b"\n":
        content.line_ends_crlf += 1
    content.nuls += text.count(b"\0")
    content.quotes += text.count(b'"')
    for delimiter in DELIMITERS:
        content.delimiters[delimiter] += text.count(delimiter.encode())
    if content.is_utf8 and not (text.isascii() and not checker.getstate()[0]):
        try:
            checker.decode(text)
        except UnicodeDecodeError:
            content.is_utf8 = False
    return text[-1:]


def write_regular_lines(content: Content, target: Path) -> tuple[int, dict[int, str]]:
    """Copy a text with every line ended by LF and every byte that is no text replaced by U+FFFD.

    Returns the number of lines, and for each line with replaced bytes its number (from 1) and the
    reason why it must not land. A carriage return alone ends a line too, as it does in an editor.
    """
    line_number = 0
    damaged: dict[int, str] = {}
    not_text = ""
    with content.path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(_CHUNK) + source.readline():
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            if not block.endswith(b"\n"):
                block += b"\n"
            if not _is_text(block):
                lines = block.split(b"\n")
                for offset, line in enumerate(lines):
                    if not _is_text(line):
                        not_text = (
                            not_text or f"the line is {not_in_encoding(content)} and send it again"
                        )
                        damaged[line_number + offset + 1] = _NUL if 0 in line else not_text
                        text = line.decode("utf-8", "replace").replace("\0", "\ufffd")
                        lines[offset] = text.encode("utf-8")
                block = b"\n".join(lines)
            copy.write(block)
            line_number += block.count(b"\n")
    return line_number, damaged


def not_in_encoding(content: Content) -> str:
    """Words for text that is not in its encoding, and what to do: a guess, but only in words."""
    if content.encoding not in _UTF8:
        return f"not valid {content.encoding}, as declared; correct the declaration or the file"
    likely = likely_encoding(content.path)
    if likely is None:
        return "not valid UTF-8; save the file as UTF-8"
    return (
        f"not valid UTF-8 (it looks like {likely}); save the file as UTF-8, or declare"
        f" `encoding: {likely}` in a file <its name>.yml beside it,"
    )


def likely_encoding(path: Path) -> str | None:
    """The encoding that the start of a file looks like; None if it looks like damaged UTF-8."""
    sample = b""
    with path.open("rb") as stream:
        for line in stream.read(_CHUNK).splitlines():
            if not line.isascii():
                sample += line + b"\n"
                if not _is_text(line) and line.decode("utf-8", "ignore").isascii():
                    continue
                return None
            if len(sample) > _SAMPLE:
                break
    if sum(byte > 127 for byte in sample) < 3:  # too few to tell one from another
        return None
    best = charset_normalizer.from_bytes(sample[:_SAMPLE], cp_isolation=_LIKELY).best()
    return best.encoding.replace("cp", "windows-") if best else None


def _is_text(data: bytes) -> bool:
    if 0 in data:
        return False
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _brief(error: BaseException) -> str:
    """The first line of an error, without a path in it."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
