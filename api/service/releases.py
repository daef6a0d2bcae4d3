"""Releases: stored by their content, and put in force by publishing.

Stored ones never change, so that every decision can be explained under the release that made it.
The newest publication is in force; publishing an older release again takes a newer one back.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from api.errors import Refusal, problem
from api.service import needs
from api.service.history import emit
from api.service.parts import Caller, Parts, system
from api.store.records import ReleaseRow
from api.store.transaction import Transaction
from engine.language.model import Release
from engine.watch.watcher import Watcher

HISTORY: Final = 200
LOOK_AFTER: Final = timedelta(seconds=2)
"""How long a process may go on with a release after another one was published."""


def store(parts: Parts, tx: Transaction, release: Release) -> str:
    """Stores a release unless it is stored already; its hash."""
    tx.releases.keep(
        ReleaseRow(release.hash, release.semantics_version, parts.clock()), release.files
    )
    return release.hash


def publish(
    parts: Parts, tx: Transaction, release: Release, caller: Caller | None = None, note: str = ""
) -> str:
    """Stores a release and puts it in force, unless it is in force already; its hash.

    Refusal INVALID_REQUEST with a detail for each thing that the service would miss in it.
    """
    lacking = needs.lacking(release)
    if lacking:
        raise Refusal(
            "INVALID_REQUEST",
            f"the service cannot run on release {release.short}: {'; '.join(lacking)}",
            [problem("release", said) for said in lacking],
        )
    by = caller or system("service")
    store(parts, tx, release)
    newest = tx.publications.newest()
    if newest is None or newest.release_id != release.hash:
        tx.publications.put(release.hash, parts.clock(), by.id, note)
        data = {"release": release.hash, "semantics_version": release.semantics_version}
        emit(parts, tx, f"release:{release.hash}", "ReleasePublished", by, data)
    return release.hash


def follow(parts: Parts, tx: Transaction) -> Parts:
    """These parts, or new ones with the release that is in force when it has changed."""
    newest = tx.publications.newest()
    if newest is None or newest.release_id == parts.decider.release.hash:
        return parts
    decider = parts.archive.decider(tx, newest.release_id)
    return replace(parts, decider=decider, watcher=Watcher(decider.release, decider))


class Follower:
    """Keeps a process at the published release: looks again once LOOK_AFTER has passed.

    A use case gets one `Parts` and keeps it, so no decision is made by two releases.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._looked: datetime | None = None

    def is_due(self) -> bool:
        """Whether the database was not asked for LOOK_AFTER."""
        if self._looked is None:
            return True
        return not timedelta(0) <= self.parts.clock() - self._looked < LOOK_AFTER

    def look(self) -> Parts:
        """The parts with the published release; the database is asked once in LOOK_AFTER."""
        if self.is_due():
            self._looked = self.parts.clock()
            with self.parts.database.read() as tx:
                self.parts = follow(self.parts, tx)
        return self.parts


def history(parts: Parts, tx: Transaction) -> dict[str, Any]:
    """The publications, newest first; the first one is in force."""
    rows = tx.publications.history(HISTORY)
    return {
        "in_force": rows[0].release_id if rows else None,
        "items": [
            {
                "release": row.release_id,
                "published_at": row.published_at.isoformat(),
                "published_by": row.published_by,
                "note": row.note,
            }
            for row in rows
        ],
    }


def show(parts: Parts, tx: Transaction, release_id: str) -> dict[str, Any]:
    """A stored release: its decisions, parameters and sources. Refusal NOT_FOUND."""
    release = parts.archive.decider(tx, release_id).release
    newest = tx.publications.newest()
    return {
        "release": release.hash,
        "semantics_version": release.semantics_version,
        "in_force": newest is not None and newest.release_id == release.hash,
        "decisions": {
            name: {
                "question": point.question,
                "anchor": point.anchor,
                "answers": {answer: kind.kind for answer, kind in point.answers.items()},
                "rules": list(point.rules),
                "reasons": list(point.reasons),
            }
            for name, point in release.decisions.items()
        },
        "parameters": {
            name: {
                "title": parameter.title,
                "unit": parameter.unit,
                "values": [
                    {"since": dated.since.isoformat(), "standing": dated.standing}
                    for dated in parameter.values
                ],
            }
            for name, parameter in release.parameters.items()
        },
        "files": sorted(release.files),
    }


def file(parts: Parts, tx: Transaction, release_id: str, path: str) -> bytes:
    """One file of a stored release, as it was written. Refusal NOT_FOUND."""
    files = tx.releases.files(release_id)
    if path not in files:
        raise Refusal(
            "NOT_FOUND",
            f"no file `{path[:120]}` in release `{release_id[:12]}`",
            [problem("path", "unknown", "GET /v1/policies/{release} lists the files")],
        )
    return files[path]
