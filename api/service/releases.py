"""Published releases, stored by their content so that old decisions can be explained."""

from api.service.history import emit
from api.service.parts import Parts, system
from api.store.records import ReleaseRow
from api.store.transaction import Transaction
from engine.language.model import Release


def publish(parts: Parts, tx: Transaction, release: Release) -> str:
    """Stores a release unless it is stored already; its hash."""
    row = ReleaseRow(release.hash, release.semantics_version, parts.clock())
    if tx.releases.keep(row, release.files):
        data = {"release": release.hash, "semantics_version": release.semantics_version}
        emit(parts, tx, f"release:{release.hash}", "ReleasePublished", system("service"), data)
    return release.hash
