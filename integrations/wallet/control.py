"""What the wallet asks of policy before money moves.

The wallet knows no rule. Whoever builds the app hands in a `SpendingControl`; without one nothing
is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class IntendedMovement:
    """A movement that the wallet could make now. Amounts in cents, `available` before it."""

    kind: Literal["credit", "authorization", "payment"]
    wallet_id: str
    account_id: str
    amount: int
    available: int
    external_reference: str
    merchant_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Ruling:
    """Allowed, or denied with the code and the sentence that the caller is given."""

    allowed: bool
    code: str = "TRANSACTION_FAILED"
    message: str = "the policy of this wallet does not allow it"

    def __post_init__(self) -> None:
        if not self.allowed and not self.code:
            raise ValueError("a deny names its code")


# It is asked while the wallet's write lock is held, so that what it was told stays true: it
# answers quickly and never calls this wallet. An exception in it moves nothing and is a fault
# (500), neither a deny nor an allow.
SpendingControl = Callable[[IntendedMovement], Ruling]
