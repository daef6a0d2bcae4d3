"""What follows from the provider's answer: posted, released, asked again, or left to a person.

Everything here runs in one transaction with the account and the outbox row locked, and only while
the row is still leased to the worker that made the call.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from api.privacy.envelope import Sealed
from api.service import holding
from api.service.delivery_notes import seal_decline, seal_error
from api.service.delivery_orders import Call, put_back
from api.service.history import emit
from api.service.outbound import halt
from api.service.parts import Caller, Parts
from api.service.provider_port import (
    AuthFailed,
    Declined,
    OutcomeUnknown,
    ProviderFault,
    Receipt,
    Unavailable,
)
from api.store.ledger import Posting, funds_of
from api.store.records import Account, Entry, OutboxRow, Payment
from api.store.transaction import Transaction
from engine.language.values import format_decimal_money

MAX_ATTEMPTS: Final = 12
FIRST_WAIT_SECONDS: Final = 5
LONGEST_WAIT_SECONDS: Final = 3_600
PENDING_SECONDS: Final = 300
ERROR_LENGTH: Final = 500

Answer = Receipt | ProviderFault | None


def record(parts: Parts, worker: Caller, call: Call, answer: Answer) -> None:
    """Writes down what the provider said to a call. Nothing is written for a row that another
    worker has taken over meanwhile: that one asks the provider itself."""
    with parts.database.write() as tx:
        account = tx.accounts.lock(call.account_id)
        row = tx.outbox.lock_leased(call.row_id, worker.id)
        if account is None or row is None:
            return
        _Result(parts, tx, worker, account, row).take(call, answer)


class _Result:
    """One answer to one row."""

    def __init__(
        self, parts: Parts, tx: Transaction, worker: Caller, account: Account, row: OutboxRow
    ) -> None:
        self.parts, self.tx, self.worker = parts, tx, worker
        self.account, self.row = account, row
        self.now = parts.clock()

    def take(self, call: Call, answer: Answer) -> None:
        if isinstance(answer, Receipt):
            self._take_receipt(answer)
        elif answer is None:
            # The provider never carried it out, so the same order goes out again, same key.
            self._again(0, "not found at the provider", is_query=False, was_sent=False)
        elif isinstance(answer, AuthFailed):
            self._take_auth_failure(call, answer)
        elif isinstance(answer, Declined) and not call.is_query:
            self._decline(answer.code, answer.message)
        elif isinstance(answer, OutcomeUnknown) or call.is_query:
            self._doubt(str(answer))
        else:
            asked = answer.retry_after_seconds if isinstance(answer, Unavailable) else None
            self._again(asked or self._wait(), str(answer), is_query=False, was_sent=False)

    def _take_receipt(self, receipt: Receipt) -> None:
        if receipt.status == "declined":
            code = receipt.code or "TRANSACTION_FAILED"
            self._decline(code, receipt.message or "declined")
        elif receipt.status == "pending":
            self._set_payment(state="pending", external_id=receipt.id)
            # Settlement may take days: waiting for it is no failed attempt.
            self._again(PENDING_SECONDS, "pending at the provider", is_query=True, attempts=0)
        else:
            _SETTLED[self.row.kind](self, receipt)
            put_back(self.tx, self.row, state="done", ended_at=self.now, last_error=None)

    def _take_auth_failure(self, call: Call, fault: AuthFailed) -> None:
        halt(self.parts, self.tx, self.worker, str(fault))
        if fault.in_doubt or call.is_query:
            self._doubt(str(fault))
        else:
            attempts = self.row.attempts - 1
            self._again(0, str(fault), is_query=False, was_sent=False, attempts=attempts)

    # --- what goes on ---------------------------------------------------------------------------

    def _again(self, seconds: int, why: str, **columns: object) -> None:
        """Puts the row back for later, or before a person when it was tried often enough."""
        attempts = columns.get("attempts", self.row.attempts)
        error = why[:ERROR_LENGTH]
        if isinstance(attempts, int) and attempts >= MAX_ATTEMPTS:
            self._give_up(error)
            return
        next_at = self.now + timedelta(seconds=seconds)
        put_back(self.tx, self.row, next_at=next_at, last_error=self._sealed(error), **columns)

    def _wait(self) -> int:
        """Seconds until the next attempt: doubled each time, up to an hour."""
        doubled: int = FIRST_WAIT_SECONDS * 2 ** max(0, self.row.attempts - 1)
        return min(LONGEST_WAIT_SECONDS, doubled)

    def _doubt(self, why: str) -> None:
        """Nobody knows whether money moved: the next call asks, and nothing is sent before."""
        payment = self._payment()
        if payment is not None and payment.state != "unknown":
            self._set_payment(state="unknown")
            self._tell("PaymentUnknown", {}, said={"error": why[:ERROR_LENGTH]})
        self._again(self._wait(), why, is_query=True, was_sent=True)

    def _give_up(self, error: str) -> None:
        """A person has to look. A payment's reservation stays: its money may have moved."""
        said = self._sealed(error)
        put_back(self.tx, self.row, state="manual_review", ended_at=self.now, last_error=said)
        self._set_payment(state="manual_review")
        self._tell("ManualReviewNeeded", {"outbox": self.row.id}, said={"error": error})

    def _decline(self, code: str, message: str) -> None:
        if self.row.kind != "payment":
            self._give_up(f"{code}: {message}"[:ERROR_LENGTH])
            return
        payment = self._payment()
        assert payment is not None  # noqa: S101 - written in the same transaction as its row
        words = seal_decline(self.tx, self.account, payment, message[:ERROR_LENGTH])
        self._set_payment(state="declined", decline_code=code, decline_message=words)
        self._tell("PaymentDeclined", {"code": code})
        self._release_reservation("the payment was declined")
        ended = self._sealed(code)
        put_back(self.tx, self.row, state="done", ended_at=self.now, last_error=ended)

    # --- settled --------------------------------------------------------------------------------

    def open_wallet(self, receipt: Receipt) -> None:
        self.tx.accounts.change(self.account.id, external_wallet_id=receipt.id)
        self._tell("WalletProvisioned", {"wallet": receipt.id})

    def fund_wallet(self, receipt: Receipt) -> None:
        amount = format_decimal_money(int(self.row.payload["amount_cents"]))
        data = {"disbursement": self.row.business_id, "transaction": receipt.id, "amount": amount}
        self._tell("FundsMovedToWallet", data)

    def pay(self, receipt: Receipt) -> None:
        """Posts the payment once, releases its reservation and closes the purchase."""
        payment = self._payment()
        assert payment is not None  # noqa: S101 - only payments come here
        decided = [row.id for row in self.tx.decisions.group(self._purchase_group(payment.id))]
        entry = Entry(
            id=self.parts.new_id(),
            kind="purchase_payment",
            business_key=f"payment:{payment.id}",
            account_id=self.account.id,
            note=f"purchase {payment.id} paid to {payment.payee_kind} {payment.payee_id}",
            decisions=decided,
            posted_by=self.worker.id,
            posted_at=self.now,
        )
        debit = Posting(funds_of(self.account.id), -payment.amount_cents, self.account.id)
        payee = Posting(f"{payment.payee_kind}:{payment.payee_id}", payment.amount_cents)
        # The reservation goes before the money does, so that available never dips in between.
        self._release_reservation("the purchase was paid")
        self.tx.ledger.post(entry, [debit, payee])
        self._set_payment(state="settled", external_id=receipt.id)
        self.tx.purchases.change(payment.id, state="paid")
        amount = format_decimal_money(payment.amount_cents)
        self._tell("PaymentProcessed", {"payment": receipt.id, "amount": amount}, decided)
        data = {"entry": entry.id, "purchase": payment.id, "amount": amount}
        aggregate = f"account:{self.account.id}"
        emit(self.parts, self.tx, aggregate, "FundsDebited", self.worker, data, decided)

    # --- parts ----------------------------------------------------------------------------------

    def _payment(self) -> Payment | None:
        return self.tx.payments.get(self.row.business_id) if self.row.kind == "payment" else None

    def _purchase_group(self, purchase_id: str) -> str:
        purchase = self.tx.purchases.get(purchase_id)
        return purchase.group_id if purchase else ""

    def _set_payment(self, **columns: object) -> None:
        if self.row.kind == "payment":
            self.tx.payments.change(self.row.business_id, changed_at=self.now, **columns)

    def _release_reservation(self, why: str) -> None:
        hold = self.tx.holds.of_purchase(self.row.business_id)
        if hold is not None:
            holding.release(self.parts, self.tx, hold, self.worker, why)

    def _sealed(self, error: str) -> Sealed:
        return seal_error(self.tx, self.account, self.row, error)

    def _tell(
        self,
        type: str,
        data: Mapping[str, Any],
        decisions: list[str] | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> None:
        payment = self.row.kind == "payment"
        about = f"purchase:{self.row.business_id}" if payment else f"account:{self.account.id}"
        emit(self.parts, self.tx, about, type, self.worker, data, decisions or [],
             said=said, student_id=self.account.student_id)  # fmt: skip


_SETTLED: Final = {
    "wallet_create": _Result.open_wallet,
    "wallet_credit": _Result.fund_wallet,
    "payment": _Result.pay,
}
