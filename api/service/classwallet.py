"""The ClassWallet client as the service's provider: our words into its contract, and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from api.service.provider_port import (
    AuthFailed,
    CreditOrder,
    Declined,
    OutcomeUnknown,
    PaymentOrder,
    Receipt,
    Unavailable,
    WalletOrder,
)
from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.contract import (
    CreditRequest,
    OrderLine,
    Payment,
    PaymentRequest,
    Wallet,
    WalletRequest,
)
from integrations.classwallet.faults import (
    ProviderAuthFailed,
    ProviderDeclined,
    ProviderFault,
    ProviderUnavailable,
)

PROBE_ACCOUNT: Final = "probe"
"""No account has this id: asking for its wallet is a read that needs our credentials."""
_TEXT_LENGTH: Final = 200


class ClassWallet:
    """Satisfies `PaymentProvider` with the HTTP client."""

    def __init__(self, client: ClassWalletClient) -> None:
        self._client = client

    def create_wallet(self, order: WalletOrder, key: str) -> Receipt:
        request = WalletRequest(
            applicant_id=order.applicant_id,
            account_id=order.account_id,
            legal_name=_line(order.legal_name),
            metadata={"awardId": order.award_id, "program": order.program},
        )
        with _faults():
            return _wallet(self._client.create_wallet(request, key))

    def find_wallet(self, account_id: str) -> Receipt | None:
        with _faults():
            found = self._client.find_wallet(account_id)
        return None if found is None else _wallet(found)

    def credit(self, order: CreditOrder, key: str) -> Receipt:
        request = CreditRequest(amount=order.amount_cents, external_reference=order.reference)
        with _faults():
            credit = self._client.credit(order.wallet_id, request, key)
        return Receipt(credit.transaction_id, credit.status)

    def find_credit(self, wallet_id: str, reference: str) -> Receipt | None:
        with _faults():
            found = self._client.find_credit(wallet_id, reference)
        return None if found is None else Receipt(found.transaction_id, "settled")

    def pay(self, order: PaymentOrder, key: str) -> Receipt:
        request = PaymentRequest(
            wallet_id=order.wallet_id,
            amount=order.amount_cents,
            merchant_id=order.merchant_id,
            external_reference=order.reference,
            order_details=tuple(
                OrderLine(description=_line(text), amount=cents) for text, cents in order.lines
            ),
        )
        with _faults():
            return _payment(self._client.pay(request, key))

    def find_payment(self, reference: str) -> Receipt | None:
        with _faults():
            found = self._client.find_payment(reference)
        return None if found is None else _payment(found)

    def probe(self) -> None:
        self.find_wallet(PROBE_ACCOUNT)


def _wallet(wallet: Wallet) -> Receipt:
    return Receipt(wallet.external_wallet_id, "settled")


def _payment(payment: Payment) -> Receipt:
    return Receipt(payment.payment_id, payment.status, payment.decline_code)


def _line(text: str) -> str:
    """The contract takes one printable line."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_TEXT_LENGTH]


@contextmanager
def _faults() -> Iterator[None]:
    try:
        yield
    except ProviderDeclined as fault:
        raise Declined(fault.code, fault.message) from fault
    except ProviderUnavailable as fault:
        wait = fault.retry_after_seconds
        raise Unavailable(str(fault), None if wait is None else int(wait) + 1) from fault
    except ProviderAuthFailed as fault:
        raise AuthFailed(str(fault), in_doubt=fault.outcome_unknown) from fault
    except ProviderFault as fault:
        if fault.outcome_unknown:
            raise OutcomeUnknown(str(fault)) from fault
        raise Unavailable(str(fault)) from fault
