"""Every refusal of the wallet, and the one table from its code to an HTTP status."""

from collections.abc import Mapping, Sequence
from typing import Final

STATUS: Final[Mapping[str, int]] = {
    "INSUFFICIENT_BALANCE": 400,
    "LIMIT_EXCEEDED": 400,
    "INVALID_RECIPIENT": 400,
    "WALLET_FROZEN": 400,
    "INVALID_AMOUNT": 400,
    "TRANSACTION_FAILED": 400,
    "WALLET_ERROR": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "IDEMPOTENCY_KEY_REUSED": 409,
    "STATE_CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "INVALID_REQUEST": 422,
    "INTERNAL": 500,
    "RECORD_UNAVAILABLE": 503,
}

# A decline is 400 whatever its code, for policy may name codes of its own.
DECLINE_STATUS: Final = 400


class Refusal(Exception):
    """A refusal that the caller gets as an error body; nothing has moved."""

    def __init__(
        self,
        code: str,
        message: str,
        details: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details = [dict(one) for one in details]
        self.status = self._status(code)

    def _status(self, code: str) -> int:
        return STATUS[code]


class Decline(Refusal):
    """A refusal of money that is itself recorded: the same key meets it again, whatever changed.

    A caller whose first reply was lost must not pay with a second try what the first declined.
    """

    def _status(self, code: str) -> int:
        return DECLINE_STATUS
