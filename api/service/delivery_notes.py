"""What the provider says of a call: its words may name people, so they are sealed."""

from api.privacy.envelope import Place, Sealed
from api.service import people
from api.store.records import Account, OutboxRow, Payment
from api.store.transaction import Transaction


def seal_error(tx: Transaction, account: Account, row: OutboxRow, said: str) -> Sealed:
    """The last error of an outbox row."""
    place = Place("outbox", row.id, "last_error")
    return tx.boxes.seal(people.of_student(account.student_id), place, said)


def seal_decline(tx: Transaction, account: Account, payment: Payment, said: str) -> Sealed:
    """Why the provider declined a payment."""
    place = Place("payments", payment.id, "decline_message")
    return tx.boxes.seal(people.of_student(account.student_id), place, said)
