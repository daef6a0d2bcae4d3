"""Releases: the policy files that decided, each set found under the hash of its content."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from api.record.verifier.findings import Findings
from api.record.verifier.folder import objects_of
from api.record.verifier.json_form import shaped

RELEASES = "releases.jsonl"
RELEASE_SHAPE: dict[str, type | tuple[type, ...]] = {
    "id": str, "semantics_version": str, "published_at": str, "files": list,
}  # fmt: skip


def check_releases(folder: Path, found: Findings) -> list[str]:
    """The releases of an export whose files give their hash."""
    known: list[str] = []
    for where, _, entry in objects_of(folder / RELEASES, found):
        try:
            release = shaped(entry, RELEASE_SHAPE)
            if known and release["id"] <= known[-1]:
                raise ValueError("the releases are out of order")
            known.append(release["id"])
            if release_hash(folder, release) != release["id"]:
                raise ValueError(f"the files of release {release['id'][:64]} were changed")
        except (ValueError, OSError) as error:
            found.add(where, str(error))
    return known


def release_hash(folder: Path, release: dict[str, Any]) -> str:
    """SHA-256 over the semantics version, then path and content of each file by path, each
    preceded by its length in eight bytes."""
    paths = release["files"]
    if not all(type(path) is str for path in paths) or paths != sorted(set(paths)):
        raise ValueError("the files of the release are not a sorted list of paths")
    parts = [release["semantics_version"].encode()]
    for path in paths:
        parts += [path.encode(), (folder / file_of(release["id"], path)).read_bytes()]
    digest = sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def file_of(release: str, path: str) -> str:
    """Where a release's file lies in the export; ValueError for a path that leads out of it."""
    parts = [release, *path.split("/")]
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise ValueError(f"`{path[:100]}` is no path inside a release")
    return "/".join(["releases", *parts])
