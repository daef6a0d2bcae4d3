"""What somebody could do to an export who holds the key that signs manifests, or a seal key."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.sealed_records import NOON, checked, keys
from support.torture_export import MANIFEST, lines_of, write_manifest_anew

from api.record.canonical import canonical_bytes
from api.record.checkpoints import checkpoint_line
from api.record.seals import make_seal, seal_line
from api.record.verifier import chain, contents
from api.record.verifier.json_form import pretty
from api.record.verifier.repeats import Repeats
from api.record.verifier.tree import leaf_hash
from api.store.columns import STORED_MOMENT
from api.store.seal_records import SealRow


def put_manifest(export: Path, **changes: Any) -> None:
    """The manifest with these changes, signed with the real key."""
    manifest = json.loads((export / MANIFEST).read_bytes()) | changes
    unsigned = {key: value for key, value in manifest.items() if key != "signature"}
    (export / MANIFEST).write_bytes(pretty(keys(2).active.sign(unsigned)))


# --- a record under two seals -----------------------------------------------------------------


def seal_once_more(export: Path, record: bytes) -> None:
    """Adds a seal over this record, as the sealer would, and all that follows from it."""
    row = json.loads(lines_of(export / "seals.jsonl")[-1])
    moment = datetime.strptime(row["sealed_at"], STORED_MOMENT).replace(tzinfo=NOON.tzinfo)
    kept = {key: value for key, value in row.items() if key not in ("type", "version")}
    newest = json.loads((export / MANIFEST).read_bytes())["chain"]["hash"]
    before = SealRow(**(kept | {"sealed_at": moment, "hash": newest}))
    leaf = leaf_hash(record.rstrip(b"\n"))
    seal = make_seal(before, [leaf], moment, keys(2).active)
    for name, line in {
        "records.jsonl": record,
        "leaves.txt": leaf.hex().encode() + b"\n",
        "seals.jsonl": seal_line(seal).encode() + b"\n",
        "checkpoints.jsonl": checkpoint_line(seal).encode() + b"\n",
    }.items():
        with (export / name).open("ab") as file:
            file.write(line)
    write_manifest_anew(export)


def test_a_record_that_lies_under_two_seals_is_found_though_both_hold(export: Path) -> None:
    record = lines_of(export / "records.jsonl")[4]
    seal_once_more(export, record)
    code, said = checked(export)
    assert code == 1
    count = len(lines_of(export / "records.jsonl"))
    id = json.loads(record)["id"]
    assert f"records.jsonl:{count}: decision {id} is here twice: also on line 5" in said
    assert said.startswith("BROKEN: 1 finding\n")


def test_two_records_of_one_decision_are_found_though_they_differ(export: Path) -> None:
    record = json.loads(lines_of(export / "records.jsonl")[4]) | {"verdict": "allow"}
    seal_once_more(export, canonical_bytes(record) + b"\n")
    assert "is here twice: also on line 5" in checked(export)[1]


def test_a_record_that_names_no_decision_is_found(export: Path) -> None:
    record = json.loads(lines_of(export / "records.jsonl")[4])
    seal_once_more(export, canonical_bytes(record | {"id": 5}) + b"\n")
    code, said = checked(export)
    assert (code, "the record names no decision" in said) == (1, True)


def test_what_comes_twice_is_told_apart_from_what_only_begins_alike() -> None:
    one, other, third = b"aaaaaaaa", b"aaaaaaab", b"zaaaaaaa"
    repeats = Repeats()
    repeats.add(one + other)
    repeats.add(third)
    assert repeats.suspects() == set()
    repeats.add(third + b"zzzzzzzz")
    assert repeats.suspects() == {third}


# --- files and claims -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["notes.txt", "proofs.jsonl", "releases/{release}/rules/x.yaml"])
def test_a_file_that_only_the_manifest_knows_is_found(export: Path, name: str) -> None:
    (release,) = (export / "releases").iterdir()
    name = name.format(release=release.name)
    (export / name).write_bytes(b"{}\n")
    assert f"{name}: the manifest knows no such file" in checked(export)[1]
    write_manifest_anew(export)
    code, said = checked(export)
    assert code == 1
    assert f"manifest.json: names `{name}`, which is no part of an export" in said


def test_a_file_that_the_manifest_forgets_is_found(export: Path) -> None:
    (export / "verify.py").unlink()
    write_manifest_anew(export)
    assert "manifest.json: does not name `verify.py`" in checked(export)[1]


def test_an_export_of_a_part_may_not_claim_to_be_complete(
    exports: list[Path], tmp_path: Path
) -> None:
    whole = json.loads((exports[0] / MANIFEST).read_bytes())
    part = shutil.copytree(exports[1], tmp_path / "part")
    put_manifest(part, proves=whole["proves"], does_not_prove=whole["does_not_prove"])
    code, said = checked(part)
    assert code == 1
    assert "claims `proves`" in said
    assert "claims `does_not_prove`" in said


def with_other_ends(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def without_last_end(data: bytes) -> bytes:
    return data.removesuffix(b"\n")


@pytest.mark.parametrize("change", [with_other_ends, without_last_end])
@pytest.mark.parametrize("number", [0, 1])
def test_other_line_ends_and_a_last_line_cut_short_are_found_in_every_file(
    exports: list[Path], tmp_path: Path, number: int, change: Callable[[bytes], bytes]
) -> None:
    export = shutil.copytree(exports[number], tmp_path / "export")
    for path in sorted(path for path in export.rglob("*") if path.is_file()):
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert checked(export)[0] == 1, path.name
        if path.name not in (MANIFEST, "verify.py"):  # which nothing but the manifest holds
            manifest = (export / MANIFEST).read_bytes()
            write_manifest_anew(export)
            assert checked(export)[0] == 1, f"{path.name} under a new manifest"
            (export / MANIFEST).write_bytes(manifest)
        path.write_bytes(before)
    assert checked(export)[0] == 0


# --- keys and checkpoints from elsewhere ------------------------------------------------------


def test_a_key_that_was_added_signs_nothing_for_who_knows_the_first_one(export: Path) -> None:
    stranger = keys(9)
    entries = json.loads((export / "keys.json").read_bytes())
    entry = stranger.entry(NOON, [])
    entries.append(
        asdict(entry) | {"added_at": NOON.strftime(STORED_MOMENT)}
    )  # fmt: skip
    (export / "keys.json").write_bytes(pretty(entries))
    write_manifest_anew(export)
    manifest = json.loads((export / MANIFEST).read_bytes())
    unsigned = {key: value for key, value in manifest.items() if key != "signature"}
    (export / MANIFEST).write_bytes(pretty(stranger.active.sign(unsigned)))
    code, said = checked(export)
    assert code == 0  # it is a whole export of a key that nobody knows: the note says so
    assert stranger.active.id in said
    code, said = checked(export, "--key", keys(1).active.id)
    assert code == 1
    assert f"key {stranger.active.id} is none that you trust, and none vouches for it" in said


def kept(export: Path, folder: Path, first: int, last: int) -> Path:
    """Checkpoints `first` to `last`, as the service splits them over its files."""
    path = folder / f"seals-{first:012}.jsonl"
    path.write_bytes(b"".join(lines_of(export / "checkpoints.jsonl")[first - 1 : last]))
    return path


def test_each_of_several_files_of_checkpoints_is_compared(export: Path, tmp_path: Path) -> None:
    older, newer = kept(export, tmp_path, 1, 2), kept(export, tmp_path, 3, 5)
    code, said = checked(export, "--checkpoints", str(older), "--checkpoints", str(newer))
    assert code == 0, said
    assert "the checkpoints of `seals-000000000001.jsonl` reach to seal 2" in said
    assert "the checkpoints of `seals-000000000003.jsonl` reach to seal 5" in said
    newer.write_bytes(b"".join([lines_of(newer)[0], *lines_of(newer)[2:]]))
    assert (
        "checkpoint 4 should stand here, not 5" in checked(export, "--checkpoints", str(newer))[1]
    )


@pytest.mark.parametrize("content", [b"", b'{"hash":"x","seal":{}}\n'])
def test_a_file_without_checkpoints_is_not_taken_for_a_comparison(
    export: Path, tmp_path: Path, content: bytes
) -> None:
    empty = tmp_path / "kept.jsonl"
    empty.write_bytes(content)
    code, said = checked(export, "--checkpoints", str(empty))
    assert (code, "kept.jsonl: holds no checkpoint" in said) == (1, True)


def test_checkpoints_of_another_chain_are_found(
    export: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    entry = json.loads(lines_of(export / "checkpoints.jsonl")[1])
    for number in (0, -1, 2):
        seal = entry["seal"] | {"root": "0" * 64, "number": number}
        other = {"hash": contents.sha256(canonical_bytes(seal)).hexdigest(), "seal": seal}
        path = tmp_path / "kept.jsonl"
        path.write_bytes(canonical_bytes(other) + b"\n")
        code, said = checked(export, "--checkpoints", str(path))
        assert code == 1, number
    assert "seal 2 is not the one that was made: the chain is another" in said


# --- signatures -------------------------------------------------------------------------------


def test_the_last_signature_of_each_key_vouches_for_the_seals_before_it(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = chain.signature_problem

    def noted(content: Any, known: Any) -> str:
        asked.append(content["number"])
        return real(content, known)

    monkeypatch.setattr(chain, "signature_problem", noted)
    assert checked(export)[0] == 0
    by = [json.loads(line)["key"] for line in lines_of(export / "seals.jsonl")]
    assert len(by) > len(set(by)) == 2
    assert asked == [by.index(by[-1]), len(by)]  # the manifest's is asked for elsewhere


def test_a_changed_signature_is_named_though_a_later_one_holds(export: Path) -> None:
    lines = lines_of(export / "seals.jsonl")
    first, second = json.loads(lines[0]), json.loads(lines[1])
    lines[1] = canonical_bytes(second | {"signature": first["signature"]}) + b"\n"
    (export / "seals.jsonl").write_bytes(b"".join(lines))
    said = checked(export)[1]
    assert "seals.jsonl:2: seal 2: its signature is not valid" in said
    assert "seals.jsonl:3: seal 3: does not name the seal before it" in said


# --- where no other process can help ----------------------------------------------------------


class Unstarted:
    """What ProcessPoolExecutor is on a system that cannot start processes."""

    def __init__(self, _processes: int) -> None:
        raise NotImplementedError("this system has no semaphores")


class Lost:
    """A pool whose processes were killed: the first block fails late, the rest cannot begin."""

    def __init__(self, _processes: int) -> None:
        self.begun = 0

    def __enter__(self) -> "Lost":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def submit(self, *_: object) -> "Future[Any]":
        self.begun += 1
        if self.begun > 1:
            raise BrokenExecutor("a process was killed")
        lost: Future[Any] = Future()
        lost.set_exception(BrokenExecutor("a process was killed"))
        return lost


@pytest.mark.parametrize("pool", [Unstarted, Lost])
def test_a_large_export_is_read_alone_where_processes_are_missing(
    export: Path, monkeypatch: pytest.MonkeyPatch, pool: type
) -> None:
    lines = lines_of(export / "records.jsonl")
    lines[70] = lines[70].replace(b'"review"', b'"allow"', 1)
    lines[80] = b"{}\n"
    (export / "records.jsonl").write_bytes(b"".join(lines))
    alone = checked(export)
    assert (alone[0], "records.jsonl:81: " in alone[1]) == (1, True)
    monkeypatch.setattr(contents, "BLOCK_BYTES", 10_000)
    monkeypatch.setattr(contents, "ALONE_BYTES", 0)
    monkeypatch.setattr(contents.os, "cpu_count", lambda: 2)
    assert checked(export) == alone  # by processes
    monkeypatch.setattr(contents, "ProcessPoolExecutor", pool)
    assert checked(export) == alone


def test_blocks_end_where_lines_end_whatever_their_size(export: Path) -> None:
    path = export / "records.jsonl"
    data = path.read_bytes()
    for size in (1, 7, 1_000, len(data) - 1, len(data), len(data) + 1):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(contents, "BLOCK_BYTES", size)
            blocks = list(contents._blocks(path))
        parts = [data[begin : begin + length] for begin, length in blocks]
        assert b"".join(parts) == data
        assert all(part.endswith(b"\n") for part in parts)
