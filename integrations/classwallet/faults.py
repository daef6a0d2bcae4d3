"""What a call to the provider can come to besides its answer: five faults, a closed set.

A caller needs to know one thing before all others: may money have moved? `outcome_unknown` says
so on every fault. Where it is true the call is looked up by its external reference, and never
sent again under another key.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Details = Sequence[Mapping[str, Any]] | Mapping[str, Any]


class ProviderFault(Exception):
    """What the five have in common. Only its subclasses are raised."""

    outcome_unknown: bool = False


class ProviderDeclined(ProviderFault):
    """The provider understood and said no; nothing moved, and asking again changes nothing.

    `code` is the provider's (INSUFFICIENT_BALANCE, WALLET_FROZEN, NOT_FOUND ...).
    """

    def __init__(self, code: str, message: str, status: int = 400, details: Details = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.details = details


class ProviderUnavailable(ProviderFault):
    """Surely not executed: the provider was out of reach or turned the call away.

    Send it again later under the same key. `retry_after_seconds` is the provider's wish, if any.
    """

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ReplyLost(ProviderFault):
    """Sent, and what became of it is not known. `code` is the provider's, where it gave one."""

    outcome_unknown = True

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class ProviderAuthFailed(ProviderFault):
    """Our credentials were refused (401, 403). Outbound calls halt until someone has looked.

    The refused attempt moved nothing; `outcome_unknown` is true when an earlier attempt of the
    same call may have.
    """

    def __init__(self, message: str, status: int, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.outcome_unknown = outcome_unknown


class ProviderContractBroken(ProviderFault):
    """The reply is not what the contract promises. After a write its outcome is unknown."""

    def __init__(self, message: str, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown
