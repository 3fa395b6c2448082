"""Files before DuckDB sees them: found, judged by name, hashed, decoded."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from orchestration.landing.contract import Entity, Source
from orchestration.landing.names import closest, entity_of, is_ignored, split_type

DELIMITERS = (",", ";", "\t", "|")

_CHUNK = 1 << 20  # bytes
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))

_NOT_UTF8 = "the line is not valid UTF-8; save the file as UTF-8 and send it again"
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
            for path in _entries(folder):
                found.append(_judge(path, extracts_dir, root, folder.name, contract))
    return sorted(found, key=lambda candidate: candidate.relative)


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if not is_ignored(path.name))


def _judge(
    path: Path, extracts_dir: Path, root: Path, source: str, contract: Mapping[str, Source]
) -> Candidate:
    stem, file_type = split_type(path.name)
    if source not in contract:
        near = closest(source, contract)
        hint = f"; did you mean {near}?" if near else ""
        known = ", ".join(sorted(contract))
        reason = f"folder {source} is not a source of the contract ({known}){hint}"
        return _refused(path, extracts_dir, source, reason)
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            reason = "is a symbolic link that leads outside the extracts folder; copy the file"
            return _refused(path, extracts_dir, source, reason)
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:
        return _refused(path, extracts_dir, source, f"cannot be opened: {_brief(error)}")
    if stat.S_ISDIR(mode):
        reason = f"is a folder; only files directly in extracts/{source}/ are landed"
        return _refused(path, extracts_dir, source, reason)
    if not stat.S_ISREG(mode):
        return _refused(path, extracts_dir, source, "is not a regular file")
    if file_type is None:
        reason = f"file type {path.suffix or '(none)'} is not supported; send .csv, .csv.gz, "
        reason += ".jsonl, .jsonl.gz or .parquet"
        return _refused(path, extracts_dir, source, reason)
    entities = contract[source].entities
    name = entity_of(stem, entities)
    if name is None:
        near = closest(stem, entities)
        hint = f"; did you mean {near}?" if near else f"; known are {', '.join(sorted(entities))}"
        reason = f"no entity of source {source} is named like the file{hint}"
        return _refused(path, extracts_dir, source, reason)
    relative = _relative(path, extracts_dir)
    return Candidate(path, relative, source, entities[name], file_type)


def _refused(path: Path, extracts_dir: Path, source: str, reason: str) -> Candidate:
    return Candidate(path, _relative(path, extracts_dir), source, refusal=reason)


def _relative(path: Path, extracts_dir: Path) -> str:
    """The path as text that a database takes, whatever bytes the name is made of."""
    relative = os.fsencode(path.relative_to(extracts_dir).as_posix())
    return relative.decode("utf-8", "backslashreplace")


def read_content(path: Path, file_type: str, scratch: Path) -> Content:
    """Hash a file and make it readable for DuckDB, in one pass over its bytes.

    What is compressed or not UTF-8 is written to `scratch` as UTF-8; anything else is linked from
    there under a plain name, so that no file name is ever taken for a glob.

    The hash is of the decompressed bytes: compressing a file again does not make it a new one.
    Raises Refusal if the file cannot be opened, decompressed or decoded, or holds nothing.
    """
    content = Content()
    try:
        with _open(path, file_type) as stream:
            if file_type == ".parquet":
                _hash_only(stream, content)
            else:
                content.path = scratch / "content"
                _hash_and_decode(stream, content, keep=file_type.endswith(".gz"))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Refusal(f"cannot be decompressed ({_brief(error)}); compress it again") from error
    except UnicodeDecodeError as error:
        raise Refusal("cannot be decoded as UTF-16; save it as UTF-8") from error
    except OSError as error:
        raise Refusal(f"cannot be opened: {_brief(error)}") from error
    if content.is_blank:
        raise Refusal("there is nothing in it; send the file again")
    if not content.path.is_file():
        content.path = scratch / "content"
        content.path.symlink_to(path.resolve())
    return content


def _open(path: Path, file_type: str) -> BinaryIO:
    return gzip.open(path, "rb") if file_type.endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _hash_only(stream: BinaryIO, content: Content) -> None:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
        content.is_blank = False
    content.content_hash = digest.hexdigest()


def _hash_and_decode(stream: BinaryIO, content: Content, keep: bool) -> None:
    digest = hashlib.sha256()
    first = stream.read(_CHUNK)
    content.encoding = next((name for bom, name in _BOMS if first.startswith(bom)), "utf-8")
    utf16 = content.encoding.startswith("utf-16")
    if not utf16 and first[:1000].count(0) > len(first[:1000]) // 4:
        raise Refusal("looks like UTF-16 without a byte order mark; save it as UTF-8")
    # "utf-16" takes the byte order from the mark and drops the mark.
    decoder = codecs.getincrementaldecoder("utf-16")() if utf16 else None
    checker = codecs.getincrementaldecoder("utf-8")()
    copy = content.path.open("wb") if keep or utf16 else None
    last = b"\n"
    try:
        chunk = first
        while chunk:
            digest.update(chunk)
            text = decoder.decode(chunk).encode("utf-8") if decoder else chunk
            if text:
                if copy:
                    copy.write(text)
                last = _measure(text, last, content, checker)
            chunk = stream.read(_CHUNK)
        if decoder:
            decoder.decode(b"", final=True)
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
    with content.path.open("rb") as source, target.open("wb") as copy:
        while block := source.read(_CHUNK) + source.readline():
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            if not block.endswith(b"\n"):
                block += b"\n"
            if not _is_text(block):
                lines = block.split(b"\n")
                for offset, line in enumerate(lines):
                    if not _is_text(line):
                        damaged[line_number + offset + 1] = _NUL if 0 in line else _NOT_UTF8
                        text = line.decode("utf-8", "replace").replace("\0", "\ufffd")
                        lines[offset] = text.encode("utf-8")
                block = b"\n".join(lines)
            copy.write(block)
            line_number += block.count(b"\n")
    return line_number, damaged


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
