"""The wallet provider as the service sees it: six calls, one receipt, four faults.

Whoever stands behind it promises: the same key with the same order moves money once, however
often it is sent; and what it was asked to do can be found by our own reference.
"""

from dataclasses import dataclass, field
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class WalletOrder:
    """Open the wallet of one account."""

    account_id: str
    applicant_id: str
    legal_name: str
    award_id: str
    program: str


@dataclass(frozen=True, slots=True)
class CreditOrder:
    """Put money into a wallet. `reference` is the disbursement's id."""

    wallet_id: str
    amount_cents: int
    reference: str


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """Pay a merchant from a wallet. `reference` is the purchase's id; lines are (text, cents)."""

    wallet_id: str
    amount_cents: int
    merchant_id: str
    reference: str
    lines: tuple[tuple[str, int], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider says. `settled`: done, money has moved. `id` is the provider's own."""

    id: str
    status: Literal["settled", "pending", "declined"]
    code: str | None = None
    message: str | None = None


class ProviderFault(Exception):
    """What the four have in common; only they are raised."""


class Declined(ProviderFault):
    """Understood and refused: nothing moved, and asking again changes nothing."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(f"{code}: {message}")


class Unavailable(ProviderFault):
    """Surely not carried out; send it again later under the same key."""

    def __init__(self, message: str, retry_after_seconds: int | None = None) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class OutcomeUnknown(ProviderFault):
    """Sent, and nobody knows what became of it: it is looked up before anything else."""


class AuthFailed(ProviderFault):
    """Our credentials were refused; all calls halt. `in_doubt`: an earlier try may have moved
    money."""

    def __init__(self, message: str, *, in_doubt: bool = False) -> None:
        self.in_doubt = in_doubt
        super().__init__(message)


class PaymentProvider(Protocol):
    """Every call may raise the four faults above. Keys come from business ids alone."""

    def create_wallet(self, order: WalletOrder, key: str) -> Receipt:
        """Opens a wallet; the receipt's id is the wallet's."""
        ...

    def find_wallet(self, account_id: str) -> Receipt | None:
        """The wallet of an account; None when the provider has none."""
        ...

    def credit(self, order: CreditOrder, key: str) -> Receipt:
        """Puts money in."""
        ...

    def find_credit(self, wallet_id: str, reference: str) -> Receipt | None:
        """A credit by our reference; None when it was never carried out."""
        ...

    def pay(self, order: PaymentOrder, key: str) -> Receipt:
        """Pays a merchant."""
        ...

    def find_payment(self, reference: str) -> Receipt | None:
        """A payment by our reference; None when it was never carried out."""
        ...

    def probe(self) -> None:
        """Returns when the provider answers and accepts our credentials."""
        ...
