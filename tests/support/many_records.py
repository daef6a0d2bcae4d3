"""Purchase decisions in bulk: real facts, answers and clause outcomes, stored as the service does.

A few thousand generated purchases are decided by the engine under the project's own policy. Each
record is one of them, asked by somebody at a moment of its own, with what is about people sealed
under the key of its student, or of the decision alone where it names none. Many are stored in one
transaction, which is all that differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from sqlalchemy import insert
from support.purchases import purchases
from support.sealed_records import NOON, Clock, release

from api.identifiers import maker
from api.privacy.envelope import Place
from api.record.content import stored_values, with_hash
from api.service import decision_facts, people
from api.service.answers import answers_to_json
from api.store import tables
from api.store.database import Database
from api.store.records import Account, DecisionRow, ReleaseRow, Student
from api.store.rows import values_of
from api.store.transaction import Transaction
from engine.decide.answer import Decision
from engine.decide.decider import Decider
from engine.decide.facts import facts_to_json

QUESTIONS: Final = 2_000
"""Purchases that are decided anew; the records are these again and again."""
RECORDS_AN_ACCOUNT: Final = 50
LINES_A_GROUP: Final = 3
PAGE: Final = 2_000
"""Records of one transaction."""
SECONDS_APART: Final = 30
"""A million records are about a year."""
_APPLIED: Final = 0.8


@dataclass(frozen=True)
class Family:
    account_id: str
    student_id: str


@dataclass(frozen=True)
class Weighed:
    """A decision of the engine in the form in which a record holds it."""

    decision: Decision
    facts: Mapping[str, Mapping[str, Any]]
    answers: Mapping[str, Any]
    findings: list[dict[str, Any]]


class ManyRecords:
    """Fills a migrated, empty database that has a vault. The same seed gives the same purchases,
    though not the same ciphertexts."""

    def __init__(self, database: Database, seed: int = 1) -> None:
        self._database = database
        self._random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.clock = Clock(NOON)
        self._new_id = maker(self.clock, self._random.randbytes)
        self._decider = Decider(release())
        self._weighed = [self._weigh(facts) for facts in purchases(release(), QUESTIONS, seed)]
        self.families: list[Family] = []

    def add(self, count: int, tell: Callable[[int], None] = lambda done: None) -> None:
        """That many records, with a family for every RECORDS_AN_ACCOUNT of them."""
        with self._database.write() as tx:
            used = ReleaseRow(self._decider.release.hash, self._semantics(), NOON)
            tx.releases.keep(used, self._decider.release.files)
        missing = max(1, count // RECORDS_AN_ACCOUNT) - len(self.families)
        for begin in range(0, missing, PAGE):
            with self._database.write() as tx:
                self._add_families(tx, min(PAGE, missing - begin))
        for begin in range(0, count, PAGE):
            with self._database.write() as tx:
                self._add_page(tx, min(PAGE, count - begin))
            tell(min(count, begin + PAGE))

    def _semantics(self) -> str:
        return self._weighed[0].decision.semantics_version

    # --- families -----------------------------------------------------------------------------

    def _add_families(self, tx: Transaction, count: int) -> None:
        students, accounts = [], []
        for _ in range(count):
            family = Family(self._new_id(), self._new_id())
            self.families.append(family)
            place = Place("students", family.student_id, "name")
            name = tx.boxes.seal(people.of_student(family.student_id), place, "Maya Example")
            student = Student(family.student_id, name, None, None, {"grade": 4}, self.clock())
            students.append(values_of(student))
            accounts.append(values_of(self._account(family)))
        tx.connection.execute(insert(tables.students), students)
        tx.connection.execute(insert(tables.accounts), accounts)

    def _account(self, family: Family) -> Account:
        id = family.account_id
        return Account(
            id, family.student_id, "esa_plus", "base", False, 2027, 900_000, "active",
            f"award-{id}", f"disbursement-{id}", None, "staff-1", self.clock(),
        )  # fmt: skip

    # --- records ------------------------------------------------------------------------------

    def _weigh(self, facts: Mapping[str, Any]) -> Weighed:
        decided = self._decider.decide("purchase", facts)
        findings = [
            {
                name: getattr(finding, name)
                for name in ("reason", "verdict", "rule", "case", "standing")
            }
            for finding in decided.findings
        ]
        told = facts_to_json(self._decider.release, decided.facts)
        answers = answers_to_json(self._decider.release, decided)
        return Weighed(decided, told, answers, findings)

    def _add_page(self, tx: Transaction, count: int) -> None:
        rows: list[dict[str, Any]] = []
        reasons: list[tuple[str, str]] = []
        while len(rows) < count:
            family = self._random.choice(self.families)
            group_id = self._new_id()
            is_applied = self._random.random() < _APPLIED
            lines = self._random.randint(1, LINES_A_GROUP) if is_applied else 1
            for line in range(1, min(lines, count - len(rows)) + 1):
                weighed = self._random.choice(self._weighed)
                row = self._row(tx, weighed, family if is_applied else None, group_id, line)
                rows.append(with_hash(stored_values(row)))
                found = dict.fromkeys(finding["reason"] for finding in row.findings)
                reasons += [(row.id, reason) for reason in found]
            self.clock.advance(seconds=SECONDS_APART)
        tx.decisions.keep_values(rows, reasons)

    def _row(
        self, tx: Transaction, weighed: Weighed, family: Family | None, group_id: str, line: int
    ) -> DecisionRow:
        id, decided = self._new_id(), weighed.decision
        student_id = family.student_id if family else None
        facts, answers = decision_facts.seal(
            tx, self._decider.release, id, "purchase", weighed.facts, weighed.answers, student_id
        )
        return DecisionRow(
            id=id, decision="purchase", release_id=decided.release,
            semantics_version=decided.semantics_version, as_of=decided.as_of, facts=facts,
            origins=self._origins(weighed, family) if family else {},
            verdict=decided.verdict, findings=weighed.findings, answers=answers,
            missing=list(decided.missing), outcomes=decided.outcomes,
            mode="applied" if family else "pure",
            asked_by=f"family-{family.account_id}" if family else "purchase-system",
            asked_at=self.clock() + timedelta(milliseconds=line),
            account_id=family.account_id if family else None, purchase_id=None,
            line=line if family else None, group_id=group_id,
        )  # fmt: skip

    @staticmethod
    def _origins(weighed: Weighed, family: Family) -> dict[str, dict[str, Any]]:
        """As purchases state them: the record or the request, and of what."""
        of = {"account": family.account_id, "student": family.student_id}
        return {
            f"{group}.{name}": {"from": "request"} if group == "purchase"
            else {"from": "record", group: of.get(group, family.account_id)}
            for group, part in weighed.facts.items() for name in part
        }  # fmt: skip
