"""Facts about an account, its family and its compliance, from the service's own records."""

from api.service.dossier import Dossier
from api.service.holding import blocking
from api.store.records import Account, Hold
from api.store.transaction import Transaction
from engine.language.values import format_decimal_money


def state_account(tx: Transaction, account: Account, dossier: Dossier) -> None:
    """account.*, but for what follows from its holds."""
    origin = {"from": "record", "account": account.id}
    total, counted = tx.purchases.spent(account.id, account.fiscal_year)
    facts = {
        "id": account.id,
        "status": account.status,
        "program": account.program,
        "award_level": account.award_level,
        "part_time": account.part_time,
        "fiscal_year": account.fiscal_year,
        "initial_award": format_decimal_money(account.initial_award_cents),
        "balance": format_decimal_money(tx.ledger.funds_cents(account.id)),
        "held": format_decimal_money(tx.holds.held_cents(account.id)),
        "total_spent": format_decimal_money(total),
        "academic_spent": format_decimal_money(counted),
    }
    dossier.state_all("account", facts, origin)


def state_holds(holds: list[Hold], dossier: Dossier) -> None:
    """account.hold_in_force, with the holds, conclusions and findings that it comes from."""
    stopping = blocking(holds)
    named = [
        {
            "hold": hold.id,
            "kind": hold.kind,
            "conclusion": hold.conclusion,
            "rule": hold.rests_on.get("rule"),
            "findings": hold.rests_on.get("findings", []),
        }
        for hold in stopping
    ]
    dossier.state("account.hold_in_force", bool(stopping), {"from": "record", "holds": named})


def state_family(tx: Transaction, account: Account, dossier: Dossier) -> None:
    """student.*, agreement.* and school.* for the account's fiscal year.

    The student's name, age and id are left out: they are personal and no rule here reads them.
    """
    student = tx.students.get(account.student_id)
    assert student is not None  # noqa: S101 - a foreign key holds it there
    dossier.state_all("student", student.facts, {"from": "record", "student": student.id})
    _state_agreement(tx, account, dossier)
    choice = tx.school_choices.of_year(account.student_id, account.fiscal_year)
    if choice is None:
        return
    school = tx.schools.get(choice.school_id) if choice.school_id else None
    if school is not None:
        dossier.state_all("school", school.facts, {"from": "record", "school": school.id})
    origin = {"from": "record", "school_choice": choice.id}
    facts = dict(choice.facts)
    settled = facts.pop("tuition_settled", None)
    dossier.state_all("school", facts, origin)
    if settled is not None:
        dossier.state("purchase.prior_tuition_settled", settled, origin)


def _state_agreement(tx: Transaction, account: Account, dossier: Dossier) -> None:
    """This year's agreement, or the latest other one, or that there is none.

    Our record is where agreements are signed: one that is not there was not signed, and nothing
    on it was acknowledged or submitted.
    """
    agreement = tx.agreements.of_year(account.student_id, account.fiscal_year)
    agreement = agreement or tx.agreements.latest(account.student_id)
    absent = {"signed_on": None, "signed_by": None, "acknowledgments_complete": False}
    absent |= {"lea_release_signed": False, "w9_submitted": False}
    if agreement is None:
        origin = {"from": "record", "student": account.student_id, "agreement": None}
        dossier.state_all("agreement", {"year": None, **absent}, origin)
        return
    origin = {"from": "record", "agreement": agreement.id}
    dossier.state_all("agreement", {"year": agreement.year, **absent, **agreement.facts}, origin)


def state_compliance(tx: Transaction, account: Account, dossier: Dossier) -> None:
    """compliance.*, with the findings that it comes from."""
    suspensions = tx.findings.unresolved_suspensions(account.id)
    unresolved = [one for one in tx.findings.of(account.id) if one.state != "resolved"]
    dossier.state(
        "compliance.unresolved_suspension",
        bool(suspensions),
        {"from": "record", "findings": [finding.id for finding in suspensions]},
    )
    dossier.state(
        "compliance.open_findings",
        len(unresolved),
        {"from": "record", "findings": [finding.id for finding in unresolved]},
    )
