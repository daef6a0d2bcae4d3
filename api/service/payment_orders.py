"""Puts an approved purchase into the outbox, once, under its own id."""

from api.service.parts import Parts
from api.store.records import OutboxRow, Payment, Purchase
from api.store.transaction import Transaction


def order_payment(
    parts: Parts, tx: Transaction, purchase: Purchase, payee: tuple[str, str]
) -> None:
    """The payment and its outbox row. It waits until the wallet has been credited.

    payee: (`vendor` or `provider`, its id).
    """
    now = parts.clock()
    kind, payee_id = payee
    tx.payments.add(
        Payment(
            id=purchase.id,
            account_id=purchase.account_id,
            amount_cents=purchase.amount_cents,
            state="pending",
            payee_kind=kind,
            payee_id=payee_id,
            external_id=None,
            decline_code=None,
            decline_message=None,
            created_at=now,
            changed_at=now,
        )
    )
    credit = tx.outbox.latest(purchase.account_id, "wallet_credit")
    tx.outbox.add(
        OutboxRow(
            id=parts.new_id(),
            kind="payment",
            business_id=purchase.id,
            account_id=purchase.account_id,
            depends_on=credit.id if credit else None,
            payload={},
            next_at=now,
            created_at=now,
        )
    )
