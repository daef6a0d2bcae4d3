"""Changes exports at random, thousands of times, and holds that every change is found.

    PYTHONPATH=tests python -m support.torture_export --mutations 10000 --seed 1

Half of the changes are made by somebody clumsy, who leaves the manifest as it is. The other half
are made by somebody who holds the key that signs manifests and writes a new one that fits: then
the seals, the leaves, the paths and the checkpoints alone must tell. Exits 1 at the first change
that goes unnoticed, naming it.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from support.sealed_records import Record, add_account, keys, make_record

from api.record.canonical import canonical_bytes
from api.record.export_scope import ALL, Scope, account_scope, period_scope
from api.record.verifier import chain, command, ed25519
from api.record.verifier.findings import Findings
from api.record.verifier.folder import file_hash
from api.record.verifier.json_form import pretty
from api.store.database import Database
from api.store.migration import migrate

MANIFEST = "manifest.json"
SEALED_BY_THEMSELVES = ("records.jsonl", "seals.jsonl", "leaves.txt", "proofs.jsonl")
"""Files of which every byte is held by signed seals, whatever the manifest says."""

Change = Callable[[random.Random, Path], str | None]
"""Changes an export; says what it did, or None where it would have changed nothing."""


class Slip(AssertionError):
    """A change that was not found."""


# --- the exports ------------------------------------------------------------------------------


def make_exports(folder: Path) -> list[Path]:
    """An export of everything, one of an account and one of a period, over 90 records."""
    database = Database(f"sqlite:///{folder / 'esa.db'}")
    migrate(database)
    record = make_record(database, folder, small_release=True)
    account = add_account(record, "account-1")
    for number, held in enumerate((keys(1), keys(1), keys(1, 2), keys(2))):
        record.add(12)
        record.add(11 + number, account_id=account)
        record.clock.advance(days=1)
        record.sealer(keys=held, batch=16).run()
    day = record.template.asked_at.date()
    scopes: dict[str, Scope] = {
        "all": ALL,
        "account": account_scope(account),
        "period": period_scope(day, day, _zone()),
    }
    made = [_exported(record, name, scope) for name, scope in scopes.items()]
    database.close()
    return made


def _zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("America/New_York")


def _exported(record: Record, name: str, scope: Scope) -> Path:
    if name == "period":  # some of the records alone, so that seals at its ends are parts
        part = scope.part
        cut = type(part)(first=part.first, end=record.template.asked_at.replace(second=40))
        scope = Scope(cut, scope.since, scope.until)
    return record.export(name, scope, keys=keys(2))


def lines_of(path: Path) -> list[bytes]:
    """The lines of a file, each with its end."""
    return path.read_bytes().splitlines(keepends=True)


# --- changes ----------------------------------------------------------------------------------


def flip_a_byte(chance: random.Random, export: Path) -> str | None:
    path = _some_file(chance, export)
    data = bytearray(path.read_bytes())
    if not data:
        return None
    place = chance.randrange(len(data))
    data[place] ^= chance.randrange(1, 256)
    path.write_bytes(data)
    return f"byte {place} of {path.name} flipped"


def drop_a_byte(chance: random.Random, export: Path) -> str | None:
    path = _some_file(chance, export)
    data = path.read_bytes()
    if not data:
        return None
    place = chance.randrange(len(data))
    path.write_bytes(data[:place] + data[place + 1 :])
    return f"byte {place} of {path.name} dropped"


def add_a_byte(chance: random.Random, export: Path) -> str | None:
    path = _some_file(chance, export)
    data = path.read_bytes()
    place = chance.randrange(len(data) + 1)
    path.write_bytes(data[:place] + bytes([chance.randrange(256)]) + data[place:])
    return f"a byte added at {place} of {path.name}"


def cut_a_file(chance: random.Random, export: Path) -> str | None:
    path = _some_file(chance, export)
    data = path.read_bytes()
    if not data:
        return None
    place = chance.randrange(len(data))
    path.write_bytes(data[:place])
    return f"{path.name} cut at {place}"


def drop_a_file(chance: random.Random, export: Path) -> str | None:
    path = _some_file(chance, export)
    path.unlink()
    return f"{path.name} dropped"


def add_a_file(chance: random.Random, export: Path) -> str | None:
    path = _some_file(chance, export)
    path.with_name(f"{path.stem}-{chance.randrange(99)}{path.suffix}").write_bytes(b"{}\n")
    return f"a file added beside {path.name}"


def exchange_files(chance: random.Random, export: Path) -> str | None:
    one, other = _some_file(chance, export), _some_file(chance, export)
    first, second = one.read_bytes(), other.read_bytes()
    if first == second:
        return None
    one.write_bytes(second)
    other.write_bytes(first)
    return f"{one.name} and {other.name} exchanged"


def drop_a_line(chance: random.Random, export: Path) -> str | None:
    path, lines = _some_lines(chance, export)
    place = chance.randrange(len(lines))
    return _put(path, lines[:place] + lines[place + 1 :], f"line {place + 1} dropped")


def drop_lines(chance: random.Random, export: Path) -> str | None:
    path, lines = _some_lines(chance, export)
    first, last = sorted(chance.choices(range(len(lines)), k=2))
    return _put(path, lines[:first] + lines[last + 1 :], f"lines {first + 1} to {last + 1} dropped")


def repeat_a_line(chance: random.Random, export: Path) -> str | None:
    path, lines = _some_lines(chance, export)
    place, target = chance.randrange(len(lines)), chance.randrange(len(lines) + 1)
    return _put(
        path, [*lines[:target], lines[place], *lines[target:]], f"line {place + 1} repeated"
    )


def exchange_lines(chance: random.Random, export: Path) -> str | None:
    path, lines = _some_lines(chance, export)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    if lines[one] == lines[other]:
        return None
    lines[one], lines[other] = lines[other], lines[one]
    return _put(path, lines, f"lines {one + 1} and {other + 1} exchanged")


def edit_a_value(chance: random.Random, export: Path) -> str | None:
    """A value somewhere in a line becomes another one; the line stays canonical."""
    path, lines = _some_lines(chance, export, ".jsonl")
    place = chance.randrange(len(lines))
    entry = json.loads(lines[place])
    before = canonical_bytes(entry)
    what = _edit(chance, entry)
    if canonical_bytes(entry) == before:
        return None
    lines[place] = canonical_bytes(entry) + b"\n"
    return _put(path, lines, f"{what} of line {place + 1} edited")


def edit_a_list(chance: random.Random, export: Path) -> str | None:
    """The same in the manifest or in the keys, which are written for people."""
    path = export / chance.choice([MANIFEST, "keys.json"])
    entry = json.loads(path.read_bytes())
    before = pretty(entry)
    what = _edit(chance, entry)
    if pretty(entry) == before:
        return None
    path.write_bytes(pretty(entry))
    return f"{what} of {path.name} edited"


def forge_a_record(chance: random.Random, export: Path) -> str | None:
    """A record is changed, and everything above it that needs no key is made to fit."""
    scope = json.loads((export / MANIFEST).read_bytes())["scope"]["kind"]
    if scope != "all":
        return None
    records = (export / "records.jsonl").read_bytes().splitlines()
    place = chance.randrange(len(records))
    entry = json.loads(records[place])
    entry["verdict"] = chance.choice(["allow", "deny", "incomplete"])
    records[place] = canonical_bytes(entry)
    (export / "records.jsonl").write_bytes(b"\n".join(records) + b"\n")
    _seal_anew(export, records)
    return f"record {place + 1} forged up to the signatures"


def drop_the_end(chance: random.Random, export: Path) -> str | None:
    """The newest seals go with their records, and with them what tells of their number."""
    seals = (export / "seals.jsonl").read_bytes().splitlines(keepends=True)
    kept = chance.randrange(len(seals))
    last = json.loads(seals[kept - 1])["last"] if kept else 0
    (export / "seals.jsonl").write_bytes(b"".join(seals[:kept]))
    if (export / "proofs.jsonl").is_file():
        proofs = (export / "proofs.jsonl").read_bytes().splitlines(keepends=True)
        count = sum(json.loads(proof)["sequence"] <= last for proof in proofs)
        (export / "proofs.jsonl").write_bytes(b"".join(proofs[:count]))
    else:
        count = last
        leaves = (export / "leaves.txt").read_bytes().splitlines(keepends=True)
        (export / "leaves.txt").write_bytes(b"".join(leaves[:count]))
    records = (export / "records.jsonl").read_bytes().splitlines(keepends=True)
    (export / "records.jsonl").write_bytes(b"".join(records[:count]))
    return f"everything after seal {kept} dropped"


CLUMSY: tuple[Change, ...] = (
    flip_a_byte, flip_a_byte, drop_a_byte, add_a_byte, cut_a_file, drop_a_file, add_a_file,
    exchange_files, drop_a_line, drop_lines, repeat_a_line, exchange_lines, edit_a_value,
    edit_a_value, edit_a_list, forge_a_record, drop_the_end,
)  # fmt: skip
SKILLED: tuple[Change, ...] = (
    drop_a_line, drop_lines, repeat_a_line, exchange_lines, edit_a_value, edit_a_value,
    flip_a_byte, drop_a_byte, add_a_byte, cut_a_file, forge_a_record, drop_the_end,
)  # fmt: skip


def _seal_anew(export: Path, records: list[bytes]) -> None:
    from api.record.verifier.tree import leaf_hash, root_of

    leaves = [leaf_hash(record) for record in records]
    (export / "leaves.txt").write_bytes(b"".join(f"{leaf.hex()}\n".encode() for leaf in leaves))
    previous, lines = chain.GENESIS, []
    for line in (export / "seals.jsonl").read_bytes().splitlines():
        seal = json.loads(line)
        seal["root"] = root_of(leaves[seal["first"] - 1 : seal["last"]]).hex()
        seal["previous"] = previous
        lines.append(canonical_bytes(seal))
        previous = chain.sha256(lines[-1]).hexdigest()
    (export / "seals.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    manifest = json.loads((export / MANIFEST).read_bytes())
    manifest["chain"]["hash"] = previous
    (export / MANIFEST).write_bytes(pretty(manifest))
    checkpoints = [{"hash": chain.sha256(line).hexdigest(), "seal": json.loads(line)}
                   for line in lines]  # fmt: skip
    (export / "checkpoints.jsonl").write_bytes(
        b"".join(canonical_bytes(one) + b"\n" for one in checkpoints)
    )


def _edit(chance: random.Random, entry: Any) -> str:
    """Changes one value at any depth."""
    places: list[tuple[Any, Any]] = []
    todo = [entry]
    while todo:
        node = todo.pop()
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                todo.append(node[key])
    node, key = chance.choice(places)
    value = node[key]
    if chance.random() < 0.15:
        del node[key]
    elif isinstance(value, bool) or value is None:
        node[key] = not value
    elif isinstance(value, int):
        node[key] = value + chance.choice([-1, 1, 1000])
    elif isinstance(value, str) and value:
        place = chance.randrange(len(value))
        node[key] = value[:place] + chance.choice("0aZ-") + value[place + 1 :]
    else:
        node[key] = "x"
    return f"`{key}`"


def _some_file(chance: random.Random, export: Path) -> Path:
    return chance.choice(sorted(path for path in export.rglob("*") if path.is_file()))


def _some_lines(chance: random.Random, export: Path, *kinds: str) -> tuple[Path, list[bytes]]:
    wanted = kinds or (".jsonl", ".txt")
    paths = [path for path in sorted(export.iterdir()) if path.suffix in wanted]
    path = chance.choice([path for path in paths if path.stat().st_size])
    return path, path.read_bytes().splitlines(keepends=True)


def _put(path: Path, lines: list[bytes], what: str) -> str:
    path.write_bytes(b"".join(lines))
    return f"{path.name}: {what}"


# --- one change at a time ---------------------------------------------------------------------


@contextmanager
def _restored(export: Path) -> Iterator[None]:
    """Puts every file back as it was."""
    before = {path: path.read_bytes() for path in export.rglob("*") if path.is_file()}
    try:
        yield
    finally:
        for path in [path for path in export.rglob("*") if path.is_file()]:
            if path not in before:
                path.unlink()
        for path, data in before.items():
            if not path.is_file() or path.read_bytes() != data:
                path.write_bytes(data)


def write_manifest_anew(export: Path) -> None:
    """A manifest that fits whatever is there now, signed with the real key."""
    manifest = json.loads((export / MANIFEST).read_bytes())
    names = [
        path.relative_to(export).as_posix() for path in export.rglob("*")
        if path.is_file() and path.name != MANIFEST
    ]  # fmt: skip
    manifest["files"] = {
        name: {"bytes": (export / name).stat().st_size, "sha256": file_hash(export / name)}
        for name in names
    }
    claims: dict[str, Any] = {}

    def note(_manifest: object, actual: dict[str, Any], _found: object) -> None:
        claims.update(actual)

    real, command.check_claims = command.check_claims, note  # type: ignore[assignment]  # to learn what would fit
    try:
        (export / MANIFEST).write_bytes(pretty(manifest))
        command.verify(export, Findings())
    finally:
        command.check_claims = real
    unsigned = {key: value for key, value in (manifest | claims).items() if key != "signature"}
    (export / MANIFEST).write_bytes(pretty(keys(2).active.sign(unsigned)))


def attempt(chance: random.Random, export: Path, *, skilled: bool) -> str | None:
    """Makes one change and checks the export; what was changed, or None if nothing was.

    Slip where the check does not find it.
    """
    change = chance.choice(SKILLED if skilled else CLUMSY)
    with _restored(export):
        what = change(chance, export)
        if what is None or (skilled and not _is_held_by_seals(what, change)):
            return None
        if skilled:
            write_manifest_anew(export)
        found = Findings()
        command.verify(export, found, keys=[keys(1).active.id])
        if not [place for place, _ in found.shown if not (skilled and place == MANIFEST)]:
            raise Slip(f"{export.name}, {change.__name__}: {what}")
        return change.__name__


def _is_held_by_seals(what: str, change: Change) -> bool:
    """Whether the seals alone must tell. A key's label, say, is held by the manifest only."""
    if change in (forge_a_record, drop_the_end):
        return True
    return any(name in what for name in SEALED_BY_THEMSELVES)


def run(
    exports: list[Path], mutations: int, seed: int, tell: Callable[[int], None] = lambda done: None
) -> Counter[str]:
    """That many changes, each found; how many of each kind. Slip for one that was not."""
    made: Counter[str] = Counter()
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    with _remembered_keys():
        for export in exports:
            found = Findings()
            with _restored(export):
                write_manifest_anew(export)  # or the skilled ones would be found by their hand
                command.verify(export, found, keys=[keys(1).active.id])
            assert not found.count, found.shown
        while made.total() < mutations:
            skilled = chance.random() < 0.5
            kind = attempt(chance, chance.choice(exports), skilled=skilled)
            if kind is not None:
                made[f"{'skilled' if skilled else 'clumsy'} {kind}"] += 1
                tell(made.total())
    return made


@contextmanager
def _remembered_keys() -> Iterator[None]:
    """The tables of a public key are made once, not once a check."""
    real = chain.PublicKey
    chain.PublicKey = cache(ed25519.PublicKey)  # type: ignore[assignment, misc]  # same results
    try:
        yield
    finally:
        chain.PublicKey = real  # type: ignore[misc]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="esa-torture-"))

    def tell(done: int) -> None:
        if done % 100 == 0:
            print(f"\r{done} changes", end="", file=sys.stderr)

    try:
        made = run(make_exports(folder), asked.mutations, asked.seed, tell)
    except Slip as slip:
        print(f"\nnot found: {slip}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{made.total()} changes, every one found")
    for kind, count in sorted(made.items()):
        print(f"  {kind}: {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
