"""A small world for tests of the service: a family, their account, a vendor and its catalog."""

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from support.provider_fake import FakeProvider

from api.service import accounts, catalog, payments, providers, purchases, releases, students
from api.service import vendors as vendor_cases
from api.service.parts import Caller, Parts
from api.store.database import Database
from engine.decide.decider import Decider
from engine.language.loader import load_files, load_release
from engine.watch.watcher import Watcher

ROOT = Path(__file__).parents[2]
PDF = b"%PDF-1.7 an invoice"
NOON = datetime(2026, 9, 21, 16, 0, tzinfo=UTC)  # noon in New York


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: int) -> None:
        self.now += timedelta(**by)


class Ids:
    """Identifiers that rise."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            return f"id-{next(self._numbers):06d}"


@cache
def decider() -> Decider:
    """The project's own policy."""
    return Decider(load_release(ROOT))


@cache
def watcher() -> Watcher:
    return Watcher(decider().release, decider())


def make_parts(database: Database, clock: Clock, **other: Any) -> Parts:
    return Parts(
        database=database,
        decider=other.get("decider", decider()),
        watcher=other.get("watcher", watcher()),
        clock=clock,
        new_id=other.get("new_id", Ids()),
        new_secret=iter(
            f"secret-{number:04d}-with-enough-letters" for number in range(1000)
        ).__next__,
        time_zone=ZoneInfo("America/New_York"),
        load=lambda files: Decider(load_files(files)),
    )


STAFF = Caller("staff-1", "Staff", frozenset({"accounts:write"}))
AUDITOR = Caller("auditor-1", "Auditor", frozenset({"decisions:read", "facts:personal"}))
REVIEWER = Caller("staff-2", "Reviewer", frozenset({"purchases:review"}))


@dataclass
class World:
    """One family with an account of $9,000, one marketplace vendor and one tutor."""

    parts: Parts
    clock: Clock
    provider: FakeProvider
    student_id: str
    account_id: str
    vendor_id: str
    tutor_id: str
    family: Caller

    # --- acts, each in a transaction of its own -------------------------------------------------

    def do(self, use_case: Any, *arguments: Any, caller: Caller = STAFF, **named: Any) -> Any:
        with self.parts.database.write() as tx:
            return use_case(self.parts, tx, caller, *arguments, **named)

    def submit(self, caller: Caller | None = None, **changes: Any) -> dict[str, Any]:
        request = self.request(**changes)
        shown: dict[str, Any] = self.do(purchases.submit, request, caller=caller or self.family)
        return shown

    def request(self, **changes: Any) -> dict[str, Any]:
        """A marketplace workbook for $125; `line` changes its line, other keys the request."""
        line = {"amount": "125.00", "category": "curriculum", "sku": "workbook-4"}
        line |= {"subject": "mathematics", "item_grade": 4}
        line |= changes.pop("line", {})
        request = {
            "account_id": self.account_id,
            "channel": "marketplace",
            "vendor_id": self.vendor_id,
            "lines": [without_dropped(line)],
            "documents": [],
        }
        return without_dropped(request | changes)

    def tutoring(self, **changes: Any) -> dict[str, Any]:
        """An invoice of the tutor for $60."""
        line = {"amount": "60.00", "category": "tutoring", "subject": "mathematics"}
        line |= {"item_kind": "tutoring_lesson", "is_accessory": False}
        line |= changes.pop("line", {})
        base = {
            "channel": "service_provider",
            "vendor_id": DROP,
            "provider_id": self.tutor_id,
            "lines": [without_dropped(line)],
            "documents": [paper("invoice")],
        }
        return self.submit(**(base | changes))

    def off_market(self, *kinds: str, **changes: Any) -> dict[str, Any]:
        """A textbook from the same vendor, bought off the marketplace."""
        line = {"amount": "80.00", "category": "textbook", "subject": "mathematics"}
        line |= {"item_kind": "textbook", "is_accessory": False}
        line |= changes.pop("line", {})
        base = {
            "channel": "off_market",
            "lines": [without_dropped(line)],
            "documents": [paper(kind) for kind in kinds],
        }
        return self.submit(**(base | changes))

    def show(self, purchase_id: str) -> dict[str, Any]:
        with self.parts.database.read() as tx:
            return purchases.get(self.parts, tx, STAFF, purchase_id)

    def account(self) -> dict[str, Any]:
        with self.parts.database.read() as tx:
            return accounts.show(self.parts, tx, STAFF, self.account_id)

    def deliver(self, worker_id: str = "worker-1") -> int:
        return payments.deliver_once(self.parts, self.provider, worker_id)

    def drain(self, worker_id: str = "worker-1") -> int:
        """Delivers until nothing is due, moving the clock as rows ask for it."""
        made = 0
        for _ in range(60):
            step = self.deliver(worker_id)
            made += step
            if not step and not self.waiting():
                return made
            if not step:
                self.clock.advance(minutes=20)
        raise AssertionError("the outbox never came to rest")

    def waiting(self) -> int:
        with self.parts.database.read() as tx:
            return int(tx.outbox.counts().get("ready", 0))

    def add_item(self, sku: str, **facts: Any) -> None:
        given = {"vendor_id": self.vendor_id, "sku": sku, "title": sku.replace("-", " ")}
        known = {"category": "technology", "is_accessory": False, "flagged_prohibited": False}
        known |= facts
        self.do(catalog.create, given | without_dropped(known))

    def decision(self, shown: Mapping[str, Any], line: int = 0) -> Any:
        """The stored decision behind one line of a purchase as it was shown."""
        with self.parts.database.read() as tx:
            return tx.decisions.get(shown["decisions"][line])


DROP = object()
"""As a change: leave the key out."""


def without_dropped(given: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not DROP}


def paper(kind: str, content: bytes = PDF) -> dict[str, Any]:
    return {"kind": kind, "name": f"{kind}.pdf", "content": content}


def make_world(database: Database, **other: Any) -> World:
    """The world on a migrated, empty database."""
    clock = other.pop("clock", None) or Clock(NOON)
    award = other.pop("award", "9000.00")
    parts = make_parts(database, clock, **other)
    with database.write() as tx:
        releases.publish(parts, tx, parts.decider.release)
    with database.write() as tx:
        student = students.create(
            parts, tx, STAFF,
            {"name": "Maya Example", "grade": 4, "in_public_school_full_time": False},
        )  # fmt: skip
        agreement = {
            "year": 2027, "signed_on": "2026-07-06", "signed_by": "parent",
            "acknowledgments_complete": True, "lea_release_signed": True, "w9_submitted": True,
        }  # fmt: skip
        students.record_agreement(parts, tx, STAFF, student["id"], agreement)
        school = {"name": "At home", "fiscal_year": 2027, "type": "home_school", "full_time": True}
        students.record_school(parts, tx, STAFF, student["id"], school)
        account = accounts.create(
            parts, tx, STAFF,
            {"student_id": student["id"], "program": "esa_plus", "award_level": "base",
             "fiscal_year": 2027, "initial_award": award},
        )  # fmt: skip
        vendor = vendor_cases.create(
            parts, tx, STAFF,
            {"name": "School Supplies", "is_marketplace": True,
             "compliance_status": "good_standing", "w9_on_file": True, "agreement_signed": True,
             "external_id": "m-school-supplies"},
        )  # fmt: skip
        tutor = providers.create(
            parts, tx, STAFF,
            {"name": "Lee Tutor", "enrollment_status": "enrolled", "in_directory": True,
             "credentials_expire_on": None,
             "services": [{"service": "tutoring", "live_instruction": True,
                           "flagged_prohibited": False}]},
        )  # fmt: skip
    family = Caller(
        "family-1", "Family", frozenset({"purchases:submit"}), frozenset({student["id"]})
    )
    world = World(
        parts, clock, FakeProvider(), student["id"], account["id"], vendor["id"], tutor["id"],
        family,
    )  # fmt: skip
    world.add_item("workbook-4", category="curriculum", item_kind="workbook")
    world.add_item("reader-4", category="textbook", item_kind="textbook")
    world.add_item("tablet-9", item_kind="tablet")
    world.add_item("stylus-2", item_kind="stylus", is_accessory=True)
    world.add_item("drone-1", item_kind="drone")
    return world


def with_database(world: World, database: Database) -> World:
    """The same world after a restart, on another database object of the same file."""
    parts = replace(world.parts, database=database)
    return replace(world, parts=parts)
