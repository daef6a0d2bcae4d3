"""The command: checks an export and says what holds, what does not, and what is not proven."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from api.record.verifier.chain import (
    GENESIS,
    KEYS,
    SealedRange,
    check_checkpoints,
    check_kept,
    check_keys,
    check_seals,
    read_keys,
)
from api.record.verifier.contents import RECORDS, Contents, Rules
from api.record.verifier.findings import SHOWN, Findings
from api.record.verifier.folder import objects_of
from api.record.verifier.manifest import (
    MANIFEST,
    check_claims,
    check_files,
    check_names,
    check_signature,
    not_proven,
    proven,
    read_manifest,
)
from api.record.verifier.records import LEAVES, PROOFS, check_part, check_whole, ranges_of
from api.record.verifier.releases import RELEASES, check_releases

HOLDS, BROKEN, UNUSABLE = 0, 1, 2
SEALS = "seals.jsonl"
CHECKPOINTS = "checkpoints.jsonl"
SCRIPT = "verify.py"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: everything holds. 1: something was found. 2: this is no export."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description="Checks an export of recorded decisions, offline: 0 = holds, 1 = broken.",
    )
    parser.add_argument("export", nargs="?", type=Path, default=Path(__file__).parent)
    parser.add_argument(
        "--key", action="append", default=[], metavar="ID",
        help="the id of a seal key that you know from elsewhere; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--checkpoints", type=Path, action="append", default=[], metavar="FILE",
        help="checkpoints that you keep yourself; may be repeated",
    )  # fmt: skip
    asked = parser.parse_args(arguments)
    if not (asked.export / MANIFEST).is_file() and not (asked.export / SEALS).is_file():
        sys.stderr.write(f"{asked.export} is no export: it holds no {MANIFEST}\n")
        return UNUSABLE
    found = Findings()
    summary = verify(asked.export, found, keys=asked.key, checkpoints=asked.checkpoints)
    sys.stdout.write("\n".join(report(found, summary)) + "\n")
    return BROKEN if found.count else HOLDS


def verify(
    folder: Path, found: Findings, keys: Sequence[str] = (), checkpoints: Sequence[Path] = ()
) -> list[str]:
    """Checks everything and adds what it finds; gives the sentences of what was checked.

    keys: ids of seal keys that are trusted. checkpoints: further files of checkpoints.
    """
    manifest = read_manifest(folder, found)
    if manifest is None:
        return []
    check_files(folder, manifest, found)
    known = check_keys(read_keys(folder, found), keys, found)
    check_signature(manifest, known, found)
    seals = check_seals(objects_of(folder / SEALS, found), known, found)
    last = check_checkpoints(objects_of(folder / CHECKPOINTS, found), seals, found)
    kept = [check_kept(path, seals, found) for path in checkpoints]
    releases = check_releases(folder, found)
    check_names(manifest, _names(manifest, releases), found)
    contents = Contents(folder, Rules(frozenset(releases), manifest["scope"]), found)
    if manifest["scope"]["kind"] == "all":
        check_whole(folder, seals, contents, found, _progress(manifest))
        complete = ranges_of([seal.number for seal in seals])
    else:
        complete = check_part(folder, seals, contents, found, _progress(manifest))
    kind = manifest["scope"]["kind"]
    actual = {
        "proves": proven(kind),
        "does_not_prove": not_proven(kind, manifest["unsealed"]),
        "records": contents.count,
        "chain": chain_of(seals),
        "checkpoints": last,
        "complete_seals": complete,
        "releases": len(releases),
    }
    check_claims(manifest, actual, found)
    return [*_summary(manifest, seals, last, contents.count), *kept]


def _names(manifest: Mapping[str, Any], releases: Mapping[str, Sequence[str]]) -> set[str]:
    """The files that an export of this scope with these releases has, besides the manifest."""
    proofs = LEAVES if manifest["scope"]["kind"] == "all" else PROOFS
    own = {RECORDS, proofs, SEALS, CHECKPOINTS, KEYS, RELEASES, SCRIPT}
    return own.union(*releases.values())


def chain_of(seals: Sequence[SealedRange]) -> dict[str, object]:
    """What a manifest says of the chain."""
    newest = seals[-1] if seals else None
    return {
        "seals": len(seals),
        "records": newest.last if newest else 0,
        "hash": newest.hash if newest else GENESIS,
    }


def _summary(
    manifest: dict[str, Any], seals: Sequence[SealedRange], last: int, records: int
) -> list[str]:
    chain = chain_of(seals)
    return [
        f"{records:,} records under {len(seals):,} seals, which seal {chain['records']:,} in all",
        f"newest seal {chain['seals']}: {chain['hash']}",
        f"checkpoints from outside the database reach to seal {last}",
        *(f"proven: {text}" for text in manifest["proves"]),
        *(f"not proven: {text}" for text in manifest["does_not_prove"]),
    ]


def report(found: Findings, summary: Sequence[str]) -> list[str]:
    """The verdict in the first line, then what and where, then what was checked."""
    plural = "" if found.count == 1 else "s"
    lines = [f"BROKEN: {found.count:,} finding{plural}" if found.count else "HOLDS"]
    lines += [f"  {place}: {message}" for place, message in found.shown]
    if found.count > SHOWN:
        lines.append(f"  ... and {found.count - SHOWN:,} more")
    if not found.count:
        lines += [f"  {text}" for text in summary]
    return lines + [f"  note: {text}" for text in found.notes]


def _progress(manifest: dict[str, Any]) -> Any:
    if not sys.stderr.isatty():
        return lambda count: None

    def tell(count: int) -> None:
        sys.stderr.write(f"\r{count:,} of {manifest['records']:,} records")

    return tell
