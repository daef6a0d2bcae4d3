"""Judges a request, its lines and its payee; stores each decision and takes the worst verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.service import decision_facts, decisions, policy_lists, purchase_payee, standing
from api.service.dossier import Dossier
from api.service.parts import Caller, Parts
from api.service.purchase_case import Case, Reviewer
from api.service.purchase_facts import CATEGORY, REVIEWER_FACTS, gather
from api.store.records import Account, DecisionRow, Line, Purchase
from api.store.transaction import Transaction
from engine.language.model import VERDICTS
from engine.language.values import parse_decimal_money

PURCHASE = "purchase"
_SEVERITY: tuple[str, ...] = VERDICTS


@dataclass(frozen=True, slots=True)
class Judged:
    """The decisions of one request, linked by `group_id`: of each line, then of the payee."""

    group_id: str
    rows: tuple[DecisionRow, ...]

    @property
    def verdict(self) -> str:
        """The worst of all."""
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
    def rests_on_a_claim(self) -> bool:
        """Whether a buyer's word alone says what category a marketplace item is of."""
        return bool(claimed_categories(self.rows))

    @property
    def state(self) -> str:
        """The state of a purchase that follows from the verdict (contracts.md, section 2).

        A request is `incomplete` while its family owes something. One that lacks nothing but what
        a reviewer has to say waits for the reviewer, and so does one that would be approved on a
        buyer's word about the category: nobody vouches for themselves, and nobody is turned away
        for a gap in our catalog.
        """
        if self.verdict == "allow" and self.rests_on_a_claim:
            return "under_review"
        if self.verdict == "incomplete":
            return "under_review" if self._waits_for_reviewer() else "incomplete"
        return {"deny": "rejected", "review": "under_review", "allow": "approved"}[self.verdict]

    def _waits_for_reviewer(self) -> bool:
        owed = any(f["verdict"] == "incomplete" for row in self.rows for f in row.findings)
        missing = set(self.missing)
        return not owed and bool(missing) and missing <= set(REVIEWER_FACTS)


def claimed_categories(rows: Sequence[DecisionRow]) -> set[int | None]:
    """The lines whose category the buyer alone has stated."""
    return {row.line for row in rows if row.origins.get(CATEGORY, {}).get("claimed")}


def judge(
    parts: Parts,
    tx: Transaction,
    caller: Caller,
    account: Account,
    purchase: Purchase,
    lines: Sequence[Line],
    reviewer: Reviewer | None = None,
) -> Judged:
    """Judges the account's standing rules, every line in order and the payee; stores the decisions.

    The account is locked by the caller of this, so what the decisions saw is still so when their
    effects are written.
    """
    release = parts.decider.release
    holds = standing.judge(parts, tx, account, caller)
    devices = policy_lists.listed(release, policy_lists.MAIN_DEVICES, purchase.submitted_on)
    case = Case(account, purchase, lines, holds, devices, reviewer)
    asking = _Asking(parts, tx, caller, case, parts.new_id())
    rows = []
    for line in lines:
        row = asking.ask(PURCHASE, gather(tx, case, line), line.number)
        _note_answers(tx, line, row)
        rows.append(row)
    for decision, dossier in purchase_payee.questions(release, tx, case, parts.today()):
        rows.append(asking.ask(decision, dossier))
    return Judged(asking.group_id, tuple(rows))


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who asks, about which request; what all its decisions share."""

    parts: Parts
    tx: Transaction
    caller: Caller
    case: Case
    group_id: str

    def ask(self, decision: str, dossier: Dossier, line: int | None = None) -> DecisionRow:
        """One decision, stored; `line` is the number of the line that it is about, if any."""
        decider, case = self.parts.decider, self.case
        release = decider.release
        decided = decisions.decide(decider, decision, dossier.values(release))
        asking = decisions.Asking(
            self.caller,
            decisions.APPLIED,
            self.group_id,
            dossier.origins_of(release),
            account_id=case.account.id,
            purchase_id=case.purchase.id,
            line=line,
            student_id=case.account.student_id,
        )
        return decisions.keep(self.parts, self.tx, release, decided, asking)


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
