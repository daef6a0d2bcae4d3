"""The manifest: what an export claims to be, with the hash of each of its files, signed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api.record.verifier.chain import signature_problem
from api.record.verifier.ed25519 import PublicKey
from api.record.verifier.findings import Findings
from api.record.verifier.folder import file_hash
from api.record.verifier.json_form import parse_pretty, shaped

MANIFEST = "manifest.json"
MANIFEST_TYPE = "esa-policy export"
MANIFEST_SHAPE: dict[str, type | tuple[type, ...]] = {
    "type": str, "version": int, "scope": dict, "exported_at": str, "records": int,
    "chain": dict, "checkpoints": int, "unsealed": int, "complete_seals": list, "releases": int,
    "files": dict, "proves": list, "does_not_prove": list, "key": str, "signature": str,
}  # fmt: skip
SCOPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "all": {"kind": str},
    "account": {"kind": str, "account_id": str},
    "period": {"kind": str, "first": str, "end": str, "since": str, "until": str},
}

_SIGNED = "each record is, byte for byte, the one that was sealed; the seals are signed"


def proven(kind: str) -> list[str]:
    """Sentences for people, true of every export of this kind of scope that holds."""
    if kind == "all":
        return [
            _SIGNED,
            "the record is complete up to the newest seal: nothing was removed, added or moved",
        ]
    return [
        _SIGNED,
        "of the seals under `complete_seals` every record is here, so none of them is missing",
    ]


def not_proven(kind: str, unsealed: int) -> list[str]:
    """The same for what nobody should conclude."""
    sentences = [
        f"{unsealed} records were not sealed yet when this was exported and are not in it",
        "that no seal came after the newest one here: compare checkpoints kept elsewhere",
    ]
    if kind != "all":
        sentences.append(
            "of the other seals, each record here is proven to be part of the record, but not "
            "that no further record of this scope is under the same seal"
        )
    return sentences


def read_manifest(folder: Path, found: Findings) -> dict[str, Any] | None:
    """The manifest, or None where there is none that says what the export is."""
    path = folder / MANIFEST
    try:
        manifest = shaped(parse_pretty(path.read_bytes()), MANIFEST_SHAPE)
        if (manifest["type"], manifest["version"]) != (MANIFEST_TYPE, 1):
            raise ValueError("is of another type or version")
        scope = manifest["scope"]
        shaped(scope, SCOPES.get(scope.get("kind", ""), {"kind": str, "known kind": str}))
        shaped(manifest["chain"], {"seals": int, "records": int, "hash": str})
        return manifest
    except OSError:
        found.add(MANIFEST, "the file is missing")
    except (ValueError, TypeError) as error:
        found.add(MANIFEST, str(error))
    return None


def check_files(folder: Path, manifest: Mapping[str, Any], found: Findings) -> None:
    """Exactly the files of the manifest are here, and each has the hash that it names."""
    claimed = manifest["files"]
    here = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    } - {MANIFEST}
    for name in sorted(here - set(claimed)):
        if "/" not in name and name.startswith("."):
            found.note(f"`{name}` is no part of the export")
        else:
            found.add(name, "the manifest knows no such file")
    for name, about in sorted(claimed.items()):
        if name not in here:
            found.add(name, "the file is missing")
            continue
        try:
            claim = shaped(about, {"bytes": int, "sha256": str})
        except ValueError as error:
            found.add(MANIFEST, f"`{name}` {error}")
            continue
        path = folder / name
        if path.stat().st_size != claim["bytes"] or file_hash(path) != claim["sha256"]:
            found.add(name, "the file is not the one that was exported")


def check_names(manifest: Mapping[str, Any], expected: set[str], found: Findings) -> None:
    """The manifest names the files of an export and no others, even where its hashes fit."""
    for name in sorted(set(manifest["files"]) - expected):
        found.add(MANIFEST, f"names `{name}`, which is no part of an export")
    for name in sorted(expected - set(manifest["files"])):
        found.add(MANIFEST, f"does not name `{name}`")


def check_signature(
    manifest: Mapping[str, Any], keys: Mapping[str, PublicKey], found: Findings
) -> None:
    """The manifest was signed with one of the keys that sign seals."""
    problem = signature_problem(manifest, keys)
    if problem:
        found.add(MANIFEST, problem)


def check_claims(
    manifest: Mapping[str, Any], actual: Mapping[str, object], found: Findings
) -> None:
    """What the manifest claims is what is here."""
    for name, value in actual.items():
        if manifest[name] != value:
            found.add(
                MANIFEST,
                f"claims `{name}` {str(manifest[name])[:100]}, but here is {str(value)[:100]}",
            )
