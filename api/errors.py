"""The one way a request is refused, and the one table from error code to HTTP status."""

from collections.abc import Mapping, Sequence
from typing import Final

STATUS: Final[Mapping[str, int]] = {
    "INSUFFICIENT_BALANCE": 400,
    "LIMIT_EXCEEDED": 400,
    "INVALID_RECIPIENT": 400,
    "INVALID_PIN": 400,
    "WALLET_FROZEN": 400,
    "KYC_REQUIRED": 400,
    "INVALID_AMOUNT": 400,
    "TRANSACTION_FAILED": 400,
    "WALLET_ERROR": 400,
    "POLICY_NO_VALUE": 400,
    "NOT_PAYABLE": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "IDEMPOTENCY_KEY_REUSED": 409,
    "STATE_CONFLICT": 409,
    "PAYLOAD_TOO_LARGE": 413,
    "INVALID_FACTS": 422,
    "INVALID_REQUEST": 422,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL": 500,
    "OVERLOADED": 503,
    "PROVIDER_UNAVAILABLE": 503,
    "RECORD_UNAVAILABLE": 503,
}
"""Every error code that a caller can meet. NOT_PAYABLE: the decision refuses to approve or pay."""


class Refusal(Exception):
    """A request that is not carried out.

    error_code: a key of STATUS (KeyError for any other). message: one sentence for people.
    details: every problem, each {"path", "message", "help"} and what else helps a caller.
    keeps_record: the transaction is committed all the same, since what was decided on the way to
    the refusal belongs to the record. retry_after: seconds after which the same request may be
    sent again (429 and 503); None = where there is no telling.
    """

    def __init__(
        self,
        error_code: str,
        message: str,
        details: Sequence[Mapping[str, object]] = (),
        *,
        keeps_record: bool = False,
        retry_after: int | None = None,
    ) -> None:
        self.status = STATUS[error_code]
        self.error_code = error_code
        self.message = message
        self.keeps_record = keeps_record
        self.retry_after = retry_after
        self.details = [dict(detail) for detail in details]
        super().__init__(f"{error_code}: {message}")

    def reply(self) -> dict[str, object]:
        """The body that a caller reads."""
        return {
            "status_code": self.status,
            "error_code": self.error_code,
            "message": self.message,
            "details": self.details,
        }


def reply_of(refusal: Refusal) -> tuple[int, dict[str, object]]:
    """The HTTP status and the body of a refusal."""
    return refusal.status, refusal.reply()


def problem(path: str, message: str, help: str = "") -> dict[str, object]:
    """One entry of `details`."""
    return {"path": path, "message": message, "help": help}
