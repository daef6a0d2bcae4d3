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


_HELP: Final[Mapping[str, str]] = {
    "INSUFFICIENT_BALANCE": "ask for less, or wait for the next award",
    "LIMIT_EXCEEDED": "ask for less, or wait until the limit's period is over",
    "INVALID_RECIPIENT": "name a payee that the wallet provider knows",
    "INVALID_PIN": "ask the holder of the wallet for the PIN",
    "WALLET_FROZEN": "write to the program: a person has to look at it",
    "KYC_REQUIRED": "complete the check of identity at the wallet provider first",
    "INVALID_AMOUNT": 'send money as a string with two decimals, such as `"125.00"`',
    "TRANSACTION_FAILED": "look the transaction up before it is sent again",
    "WALLET_ERROR": "look the transaction up before it is sent again",
    "POLICY_NO_VALUE": "ask about a later day",
    "NOT_PAYABLE": "put right what the decision names, then ask again",
    "UNAUTHENTICATED": "send `Authorization: Bearer <key or token>`",
    "FORBIDDEN": "ask an administrator for the right to do this",
    "NOT_FOUND": "check the address and the identifiers in it",
    "CONFLICT": "read what is there now, then decide what to send",
    "IDEMPOTENCY_KEY_REUSED": "take a new key for a new request",
    "STATE_CONFLICT": "read the state that it is in now, and what that allows",
    "PAYLOAD_TOO_LARGE": "send less at once",
    "INVALID_FACTS": "put right what is named and send it again",
    "INVALID_REQUEST": "put right what is named and send it again",
    "TOO_MANY_REQUESTS": "wait as long as `Retry-After` says",
    "INTERNAL": "quote the request's id to support",
    "OVERLOADED": "send it again after `Retry-After`",
    "PROVIDER_UNAVAILABLE": "send it again after `Retry-After`",
    "RECORD_UNAVAILABLE": "send it again after `Retry-After`; if it stays, write to support",
}
"""What to do where whoever refuses has nothing nearer to say."""


class Refusal(Exception):
    """A request that is not carried out.

    error_code: a key of STATUS (KeyError for any other). message: one sentence for people.
    details: every problem, each {"path", "message", "help"} and what else helps a caller; where
    none is given, the message itself as one about the request.
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
        self.message = printable(message)
        self.keeps_record = keeps_record
        self.retry_after = retry_after
        self.details = [
            {
                name: printable(value) if isinstance(value, str) else value
                for name, value in detail.items()
            }
            | ({"help": _HELP[error_code]} if detail.get("help") == "" else {})
            for detail in details or [problem("request", message)]
        ]
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


def printable(text: str) -> str:
    """The same text, with half characters that no UTF-8 can carry shown as `?`."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def problem(path: str, message: str, help: str = "") -> dict[str, object]:
    """One entry of `details`."""
    return {"path": path, "message": message, "help": help}
