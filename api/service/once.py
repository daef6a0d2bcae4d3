"""One effect per Idempotency-Key: the reply is stored in the transaction that earned it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from api.errors import Refusal, problem
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction

_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")

Command: TypeAlias = Callable[[Transaction], tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A write as it arrived; `key` None = the caller asks for no protection."""

    key: str | None
    method: str
    path: str
    body: bytes

    @property
    def fingerprint(self) -> str:
        """Equal requests have equal fingerprints."""
        digest = hashlib.sha256(f"{self.method} {self.path}\n".encode())
        digest.update(self.body)
        return digest.hexdigest()


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
        if not tx.idempotency.claim(caller.id, attempt.key, attempt.fingerprint, parts.clock()):
            return _replay(tx, caller, attempt)
        try:
            status, body = command(tx)
        except Refusal as refusal:
            if refusal.keeps_record:
                tx.idempotency.answer(caller.id, attempt.key, refusal.status, refusal.reply())
            raise
        tx.idempotency.answer(caller.id, attempt.key, status, body)
    return Reply(status, body, replayed=False)


def _replay(tx: Transaction, caller: Caller, attempt: Attempt) -> Reply:
    fingerprint, status, body = tx.idempotency.used(caller.id, str(attempt.key))
    if fingerprint != attempt.fingerprint:
        raise Refusal(
            "IDEMPOTENCY_KEY_REUSED",
            "this Idempotency-Key was used for another request",
            [problem("Idempotency-Key", "used before", "take a new key for a new request")],
        )
    return Reply(status, body, replayed=True)


def _check_form(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise Refusal(
            "INVALID_REQUEST",
            "an Idempotency-Key has 1 to 200 visible ASCII characters",
            [problem("Idempotency-Key", "not of that form", "a UUID will do")],
        )
