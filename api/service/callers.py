"""Callers and their keys. A key is shown once and stored as its hash."""

import hashlib
from collections.abc import Iterable

from api.errors import Refusal, problem
from api.service.parts import Caller, Parts
from api.store.records import ApiKey, CallerRow
from api.store.transaction import Transaction

_HINT_LENGTH = 8


def register(
    parts: Parts,
    tx: Transaction,
    name: str,
    scopes: Iterable[str],
    student_ids: Iterable[str] | None = None,
) -> Caller:
    """A new caller. student_ids: the only students that it may see; None = all."""
    row = CallerRow(
        id=parts.new_id(),
        name=name,
        scopes=sorted(set(scopes)),
        student_ids=None if student_ids is None else sorted(set(student_ids)),
        created_at=parts.clock(),
    )
    tx.callers.add(row)
    return _caller(row)


def issue_key(parts: Parts, tx: Transaction, caller_id: str, secret: str | None = None) -> str:
    """A new key of the caller, in plain text: this is the only time that it can be read.

    secret: a key chosen by the operator, as the demo's is; else an unguessable one is made.
    """
    plain = secret if secret is not None else parts.new_secret()
    tx.keys.add(
        ApiKey(
            id=parts.new_id(),
            caller_id=caller_id,
            hash=_hash(plain),
            hint=plain[:_HINT_LENGTH],
            created_at=parts.clock(),
        )
    )
    return plain


def revoke_key(parts: Parts, tx: Transaction, key_id: str) -> None:
    """Ends a key. Refusal NOT_FOUND when there is no such key."""
    if tx.keys.get(key_id) is None:
        raise Refusal("NOT_FOUND", f"no key `{key_id[:64]}`")
    tx.keys.change(key_id, revoked_at=parts.clock())


def by_id(parts: Parts, tx: Transaction, caller_id: str) -> Caller | None:
    """The caller of a session, or None where there is none or all of its keys were revoked."""
    row = tx.callers.get(caller_id)
    return _caller(row) if row is not None and tx.keys.any_valid(caller_id) else None


def authenticate(parts: Parts, tx: Transaction, key: str) -> Caller:
    """The caller of a key; Refusal UNAUTHENTICATED for an unknown or revoked one.

    Keys are looked up by their hash, so the time that it takes says nothing about a stored key.
    """
    found = tx.keys.hashed(_hash(key))
    if found is not None and found.revoked_at is None:
        row = tx.callers.get(found.caller_id)
        if row is not None:
            return _caller(row)
    raise Refusal(
        "UNAUTHENTICATED",
        "this API key is unknown or was revoked",
        [problem("Authorization", "not accepted", "ask an administrator for a key")],
    )


def _caller(row: CallerRow) -> Caller:
    students = None if row.student_ids is None else frozenset(row.student_ids)
    return Caller(row.id, row.name, frozenset(row.scopes), students)


def _hash(key: str) -> str:
    # Keys are long and random, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(key.encode()).hexdigest()
