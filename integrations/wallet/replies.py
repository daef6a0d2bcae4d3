"""Idempotency: one key of one caller on one route is one act, and its reply is kept with it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.engine import Connection

from integrations.classwallet.contract import ErrorBody
from integrations.wallet.moments import to_text
from integrations.wallet.refusals import Decline, Refusal
from integrations.wallet.store import WalletStore
from integrations.wallet.tables import replies


@dataclass(frozen=True, slots=True)
class Write:
    """One write as it was asked for. `route` is the template, `path` what was really called."""

    caller: str
    route: str
    path: str
    key: str
    request: BaseModel

    def request_hash(self) -> str:
        """The same for the same meaning: the order of keys and the white space do not count."""
        body = json.dumps(self.request.model_dump(mode="json", by_alias=True), sort_keys=True)
        return hashlib.sha256(f"{self.path}\n{body}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class StoredReply:
    status_code: int
    body: str
    replayed: bool


def answer_once(
    store: WalletStore,
    clock: Callable[[], datetime],
    write: Write,
    act: Callable[[Connection], BaseModel],
) -> StoredReply:
    """Run `act` unless its key has been answered; the act and its reply are one commit.

    A `Decline` is an answer and is kept. Any other refusal leaves no trace, so that the same key
    may try again. Raises Refusal IDEMPOTENCY_KEY_REUSED when the key came with another request.
    """
    with store.writing() as connection:
        kept = _find(connection, write)
        if kept is not None:
            return kept
        try:
            status_code, body = 201, act(connection)
        except Decline as decline:
            status_code, body = decline.status, error_body(decline)
        reply = StoredReply(status_code, body.model_dump_json(by_alias=True), replayed=False)
        connection.execute(
            replies.insert().values(
                caller=write.caller,
                route=write.route,
                key=write.key,
                request_hash=write.request_hash(),
                status_code=reply.status_code,
                body=reply.body,
                stored_at=to_text(clock()),
            )
        )
        return reply


def _find(connection: Connection, write: Write) -> StoredReply | None:
    row = connection.execute(
        sa.select(replies).where(
            replies.c.caller == write.caller,
            replies.c.route == write.route,
            replies.c.key == write.key,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_hash != write.request_hash():
        raise Refusal(
            "IDEMPOTENCY_KEY_REUSED", "this key came before with another request; use a new key"
        )
    return StoredReply(row.status_code, row.body, replayed=True)


def error_body(refusal: Refusal) -> ErrorBody:
    """A refusal as the caller reads it."""
    return ErrorBody(
        status_code=refusal.status,
        error_code=refusal.code,
        message=refusal.message,
        details=refusal.details,
    )
