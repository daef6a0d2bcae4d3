"""Callers and their keys. A key is shown once and stored as its hash."""

import hashlib
from collections.abc import Iterable

from api.errors import Refusal, problem
from api.privacy.envelope import Place
from api.service import people
from api.service.parts import Caller, Parts
from api.store.records import ApiKey, CallerRow
from api.store.transaction import Transaction

KEY_LENGTH = 20
"""The shortest key that an operator may choose."""
_HINT_LENGTH = 8
FINGERPRINT_LENGTH = 12
"""Characters of a key's fingerprint, the beginning of its SHA-256."""


def register(
    parts: Parts,
    tx: Transaction,
    name: str,
    scopes: Iterable[str],
    student_ids: Iterable[str] | None = None,
    subject: str | None = None,
) -> Caller:
    """A new caller. student_ids: the only students that it may see; None = all.

    subject: `issuer|sub` of the person's tokens, where the person has any. Callers of one subject
    are one person: what one of them submitted, none of them approves.
    """
    id = parts.new_id()
    row = CallerRow(
        id=id,
        name=tx.boxes.seal(people.CALLERS, _place(id), name),
        scopes=sorted(set(scopes)),
        student_ids=None if student_ids is None else sorted(set(student_ids)),
        created_at=parts.clock(),
        subject=subject,
    )
    tx.callers.add(row)
    return _caller(tx, row)


def issue_key(parts: Parts, tx: Transaction, caller_id: str, secret: str | None = None) -> str:
    """A new key of the caller, in plain text: this is the only time that it can be read.

    secret: a key chosen by the operator, as the demo's is; else an unguessable one is made.
    Refusal INVALID_REQUEST for one that could be guessed, or that could be read as a token.
    """
    plain = secret if secret is not None else parts.new_secret()
    if secret is not None and (len(secret) < KEY_LENGTH or "." in secret):
        raise Refusal(
            "INVALID_REQUEST", f"a key has at least {KEY_LENGTH} characters and no point in it"
        )
    tx.keys.add(
        ApiKey(
            id=parts.new_id(),
            caller_id=caller_id,
            hash=hash_of(plain),
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
    return _caller(tx, row) if row is not None and tx.keys.any_valid(caller_id) else None


def forget_family(tx: Transaction, student_id: str, instead: str) -> None:
    """Writes something else over the names of callers that see this student alone."""
    for row in tx.callers.of_family(student_id):
        tx.callers.change(row.id, name=tx.boxes.seal(people.CALLERS, _place(row.id), instead))


def ids_of_subject(tx: Transaction, subject: str) -> frozenset[str]:
    """The registered callers that are the person of that subject."""
    return frozenset(tx.callers.ids_of_subject(subject))


def authenticate(parts: Parts, tx: Transaction, key: str) -> Caller:
    """The caller of a key; Refusal UNAUTHENTICATED for an unknown or revoked one.

    Keys are looked up by their hash, so the time that it takes says nothing about a stored key.
    """
    found = tx.keys.hashed(hash_of(key))
    if found is not None and found.revoked_at is None:
        row = tx.callers.get(found.caller_id)
        if row is not None:
            return _caller(tx, row)
    raise Refusal(
        "UNAUTHENTICATED",
        "this API key is unknown or was revoked",
        [problem("Authorization", "not accepted", "ask an administrator for a key")],
    )


def _caller(tx: Transaction, row: CallerRow) -> Caller:
    students = None if row.student_ids is None else frozenset(row.student_ids)
    also: frozenset[str] = frozenset()
    if row.subject is not None:
        also = ids_of_subject(tx, row.subject) | {row.subject}
    name = tx.boxes.open(_place(row.id), row.name)
    return Caller(row.id, name, frozenset(row.scopes), students, also)


def _place(caller_id: str) -> Place:
    return Place("callers", caller_id, "name")


def fingerprint(key: str) -> str:
    """What a key is called where it must not be shown."""
    return hash_of(key)[:FINGERPRINT_LENGTH]


def hash_of(key: str) -> str:
    """By which a key is found; it is stored in no other form."""
    # Keys are long and random, so a fast hash is enough: there is nothing to guess.
    return hashlib.sha256(key.encode()).hexdigest()
