"""Judges a request line by line, stores every decision, and takes the worst verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.service import decision_facts, decisions, standing
from api.service.parts import Caller, Parts
from api.service.purchase_facts import REVIEWER_FACTS, Case, Reviewer, gather
from api.store.records import Account, DecisionRow, Line, Purchase
from api.store.transaction import Transaction
from engine.language.model import VERDICTS
from engine.language.values import parse_decimal_money

PURCHASE = "purchase"
_SEVERITY: tuple[str, ...] = VERDICTS


@dataclass(frozen=True, slots=True)
class Judged:
    """The decisions of one request, one a line, linked by `group_id`."""

    group_id: str
    rows: tuple[DecisionRow, ...]

    @property
    def verdict(self) -> str:
        """The worst of all lines."""
        return min((row.verdict for row in self.rows), key=_SEVERITY.index)

    @property
    def decision_ids(self) -> list[str]:
        return [row.id for row in self.rows]

    @property
    def reasons(self) -> list[str]:
        """All reasons without repeats, in the order found."""
        found = [finding["reason"] for row in self.rows for finding in row.findings]
        return list(dict.fromkeys(found))

    @property
    def missing(self) -> list[str]:
        """The unknown facts that could change the answer, sorted."""
        return sorted({name for row in self.rows for name in row.missing})

    @property
    def state(self) -> str:
        """The state of a purchase that follows from the verdict (contracts.md, section 2).

        A request is `incomplete` while its family owes something. One that lacks nothing but what
        a reviewer has to say waits for the reviewer.
        """
        if self.verdict == "incomplete":
            return "under_review" if self._waits_for_reviewer() else "incomplete"
        return {"deny": "rejected", "review": "under_review", "allow": "approved"}[self.verdict]

    def _waits_for_reviewer(self) -> bool:
        owed = any(f["verdict"] == "incomplete" for row in self.rows for f in row.findings)
        missing = set(self.missing)
        return not owed and bool(missing) and missing <= set(REVIEWER_FACTS)


def judge(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    account: Account,
    purchase: Purchase,
    lines: Sequence[Line],
    reviewer: Reviewer | None = None,
) -> Judged:
    """Judges the account's standing rules, then every line in order, and stores the decisions.

    The account is locked by the caller of this, so what the decisions saw is still so when their
    effects are written.
    """
    holds = standing.judge(parts, tx, account, caller)
    case = Case(account, purchase, lines, holds, reviewer)
    group_id = parts.new_id()
    rows = []
    for line in lines:
        row = _judge_line(parts, tx, caller, case, line, group_id)
        _note_answers(tx, line, row)
        rows.append(row)
    return Judged(group_id, tuple(rows))


def _judge_line(
    parts: Parts, tx: Transaction, caller: Caller, case: Case, line: Line, group_id: str
) -> DecisionRow:
    release = parts.decider.release
    dossier = gather(tx, case, line)
    decided = decisions.decide(parts.decider, PURCHASE, dossier.values(release))
    asking = decisions.Asking(
        caller,
        decisions.APPLIED,
        group_id,
        dossier.origins_of(release),
        account_id=case.account.id,
        purchase_id=case.purchase.id,
        line=line.number,
        student_id=case.account.student_id,
    )
    return decisions.keep(parts, tx, release, decided, asking)


def _note_answers(tx: Transaction, line: Line, row: DecisionRow) -> None:
    """Keeps what the decision answered beside the line, so that accounts only add up."""
    answers = decision_facts.content(tx, row).answers
    tx.lines.change(
        line.id,
        decision_id=row.id,
        counts_toward_minimum_cents=_cents(answers.get("counts_toward_minimum")),
        tax_reportable_cents=_cents(answers.get("tax_reportable")),
    )


def _cents(answer: Any) -> int | None:
    return None if answer is None else parse_decimal_money(answer)
