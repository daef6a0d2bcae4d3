"""Any order of credits, payments, replays, lapses and restarts keeps the books right."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from support.wallets import (
    OPERATOR_SECRET,
    Clock,
    InProcess,
    client_of,
    numbered,
    raw_http,
    wallet_app,
)

from integrations.classwallet.client import ClassWalletClient
from integrations.classwallet.contract import (
    AuthorizationRequest,
    CreditRequest,
    PaymentRequest,
    WalletRequest,
)
from integrations.classwallet.faults import ProviderDeclined
from integrations.wallet.store import WalletStore

AMOUNTS = st.integers(min_value=1, max_value=2_000)
DAY = timedelta(days=1)
LIFE = timedelta(days=7)

Sent = tuple[PaymentRequest, str, str | None]


class Books(RuleBasedStateMachine):
    """One wallet beside the simplest model of it: a sum, and the open authorizations."""

    payments = Bundle("payments")
    kept = Bundle("kept")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.new_id = numbered()
        self.next_reference = numbered()
        self.open()
        request = WalletRequest(
            applicant_id="app-1", account_id="acc-1", legal_name="Rosa", initial_balance=1_000
        )
        self.wallet_id = self.client.create_wallet(request, "awd-1").external_wallet_id
        self.balance = 1_000
        self.is_frozen = False
        self.holds: dict[str, tuple[int, datetime]] = {}

    def open(self) -> None:
        self.store = WalletStore(Path(self.folder.name) / "wallet.db")
        app = wallet_app(self.store, self.clock, self.new_id)
        self.client: ClassWalletClient = client_of(transport=InProcess(app))
        self.operator: httpx.Client = raw_http(app, OPERATOR_SECRET)

    def shut(self) -> None:
        self.client.close()
        self.operator.close()
        self.store.close()

    def teardown(self) -> None:
        self.shut()
        self.folder.cleanup()

    def held(self) -> int:
        return sum(amount for amount, until in self.holds.values() if until > self.clock.now)

    def expected(self, amount: int, available: int) -> str | None:
        if self.is_frozen:
            return "WALLET_FROZEN"
        return "INSUFFICIENT_BALANCE" if amount > available else None

    def send(self, request: PaymentRequest, key: str) -> str | None:
        """Pay; the payment's id, or the code of the decline."""
        try:
            return self.client.pay(request, key).payment_id
        except ProviderDeclined as fault:
            return fault.code

    @rule(amount=AMOUNTS)
    def credit(self, amount: int) -> None:
        reference = f"dsb-{self.next_reference()}"
        request = CreditRequest(amount=amount, external_reference=reference)
        first = self.client.credit(self.wallet_id, request, reference)
        self.balance += amount
        assert self.client.credit(self.wallet_id, request, reference) == first
        assert first.balance_after == self.balance

    @rule(target=payments, amount=AMOUNTS)
    def pay(self, amount: int) -> Sent:
        reference = f"pur-{self.next_reference()}"
        request = PaymentRequest(
            wallet_id=self.wallet_id,
            amount=amount,
            merchant_id="ven-1",
            external_reference=reference,
        )
        code = self.expected(amount, self.balance - self.held())
        got = self.send(request, reference)
        if code is None:
            assert got is not None
            assert got.startswith("pay_")
            self.balance -= amount
        else:
            assert got == code
        return request, reference, got

    @rule(sent=payments)
    def replay(self, sent: Sent) -> None:
        request, key, first = sent
        assert self.send(request, key) == first
        found = self.client.find_payment(request.external_reference)
        assert found is not None
        assert first in (found.payment_id, found.decline_code)

    @rule(target=kept, amount=AMOUNTS)
    def authorize(self, amount: int) -> object:
        reference = f"aut-{self.next_reference()}"
        request = AuthorizationRequest(
            amount=amount, merchant_id="ven-1", external_reference=reference
        )
        code = self.expected(amount, self.balance - self.held())
        if code is not None:
            with pytest.raises(ProviderDeclined, match=f"^{code}:"):
                self.client.authorize(self.wallet_id, request, reference)
            return multiple()
        made = self.client.authorize(self.wallet_id, request, reference)
        self.holds[made.authorization_id] = (amount, self.clock.now + LIFE)
        return made.authorization_id

    @rule(target=payments, authorization_id=kept, share=st.integers(1, 100))
    def capture(self, authorization_id: str, share: int) -> object:
        if authorization_id not in self.holds:
            return multiple()
        amount, until = self.holds[authorization_id]
        request = PaymentRequest(
            wallet_id=self.wallet_id,
            amount=max(1, amount * share // 100),
            merchant_id="ven-1",
            external_reference=f"pur-{self.next_reference()}",
            authorization_id=authorization_id,
        )
        got = self.send(request, request.external_reference)
        if until <= self.clock.now:
            assert got == "TRANSACTION_FAILED"
        elif self.is_frozen:
            assert got == "WALLET_FROZEN"
        else:
            assert got is not None
            assert got.startswith("pay_")
            del self.holds[authorization_id]
            self.balance -= request.amount
        return request, request.external_reference, got

    @rule(days=st.integers(1, 5))
    def wait(self, days: int) -> None:
        self.clock.advance(days * DAY)

    @rule()
    def freeze_or_thaw(self) -> None:
        self.is_frozen = not self.is_frozen
        status = "frozen" if self.is_frozen else "active"
        path = f"/operator/wallets/{self.wallet_id}/status"
        assert self.operator.put(path, json={"status": status}).status_code == 200

    @rule()
    def restart(self) -> None:
        self.shut()
        self.open()

    @invariant()
    def the_books_agree(self) -> None:
        found = self.client.get_balance(self.wallet_id)
        assert (found.balance, found.held) == (self.balance, self.held())
        assert found.available == self.balance - self.held() >= 0
        running = 0
        lines = self.client.iterate_transactions(self.wallet_id, page_size=7)
        for expected_sequence, one in enumerate(lines, start=1):
            running += one.amount if one.direction == "credit" else -one.amount
            assert (one.sequence, one.balance_after) == (expected_sequence, running)
            assert running >= 0
        assert running == self.balance


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
