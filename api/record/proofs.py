"""The proof that one decision is part of the sealed record."""

from dataclasses import asdict
from typing import Any, Final

from api.errors import Refusal, problem
from api.record.merkle import Tree
from api.record.seals import seal_json
from api.store.columns import STORED_MOMENT
from api.store.transaction import Transaction

SCHEMA: Final = 1
_SOON: Final = "seals are made every few seconds; ask again"


def inclusion_proof(tx: Transaction, decision_id: str) -> dict[str, Any]:
    """The decision's record as it was sealed, and the path from it to a signed seal.

    `record` is the canonical JSON as a text: its leaf hash is SHA-256(0x00 || record), and `path`
    leads from leaf `index` of `tree_size` to the seal's `root`. Refusal STATE_CONFLICT while the
    decision waits for its seal.
    """
    place = tx.sealed_records.of_decision(decision_id)
    seal = tx.seals.numbered(place.seal) if place is not None else None
    if place is None or seal is None:
        raise Refusal(
            "STATE_CONFLICT",
            f"decision `{decision_id[:64]}` is not sealed yet",
            [problem("decision_id", "waits for its seal", _SOON)],
        )
    key = tx.seal_keys.get(seal.key)
    index = place.sequence - seal.first
    tree = Tree(tx.sealed_records.leaves(seal.first, seal.last))
    return {
        "schema": SCHEMA,
        "decision_id": decision_id,
        "sequence": place.sequence,
        "record": tx.sealed_records.text(decision_id),
        "leaf": place.leaf.hex(),
        "index": index,
        "tree_size": seal.size,
        "path": [step.hex() for step in tree.path(index)],
        "seal": seal_json(seal),
        "seal_hash": seal.hash,
        "key": asdict(key) | {"added_at": key.added_at.strftime(STORED_MOMENT)} if key else None,
    }
