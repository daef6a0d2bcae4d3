"""Rotation: data keys are wrapped anew under the newest master key, and indexes follow.

What is sealed stays as it is: only the wrapping of data keys changes, so a rotation costs as much
as there are people, not as much as there are records. When it is through, older master keys can
be taken out of the file.
"""

from collections.abc import Callable
from typing import Any, Final

from api.privacy.envelope import Place
from api.service.parts import Parts
from api.store.records import DataKeyRow
from api.store.transaction import Transaction

CHUNK: Final = 200
"""Keys a transaction: short enough that nobody waits."""


def rotate(parts: Parts, tick: Callable[[int], None]) -> dict[str, Any]:
    """Brings everything under the active master key, chunk by chunk; may be stopped and run again.

    {"master_key", "keys", "names"}: how many data keys and blind indexes of names were renewed.
    tick: told the number of both after each chunk. Refusal RECORD_UNAVAILABLE where a key does
    not open: nothing of its chunk is changed.
    """
    counts = {"keys": 0, "names": 0}
    for what, renew in (("keys", _renew_keys), ("names", _renew_names)):
        while True:
            with parts.database.write() as tx:
                done = renew(tx)
            counts[what] += done
            tick(sum(counts.values()))
            if done < CHUNK:
                break
    return {"master_key": _active(parts), **counts}


def state(parts: Parts, tx: Transaction) -> dict[str, Any]:
    """{"active", "keys": {master key: data keys under it}}, loaded master keys with none too."""
    loaded = [key.name for key in tx.boxes.vault.masters.keys]
    return {
        "active": loaded[0],
        "keys": dict.fromkeys(reversed(loaded), 0) | tx.data_keys.by_master_key(),
    }


def _active(parts: Parts) -> str:
    with parts.database.read() as tx:
        return tx.boxes.vault.masters.active.name


def _renew_keys(tx: Transaction) -> int:
    vault = tx.boxes.vault
    rows = tx.data_keys.under_others(vault.masters.active.name, CHUNK)
    for row in rows:
        renewed = tx.boxes.rewrapped(row)
        copy = _free_copy(tx, renewed)
        tx.data_keys.change(row.id, subject=renewed.subject, copy=copy, wrapped=renewed.wrapped,
                            master_key=renewed.master_key)  # fmt: skip
    return len(rows)


def _free_copy(tx: Transaction, row: DataKeyRow) -> int:
    """The number of the key among its subject's: the one it has, unless a process that knew only
    the older master key, or only the newer one, made another first key meanwhile."""
    taken = {one.copy for one in tx.data_keys.of_subject([row.subject]) if one.id != row.id}
    return row.copy if row.copy not in taken else max(taken) + 1


def _renew_names(tx: Transaction) -> int:
    vault = tx.boxes.vault
    students = tx.students.indexed_otherwise(f"{vault.masters.active.name}:", CHUNK)
    for student in students:
        name = tx.boxes.open(Place("students", student.id, "name"), student.name)
        tx.students.change(student.id, name_index=vault.name_indexes(name)[0])
    return len(students)
