"""Releases: the policy files that decided, each set found under the hash of its content."""

from collections.abc import Mapping
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


def check_releases(folder: Path, found: Findings) -> dict[str, list[str]]:
    """The releases of an export, and where the files of each lie whose files give its hash."""
    known: dict[str, list[str]] = {}
    newest = ""
    for where, _, entry in objects_of(folder / RELEASES, found):
        try:
            release = shaped(entry, RELEASE_SHAPE)
            if release["id"] <= newest:
                raise ValueError("the releases are out of order")
            newest = release["id"]
            known[newest] = []
            places = _places(release)
            known[newest] = list(places.values())
            files = {path: (folder / place).read_bytes() for path, place in places.items()}
            if hash_of_files(release["semantics_version"], files) != newest:
                raise ValueError(f"the files of release {newest[:64]} were changed")
        except (ValueError, OSError) as error:
            found.add(where, str(error))
    return known


def _places(release: Mapping[str, Any]) -> dict[str, str]:
    """Where each file of a release lies in the export."""
    paths = release["files"]
    if not all(type(path) is str for path in paths) or paths != sorted(set(paths)):
        raise ValueError("the files of the release are not a sorted list of paths")
    return {path: file_of(release["id"], path) for path in paths}


def hash_of_files(semantics_version: str, files: Mapping[str, bytes]) -> str:
    """SHA-256 over the semantics version, then path and content of each file by path, each
    preceded by its length in eight bytes."""
    parts = [semantics_version.encode()]
    for path in sorted(files):
        parts += [path.encode(), files[path]]
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
