"""One effect per Idempotency-Key: the reply is stored in the transaction that earned it."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from api.errors import Refusal, problem
from api.privacy.boxes import Gone
from api.privacy.envelope import Place, from_json, in_json
from api.service import people
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")

Command: TypeAlias = Callable[[Transaction], tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write as it arrived; `key` None = the caller asks for no protection. `path` with its query,
    where it has one."""

    key: str | None
    method: str
    path: str
    body: bytes

    @property
    def content(self) -> bytes:
        """By which equal requests are equal."""
        return f"{self.method} {self.path}\n".encode() + self.body


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body; `replayed` when an earlier equal request earned them."""

    status: int
    body: dict[str, Any]
    replayed: bool


def run(parts: Parts, caller: Caller, attempt: Attempt, command: Command) -> Reply:
    """Runs a command in one transaction, or gives the reply that its key earned before.

    Of two equal requests at once, one works and the other waits for its reply. A refusal leaves
    the key free, except one that belongs to the record. Refusal IDEMPOTENCY_KEY_REUSED when the
    key was used for another request.
    """
    if attempt.key is None:
        with parts.database.write() as tx:
            status, body = command(tx)
        return Reply(status, body, replayed=False)
    _check_form(attempt.key)
    with parts.database.write() as tx:
        marks = tx.boxes.vault.request_marks(attempt.content)
        if not tx.idempotency.claim(caller.id, attempt.key, marks[0], parts.clock()):
            return _replay(tx, caller, attempt.key, marks)
        with tx.boxes.watching() as keys:
            try:
                status, body = command(tx)
            except Refusal as refusal:
                if refusal.keeps_record:
                    _keep(tx, caller, attempt.key, keys, refusal.status, refusal.reply())
                raise
            _keep(tx, caller, attempt.key, keys, status, body)
    return Reply(status, body, replayed=False)


def _keep(
    tx: Transaction,
    caller: Caller,
    key: str,
    keys: Iterable[str],
    status: int,
    body: Mapping[str, Any],
) -> None:
    """Keeps the reply: sealed for everybody whose data were touched on the way to it, so that it
    is gone as soon as one of them is erased. One that touched nobody's holds nobody's."""
    kept = dict(body)
    if keys:
        reply = {"in_full": people.may_see(caller), "body": kept}
        text = json.dumps(reply, separators=(",", ":"), ensure_ascii=False)
        kept = dict(in_json(tx.boxes.seal_jointly(keys, _place(caller, key), text)))
    tx.idempotency.answer(caller.id, key, status, kept)


def _opened(tx: Transaction, caller: Caller, key: str, kept: Any) -> Any:
    """The reply again. Refusal STATE_CONFLICT where it was erased, FORBIDDEN where the caller has
    lost the scope that it was shown under."""
    envelope = from_json(kept)
    if envelope is None:
        return kept
    try:
        reply = json.loads(tx.boxes.open(_place(caller, key), envelope))
    except Gone:
        raise Refusal(
            "STATE_CONFLICT", "this request was carried out; its reply was erased since"
        ) from None
    if reply["in_full"] and not people.may_see(caller):
        people.require(caller, "facts:personal")
    return reply["body"]


def _place(caller: Caller, key: str) -> Place:
    return Place("idempotency_keys", f"{caller.id} {key}", "body")


def _replay(tx: Transaction, caller: Caller, key: str, marks: list[str]) -> Reply:
    fingerprint, status, kept = tx.idempotency.used(caller.id, key)
    if fingerprint not in marks:
        raise Refusal(
            "IDEMPOTENCY_KEY_REUSED",
            "this Idempotency-Key was used for another request",
            [problem("Idempotency-Key", "used before", "take a new key for a new request")],
        )
    return Reply(status, _opened(tx, caller, key, kept), replayed=True)


def _check_form(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise Refusal(
            "INVALID_REQUEST",
            "an Idempotency-Key has 1 to 200 visible ASCII characters",
            [problem("Idempotency-Key", "not of that form", "a UUID will do")],
        )
