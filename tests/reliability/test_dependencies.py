"""Dependencies are locked with hashes, their licences listed, their known vulnerabilities audited.

Locks and the page of licences are read here by themselves, not by the code that they come from.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import tomllib
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from orchestration.dependencies import audit
from orchestration.dependencies.advisories import find, read_advisories
from orchestration.dependencies.licences import licence_of
from orchestration.dependencies.lock import read_lock
from orchestration.settings import PROJECT_DIR

pytestmark = pytest.mark.promise(16)

LOCKS = ("requirements.lock", "requirements-audit.lock")
PROJECT = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))


# The lock -----------------------------------------------------------------------------------------


def blocks(lock: str) -> list[str]:
    """One text for each requirement of a lock: its first line and those that are indented."""
    text = (PROJECT_DIR / lock).read_text(encoding="utf-8")
    return re.findall(r"^\S.*\n(?:[ \t]+.*\n)*", text, re.MULTILINE)


def pinned(lock: str) -> dict[str, set[str]]:
    """Versions by name; a package may have one for older and one for newer Pythons."""
    versions: dict[str, set[str]] = {}
    for block in blocks(lock):
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", block)
        assert match, f"{lock}: not pinned: {block}"
        versions.setdefault(canonicalize_name(match[1]), set()).add(match[2])
    return versions


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_the_lock_has_hashes(
    lock: str, figure: Callable[[str, object], None]
) -> None:
    found = blocks(lock)
    assert len(found) > 20
    for block in found:
        hashes = re.findall(r"--hash=(\S+)", block)
        assert hashes, block
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), block
        assert "://" not in block  # no package from anywhere but the index
    figure(f"packages in {lock}", len(found))


@pytest.mark.parametrize(
    ("lock", "texts"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements.lock", PROJECT["dependency-groups"]["dev"]),
        ("requirements-audit.lock", PROJECT["dependency-groups"]["audit"]),
    ],
)
def test_what_the_project_asks_for_is_locked(lock: str, texts: list[str]) -> None:
    versions = pinned(lock)
    for requirement in map(Requirement, texts):
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{requirement.name} is not in {lock}; lock anew"
        assert all(requirement.specifier.contains(each) for each in found), requirement


def test_nothing_is_installed_without_its_hash() -> None:
    """Every command of ours that installs packages asks pip for hashes."""
    commands = [
        line
        for file in ("Makefile", ".ci/run")
        for line in (PROJECT_DIR / file).read_text(encoding="utf-8").splitlines()
        if re.search(r"\b(pip|uv|pipx)\b[^#]*\binstall\b", line)
    ]
    assert len(commands) >= 2
    for command in commands:
        for part in command.split("&&"):
            if "install" in part and "installed" not in part:
                assert "--require-hashes" in part, part


def test_this_environment_is_the_locked_one() -> None:
    for block in blocks("requirements.lock"):
        requirement = Requirement(block.split("\\")[0].split("--hash")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate():
            installed = importlib.metadata.version(requirement.name)
            assert requirement.specifier.contains(installed, prereleases=True), requirement


def test_reading_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    lock.write_text(
        "# comment\nZope.Interface[x]==6.0 ; sys_platform == 'win32' \\\n"
        "    --hash=sha256:aa \\\n    --hash=sha256:bb\nb==1.0rc1 --hash=sha256:cc\n"
    )
    first, second = read_lock(lock)
    assert (first.name, str(first.version), len(first.hashes)) == ("zope-interface", "6.0", 2)
    assert (second.name, str(second.version), second.marker) == ("b", "1.0rc1", "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a==1.0", "a.lock: a==1.0 has no hash; lock anew"),
        ("a>=1.0 --hash=sha256:aa", "a.lock: a>=1.0 is not pinned to one version; lock anew"),
        ("a==1.* --hash=sha256:aa", "a.lock: a==1.* is not pinned to one version; lock anew"),
        ("a --hash=sha256:aa", "a.lock: a is not pinned to one version; lock anew"),
    ],
)
def test_a_lock_that_does_not_lock(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "a.lock").write_text(line + "\n")
    with pytest.raises(ValueError, match=re.escape(message)):
        read_lock(tmp_path / "a.lock")


# Licences -----------------------------------------------------------------------------------------

PERMISSIVE = {
    "0BSD", "Apache-2.0", "Artistic-1.0-Perl", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0",
    "CNRI-Python", "ISC", "MIT", "MIT-0", "PSF-2.0", "Zlib",
}  # fmt: skip
WEAK_COPYLEFT = {"MPL-2.0"}  # binds changes to its own files alone
COPYLEFT_OF_TESTS = {"libfaketime": "GPL-2.0-only"}  # a tool beside; nothing is linked with it


def listed() -> list[tuple[str, str, str, str]]:
    """Rows of the page: name, version, licence, run time or tests."""
    text = (PROJECT_DIR / "docs" / "licences.md").read_text(encoding="utf-8")
    rows = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [(row[0], row[1], row[2], row[3]) for row in rows[1:]]


def may_be_used(licence: str, allowed: set[str]) -> bool:
    """Whether an SPDX expression can be met with the allowed licences alone."""
    terms = re.sub(r"[A-Za-z0-9.+-]+", lambda m: _truth(m[0], allowed), licence)
    assert re.fullmatch(r"(?:True|False|and|or|[() ])+", terms), licence
    return bool(eval(terms))


def _truth(word: str, allowed: set[str]) -> str:
    return word.lower() if word in ("AND", "OR") else str(word in allowed)


def test_the_page_lists_what_is_locked() -> None:
    """Run `make licences` after locking anew."""
    on_page = {(name, version) for name, version, *_ in listed()}
    locked = {(n, v) for n, vs in pinned("requirements.lock").items() for v in vs}
    assert on_page == locked
    assert len(listed()) == len(locked)


def test_every_licence_may_be_used(figure: Callable[[str, object], None]) -> None:
    for name, _, licence, needed in listed():
        assert needed in ("run time", "tests")
        if needed == "tests" and name in COPYLEFT_OF_TESTS:
            assert licence == COPYLEFT_OF_TESTS[name]
        else:
            assert may_be_used(licence, PERMISSIVE | WEAK_COPYLEFT), f"{name}: {licence}"
    figure("licences", len({row[2] for row in listed()}))


@pytest.mark.parametrize(
    ("licence", "usable"),
    [
        ("MIT", True), ("GPL-3.0-only", False), ("MIT OR GPL-2.0-or-later", True),
        ("MIT AND GPL-2.0-or-later", False), ("LGPL-3.0-or-later", False), ("", False),
        ("MPL-2.0 AND (GPL-2.0-only OR MIT)", True), ("unknown", False),
    ],
)  # fmt: skip
def test_the_judge_of_licences(licence: str, usable: bool) -> None:
    if licence:
        assert may_be_used(licence, PERMISSIVE | WEAK_COPYLEFT) is usable
    else:
        with pytest.raises(AssertionError):
            may_be_used(licence, PERMISSIVE)


def test_what_is_needed_at_run_time() -> None:
    needed = {name: need for name, _, _, need in listed()}
    for requirement in map(Requirement, PROJECT["project"]["dependencies"]):
        assert needed[canonicalize_name(requirement.name)] == "run time"
    for name in ("jinja2", "grpcio", "pywin32", "websockets", "sqlglot"):  # brought along
        assert needed[name] == "run time", name
    for name in ("libfaketime", "hypothesis", "pytest", "execnet", "mypy", "ruff", "openpyxl"):
        assert needed[name] == "tests", name


@pytest.mark.parametrize(
    ("name", "licence"),
    [
        ("duckdb", "MIT"), ("dagster", "Apache-2.0"), ("dbt-duckdb", "Apache-2.0"),
        ("certifi", "MPL-2.0"), ("requests", "Apache-2.0"), ("shellingham", "ISC"),
        ("libfaketime", "GPL-2.0-only"), ("pywin32", "PSF-2.0"), ("sqlfluff", "MIT"),
    ],
)  # fmt: skip
def test_licences_that_are_known(name: str, licence: str) -> None:
    assert licence_of(name) == licence
    assert {row[2] for row in listed() if row[0] == name} == {licence}


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: mit or apache-2.0", "MIT OR Apache-2.0"),
        ("License: Apache License 2.0", "Apache-2.0"),
        ("License: see the file\nClassifier: License :: OSI Approved :: MIT License", "MIT"),
        ("License: BSD", None), ("License: Proprietary", None), ("Summary: nothing said", None),
        ("Classifier: License :: OSI Approved :: BSD License", None),
    ],
)  # fmt: skip
def test_licences_of_metadata(
    metadata: str, licence: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "planted-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(
        f"Metadata-Version: 2.4\nName: planted\nVersion: 1.0\n{metadata}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    if licence is None:
        with pytest.raises(ValueError, match="the licence of planted is not known; read its"):
            licence_of("planted")
    else:
        assert licence_of("planted") == licence


# Known vulnerabilities ----------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def advisory(**changed: Any) -> dict[str, Any]:
    return {
        "id": "GHSA-1",
        "aliases": ["CVE-2026-1"],
        "summary": "Reads files it should not",
        "modified": "2026-02-20T10:00:00.123456789Z",
        "affected": [entry({"introduced": "0"}, {"fixed": "2.0"})],
    } | changed


def entry(*events: dict[str, str], name: str = "planted", **changed: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": list(events)}] if events else []
    return {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges} | changed


class Desk:
    """A lock of one package, and a folder of advisories."""

    def __init__(self, folder: Path, version: str, *advisories: dict[str, Any]) -> None:
        self.lock = folder / "requirements.lock"
        self.lock.write_text(f"planted=={version} --hash=sha256:aa\n")
        self.advisories = folder / "advisories"
        (self.advisories / "PyPI").mkdir(parents=True)
        for number, each in enumerate(advisories):
            (self.advisories / "PyPI" / f"{number}.json").write_text(json.dumps(each))

    def found(self) -> list[str]:
        return [f.advisory.id for f in find(read_lock(self.lock), read_advisories(self.advisories))]

    def audit(self, path: Path | None = None) -> int:
        return audit.main({"KPI_ADVISORIES": str(path or self.advisories)}, self.lock, NOW)


@pytest.mark.parametrize(
    ("affected", "hit", "missed"),
    [
        # From the first version on, up to the one that mends it.
        (entry({"introduced": "0"}, {"fixed": "2.0"}), ["0.0.1", "1.9.9", "2.0rc1", "2.0.dev1"],
         ["2.0", "2.0.0", "2.0.post1", "2.1", "10.0"]),
        (entry({"introduced": "1.2"}, {"fixed": "1.10"}), ["1.2", "1.2.0", "1.9"],
         ["1.1", "1.2rc1", "1.10", "1.11"]),
        # Never mended.
        (entry({"introduced": "1.2"}), ["1.2", "99"], ["1.1.9"]),
        (entry({"introduced": "0"}), ["0.0.dev0", "99"], []),
        # The last version that has it.
        (entry({"introduced": "1.0"}, {"last_affected": "1.5"}), ["1.0", "1.5", "1.5.0"],
         ["0.9", "1.5.post1", "1.5.1", "1.6rc1"]),
        # Broken again, events in any order.
        (entry({"fixed": "3.1"}, {"introduced": "3.0"}, {"fixed": "2.0"}, {"introduced": "1.0"}),
         ["1.0", "1.9", "3.0"], ["0.9", "2.0", "2.9", "3.1"]),
        (entry({"introduced": "1.0"}, {"fixed": "2.0"}, {"introduced": "2.0"}), ["2.0"], ["0.9"]),
        # Two ranges.
        (entry(ranges=[{"type": "ECOSYSTEM", "events": [{"introduced": "1.0"}, {"fixed": "1.1"}]},
                       {"type": "ECOSYSTEM", "events": [{"introduced": "2.0"}, {"fixed": "2.1"}]}]),
         ["1.0", "2.0.9"], ["1.1", "1.9", "2.1"]),
        # Named one by one, also in other spellings, also beside a range.
        (entry(versions=["1.0", "v1.2.0", "1.3-beta1"]), ["1.0.0", "1.2", "1.3b1"],
         ["1.1", "1.3"]),
        (entry({"introduced": "5.0"}, {"fixed": "5.1"}, versions=["1.0"]), ["1.0", "5.0.1"],
         ["1.1", "5.1"]),
        # What is not PEP 440 in the list is no locked version.
        (entry(versions=["not-a-version", "2.0"]), ["2.0"], ["2.1"]),
        # Epochs come before all numbers.
        (entry({"introduced": "0"}, {"fixed": "1!1.0"}), ["2024.1"], ["1!1.0"]),
        # Commits are not versions; the list beside them is.
        (entry(ranges=[{"type": "GIT", "repo": "x", "events": [{"introduced": "0"}]}],
               versions=["1.0"]), ["1.0"], ["1.1"]),
        # Nobody can tell, so it counts.
        (entry(), ["1.0"], []), (entry({"introduced": "0"}, {"fixed": "what?"}), ["1.0"], []),
        # Names in another spelling; other packages; other registries.
        (entry({"introduced": "0"}, name="Planted"), ["1.0"], []),
        (entry({"introduced": "0"}, name="planted-tree"), [], ["1.0"]),
        (entry(package={"ecosystem": "npm", "name": "planted"}), [], ["1.0"]),
    ],
)  # fmt: skip
def test_which_versions_an_advisory_affects(
    affected: dict[str, Any], hit: list[str], missed: list[str], tmp_path: Path
) -> None:
    for number, version in enumerate(hit + missed):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = Desk(folder, version, advisory(affected=[affected]))
        assert desk.found() == (["GHSA-1"] if version in hit else []), version


def test_names_are_compared_as_the_index_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1.0", advisory(affected=[entry({"introduced": "0"}, name="A_b.C")]))
    desk.lock.write_text("a-B--c==1.0 --hash=sha256:aa\n")
    assert desk.found() == ["GHSA-1"]


def test_lines_for_other_machines_are_looked_up_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1.0 ; sys_platform == 'never'", advisory())
    assert desk.found() == ["GHSA-1"]


def test_a_withdrawn_advisory_is_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1.0", advisory(withdrawn="2026-02-21T00:00:00Z"), advisory(id="GHSA-2"))
    assert desk.found() == ["GHSA-2"]


def test_one_advisory_is_told_once(tmp_path: Path) -> None:
    """Two entries on one package are one finding, with all that mends it."""
    old = entry({"introduced": "0"}, {"fixed": "1.5"})
    new = entry({"introduced": "0"}, {"fixed": "2.5"})
    desk = Desk(tmp_path, "1.0", advisory(affected=[new, old]))
    (finding,) = find(read_lock(desk.lock), read_advisories(desk.advisories))
    assert [str(version) for version in finding.fixed_in] == ["1.5", "2.5"]


def test_what_is_known_is_told_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unmended = advisory(id="PYSEC-2", aliases=[], affected=[entry({"introduced": "0.5"})])
    desk = Desk(tmp_path, "1.0", advisory(), unmended)
    assert desk.audit() == 1
    assert capsys.readouterr().out == (
        "planted 1.0: GHSA-1, CVE-2026-1: Reads files it should not\n"
        "    Mended in 2.0: ask for planted>=2.0 in pyproject.toml and lock anew"
        " (docs/security.md).\n"
        "planted 1.0: PYSEC-2: Reads files it should not\n"
        "    No version that mends it is known: read the advisory and judge whether it is"
        " reached.\n"
        "1 of 1 locked packages found in 2 advisories, the newest of 2026-02-20, 8 days ago.\n"
    )


def test_only_a_higher_version_is_advised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = entry({"introduced": "0"}, {"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "3.1"})
    desk = Desk(tmp_path, "3.0", advisory(affected=[again]))
    assert desk.audit() == 1
    assert "\n    Mended in 3.1: ask for planted>=3.1 in " in capsys.readouterr().out


def test_nothing_known_says_against_what(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, "2.0", advisory())
    assert desk.audit() == 0
    assert capsys.readouterr().out == (
        "None of 1 locked packages found in 1 advisories, the newest of 2026-02-20, 8 days ago.\n"
    )


def test_old_advisories_are_called_old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk(tmp_path, "2.0", advisory(modified="2025-12-01T00:00:00Z"))
    assert desk.audit() == 0
    out = capsys.readouterr().out
    assert "the newest of 2025-12-01, 90 days ago.\nWhat has become known since is not in" in out


def test_a_zip_is_read_as_a_folder_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "1.0", advisory())
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in desk.advisories.rglob("*.json"):
            archive.write(file, file.name)
    assert desk.audit(tmp_path / "all.zip") == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("nothing", None, "there is no file or folder"),
        ("empty", {}, "holds no advisory on Python packages"),
        ("others", {"a.json": json.dumps(advisory(affected=[]))}, "holds no advisory on Python"),
        ("broken", {"a.json": '{"id": '}, "a.json is no advisory in OSV's format"),
        ("list", {"a.json": "[]"}, "a.json is no advisory in OSV's format"),
        ("nameless", {"a.json": json.dumps({"affected": [entry()]})}, "a.json is no advisory in"),
        ("no.zip", "text", "File is not a zip file"),
    ],
)  # fmt: skip
def test_without_advisories_it_says_that_it_did_not_check(
    name: str,
    content: dict[str, str] | str | None,
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    desk = Desk(tmp_path, "1.0")
    if isinstance(content, str):
        (tmp_path / name).write_text(content)
    elif content is not None:
        (tmp_path / name).mkdir()
        for file, text in content.items():
            (tmp_path / name / file).write_text(text)
    assert desk.audit(tmp_path / name) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("NOT CHECKED: ")
    assert reason in told.err
    assert "Set KPI_ADVISORIES to OSV's export for PyPI" in told.err


def test_unset_it_says_that_it_did_not_check(capsys: pytest.CaptureFixture[str]) -> None:
    for environment in ({}, {"KPI_ADVISORIES": ""}):
        assert audit.main(environment) == 2
        assert capsys.readouterr().err.startswith("NOT CHECKED: there are no advisories")


def test_the_projects_own_lock_is_looked_up(tmp_path: Path) -> None:
    """An advisory on a package of the lock is found in it."""
    (version,) = pinned("requirements.lock")["starlette"]
    (tmp_path / "a.json").write_text(
        json.dumps(advisory(affected=[entry(name="Starlette", versions=[version])]))
    )
    assert audit.main({"KPI_ADVISORIES": str(tmp_path)}, now=NOW) == 1


def test_the_network_audit_never_skips_a_package_in_silence() -> None:
    """Without --strict pip-audit ends with 0 where it could look nothing up."""
    (command,) = re.findall(r"^\t(\S+/pip-audit .*)$", _makefile(), re.MULTILINE)
    assert "--strict" in command.split()
    assert "--require-hashes -r requirements.lock" in command


def _makefile() -> str:
    return (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
