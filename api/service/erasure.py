"""Erasing: the keys of a person are destroyed, and with them everything sealed under them.

Records stay where they are: they are hashed in their sealed form, so every proof stays valid.
"""

from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.boxes import ERASED
from api.service import callers, people
from api.service.decision_facts import CODE
from api.service.history import emit
from api.service.parts import Caller, Parts
from api.store.records import Student
from api.store.transaction import Transaction

GROUNDS: Final = ("request", "retention", "court_order", "mistake")
"""Why somebody's data may be erased; nothing about the person stands in it."""


def erase(
    parts: Parts, tx: Transaction, caller: Caller, student_id: str, ground: str
) -> dict[str, Any]:
    """Destroys the keys of a student, ours or one that only callers' facts name.

    An event says that it was done, by whom and on what ground. Refusal NOT_FOUND where nothing is
    sealed for such a student, STATE_CONFLICT while their account is open or a delivery is under
    way: the provider would be sent a person without a name.
    """
    if ground not in GROUNDS:
        listed = f"one of {', '.join(GROUNDS)}"
        raise Refusal("INVALID_REQUEST", "no such ground", [problem("ground", "unknown", listed)])
    student = tx.students.lock(student_id)
    if not caller.sees(student_id):
        raise _unknown(student_id)
    if student is not None:
        _refuse_unfinished(tx, student)
    destroyed = tx.boxes.destroy(people.of_student(student_id))
    if student is None and not destroyed:
        raise _unknown(student_id)
    if student is not None:
        tx.students.change(student.id, name_index=None)
        _overwrite_free_texts(tx, student.id)
        tx.attachments.forget_contents(student.id)
        callers.forget_family(tx, student.id, ERASED)
        data = {"ground": ground, "keys": destroyed}
        emit(parts, tx, f"student:{student.id}", "PersonalDataErased", caller, data)
    else:
        # The name that a caller gave the student is itself about the student: it is not repeated.
        data = {"ground": ground, "keys": destroyed}
        emit(parts, tx, f"erasure:{parts.new_id()}", "PersonalDataErased", caller, data)
    return {"student_id": student_id, "keys": destroyed, "ground": ground}


def erase_decision(
    parts: Parts, tx: Transaction, caller: Caller, decision_id: str, ground: str
) -> dict[str, Any]:
    """Destroys the key of one decision about nobody named. Refusal NOT_FOUND where it has none."""
    destroyed = tx.boxes.destroy(f"decision:{decision_id}")
    if not destroyed:
        raise Refusal("NOT_FOUND", f"decision `{decision_id[:64]}` has no key of its own")
    data = {"ground": ground, "keys": destroyed}
    emit(parts, tx, f"decision:{decision_id}", "PersonalDataErased", caller, data)
    return {"decision_id": decision_id, "keys": destroyed, "ground": ground}


def _refuse_unfinished(tx: Transaction, student: Student) -> None:
    problems = []
    for account_id in sorted(tx.accounts.ids_of(frozenset({student.id}))):
        account = tx.accounts.lock(account_id)
        if account is not None and account.status != "closed":
            problems.append(problem(f"account {account_id}", account.status, "close it first"))
        for row in tx.outbox.unfinished(account_id):
            problems.append(problem(f"outbox {row.id}", row.state, "let it be delivered first"))
    if problems:
        raise Refusal("STATE_CONFLICT", "this student's data are still needed", problems)


def _overwrite_free_texts(tx: Transaction, student_id: str) -> None:
    """Order numbers and kinds of items that are no plain codes: a person may stand in them.

    They are searched, so they lie in plain text; in the facts of decisions they are sealed.
    """
    for purchase in tx.purchases.of_student(student_id):
        kept = {"order_number": purchase.order_number, "given": dict(purchase.given)}
        changes = {name: _cleaned(value) for name, value in kept.items()}
        if changes != kept:
            tx.purchases.change(purchase.id, **changes)
        for line in tx.lines.of(purchase.id):
            kept = {"item_kind": line.item_kind, "given": dict(line.given)}
            changes = {name: _cleaned(value) for name, value in kept.items()}
            if changes != kept:
                tx.lines.change(line.id, **changes)


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cleaned(one) for name, one in value.items()}
    is_free = isinstance(value, str) and not CODE.fullmatch(value)
    return ERASED if is_free else value


def _unknown(student_id: str) -> Refusal:
    return Refusal("NOT_FOUND", f"nothing is kept about a student `{student_id[:64]}`")
