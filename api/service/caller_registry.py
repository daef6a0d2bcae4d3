"""Callers as an operator sets them up: registered, given keys, changed and revoked.

Each change holds the caller's row and leaves an event of `caller:<id>` that says who made it.
Servers follow within five seconds. Keys are told apart by a fingerprint, the beginning of their
SHA-256, which their holder can work out and nobody can turn back.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.envelope import Place
from api.service import callers, people
from api.service.history import emit
from api.service.parts import Caller, Parts
from api.store.records import ApiKey, CallerRow
from api.store.transaction import Transaction
from api.token_settings import WHO_LENGTH

SHORTEST_FINGERPRINT: Final = 6
"""Fewest characters of a fingerprint that a key is asked for by."""
KEY_LIMIT: Final = 20
"""Most keys of one caller that are good at once."""
NAME_LENGTH: Final = 200

APART: Final = (
    ("purchases:submit", "purchases:review"),
    ("policies:draft", "policies:approve"),
    ("payouts:create", "payouts:approve"),
)
"""Scopes to start something, and to approve what somebody else has started."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What a caller may ask. student_ids: the only students that it may see; None = all.

    submits_and_approves: it is meant to have both scopes of a pair of APART.
    """

    scopes: frozenset[str]
    student_ids: frozenset[str] | None
    submits_and_approves: bool = False


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key in plain text, to be shown once."""

    caller_id: str
    key: str
    fingerprint: str


def enroll(
    parts: Parts, tx: Transaction, by: Caller, name: str, rights: Rights, subject: str | None = None
) -> Issued:
    """A new caller with its first key.

    Refusal INVALID_REQUEST for a name, students or a subject that cannot be, or where one person
    would both submit and approve without having been meant to.
    """
    _refuse(
        *_problems_of_name(name),
        *_problems_of_subject(subject),
        *_problems_of_students(tx, rights.student_ids),
        *_problems_of_scopes(tx, rights, subject),
    )
    registered = callers.register(parts, tx, name, rights.scopes, rights.student_ids, subject)
    row = _locked(tx, registered.id)
    said = {"subject": subject} if subject else None
    data = {"scopes": row.scopes, "students": _students(row)}
    emit(parts, tx, _aggregate(row), "CallerRegistered", by, data, said=said)
    return _issue(parts, tx, by, row, "TokenIssued")


def add_key(parts: Parts, tx: Transaction, by: Caller, caller_id: str) -> Issued:
    """One more key; those before stay good until they are revoked.

    Refusal NOT_FOUND, or STATE_CONFLICT for a caller that was revoked or has too many keys.
    """
    row = _in_force(tx, caller_id)
    good = tx.keys.valid(row.id)
    if len(good) >= KEY_LIMIT:
        raise Refusal("STATE_CONFLICT", f"this caller has {KEY_LIMIT} keys; revoke one first")
    return _issue(parts, tx, by, row, "TokenRotated" if good else "TokenIssued")


def end_key(parts: Parts, tx: Transaction, by: Caller, caller_id: str, fingerprint: str) -> int:
    """Revokes one key; gives how many good ones the caller has left.

    Refusal NOT_FOUND where the caller has no good key of that fingerprint.
    """
    row = _locked(tx, caller_id)
    good = tx.keys.valid(row.id)
    key = _asked_for(good, fingerprint)
    tx.keys.change(key.id, revoked_at=parts.clock())
    _emit_revoked(parts, tx, by, row, key)
    return len(good) - 1


def change(
    parts: Parts,
    tx: Transaction,
    by: Caller,
    caller_id: str,
    *,
    scopes: frozenset[str] | None = None,
    students: tuple[frozenset[str] | None] | None = None,
    submits_and_approves: bool = False,
) -> dict[str, Any]:
    """Puts other scopes or other students in place of the caller's; gives what has changed.

    scopes: None = as they are. students: None = as they are, else the ids in a tuple of one,
    (None,) = all. Refusals as for a new caller, and STATE_CONFLICT for one that was revoked.
    """
    row = _in_force(tx, caller_id)
    has = frozenset(row.scopes)
    ids = students[0] if students else row.student_ids
    rights = Rights(has if scopes is None else scopes, _set(ids), submits_and_approves)
    _refuse(
        *(_problems_of_students(tx, rights.student_ids) if students else ()),
        *(_problems_of_scopes(tx, rights, row.subject, instead_of=row.id) if scopes else ()),
    )
    after = {"scopes": sorted(rights.scopes), "student_ids": _sorted(rights.student_ids)}
    before = {"scopes": row.scopes, "student_ids": row.student_ids}
    changed = {name: value for name, value in after.items() if value != before[name]}
    if changed:
        tx.callers.change(row.id, **changed)
        data = {name: {"before": before[name], "after": changed[name]} for name in changed}
        emit(parts, tx, _aggregate(row), "CallerChanged", by, data)
    return changed


def revoke(parts: Parts, tx: Transaction, by: Caller, caller_id: str) -> int:
    """Revokes a caller with all of its keys, for good; gives how many keys were still good.

    The caller stays in the registry, since records name it. Refusal NOT_FOUND, or STATE_CONFLICT
    where it was revoked before.
    """
    row = _in_force(tx, caller_id)
    good = tx.keys.valid(row.id)
    for key in good:
        tx.keys.change(key.id, revoked_at=parts.clock())
        _emit_revoked(parts, tx, by, row, key)
    tx.callers.change(row.id, revoked_at=parts.clock())
    emit(parts, tx, _aggregate(row), "CallerRevoked", by)
    return len(good)


def listing(tx: Transaction, by: Caller) -> list[dict[str, Any]]:
    """Every caller, the first registered first; names only for who may see personal data."""
    keys: dict[str, list[ApiKey]] = {}
    for key in tx.keys.in_order():
        keys.setdefault(key.caller_id, []).append(key)
    return [_view(tx, by, row, keys.get(row.id, [])) for row in tx.callers.in_order()]


def _view(tx: Transaction, by: Caller, row: CallerRow, keys: list[ApiKey]) -> dict[str, Any]:
    if people.may_see(by):
        people.note(tx, _aggregate(row), "caller", row.id)
    return {
        "id": row.id,
        "name": people.shown(tx, by, Place("callers", row.id, "name"), row.name),
        "scopes": row.scopes,
        "student_ids": row.student_ids,
        "subject": row.subject,
        "created_at": row.created_at.isoformat(),
        "revoked_at": row.revoked_at and row.revoked_at.isoformat(),
        "keys": [
            {
                "fingerprint": _fingerprint(key),
                "created_at": key.created_at.isoformat(),
                "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
            }
            for key in keys
        ],
    }


# --- what is refused ------------------------------------------------------------------------------


def _refuse(*problems: dict[str, object]) -> None:
    if problems:
        raise Refusal("INVALID_REQUEST", "nothing was changed", problems)


def _problems_of_name(name: str) -> list[dict[str, object]]:
    if name.strip() and len(name) <= NAME_LENGTH and name.isprintable():
        return []
    return [problem("name", "no name", f"write at most {NAME_LENGTH} printable characters")]


def _problems_of_subject(subject: str | None) -> list[dict[str, object]]:
    if subject is None:
        return []
    # As in the settings, an issuer holds no `|`: the first one is between the two.
    two = subject.partition("|")
    if all(0 < len(part) <= WHO_LENGTH and part.isprintable() for part in two):
        return []
    told = f"`{subject[:64]}` names no issuer and sub"
    return [problem("subject", told, "write `issuer|sub` as the person's tokens say them")]


def _problems_of_students(
    tx: Transaction, ids: Collection[str] | None
) -> list[dict[str, object]]:  # fmt: skip
    found = {id: tx.students.get(id) for id in sorted(ids or ())}
    help = "take the ids of `GET /v1/students`; a student is created before its family's caller"
    unknown = [id for id, student in found.items() if student is None]
    # The name of a family that is registered now would outlive the erasure.
    erased = [id for id, student in found.items() if student and student.name_index is None]
    return [
        *(problem("student", f"no student `{id[:64]}`", help) for id in unknown),
        *(problem("student", f"the data of `{id}` were erased", "leave it out") for id in erased),
    ]


def _problems_of_scopes(
    tx: Transaction, rights: Rights, subject: str | None, instead_of: str = ""
) -> list[dict[str, object]]:
    """Both scopes of a pair, whichever of the person's callers has the other one."""
    if rights.submits_and_approves:
        return []
    same = tx.callers.in_force_of(subject) if subject else []
    elsewhere = (row.scopes for row in same if row.id != instead_of)
    theirs = rights.scopes.union(*elsewhere)
    help = "give them to two people, or say --submits-and-approves if it must be one"
    return [
        problem("scope", f"one person would have `{starts}` and `{approves}`", help)
        for starts, approves in APART
        if {starts, approves} <= theirs
    ]


# --- keys and rows --------------------------------------------------------------------------------


def _issue(parts: Parts, tx: Transaction, by: Caller, row: CallerRow, type: str) -> Issued:
    plain = callers.issue_key(parts, tx, row.id)
    fingerprint = callers.fingerprint(plain)
    emit(parts, tx, _aggregate(row), type, by, {"fingerprint": fingerprint})
    return Issued(row.id, plain, fingerprint)


def _fingerprint(key: ApiKey) -> str:
    return key.hash[: callers.FINGERPRINT_LENGTH]


def _asked_for(keys: Sequence[ApiKey], fingerprint: str) -> ApiKey:
    if len(fingerprint) < SHORTEST_FINGERPRINT:
        raise Refusal("INVALID_REQUEST", f"name a key by {SHORTEST_FINGERPRINT} characters or more")
    found = [key for key in keys if key.hash.startswith(fingerprint.lower())]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"`{_fingerprint(key)}`" for key in keys) or "none"
    told = f"no good key `{fingerprint[:64]}` of this caller; it has {known}"
    raise Refusal("NOT_FOUND", told if not found else f"several keys begin with `{fingerprint}`")


def _emit_revoked(parts: Parts, tx: Transaction, by: Caller, row: CallerRow, key: ApiKey) -> None:
    data = {"fingerprint": _fingerprint(key)}
    emit(parts, tx, _aggregate(row), "TokenRevoked", by, data)


def _locked(tx: Transaction, caller_id: str) -> CallerRow:
    row = tx.callers.lock(caller_id)
    if row is None:
        told = f"no caller `{caller_id[:64]}`; `esa-policy callers list` shows them"
        raise Refusal("NOT_FOUND", told)
    return row


def _in_force(tx: Transaction, caller_id: str) -> CallerRow:
    row = _locked(tx, caller_id)
    if row.revoked_at is not None:
        told = f"this caller was revoked on {row.revoked_at:%Y-%m-%d}; register a new one"
        raise Refusal("STATE_CONFLICT", told)
    return row


def _aggregate(row: CallerRow) -> str:
    return f"caller:{row.id}"


def _students(row: CallerRow) -> list[str] | str:
    return "all" if row.student_ids is None else row.student_ids


def _set(ids: Collection[str] | None) -> frozenset[str] | None:
    return None if ids is None else frozenset(ids)


def _sorted(ids: Collection[str] | None) -> list[str] | None:
    return None if ids is None else sorted(ids)
