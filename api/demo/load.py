"""The demo's families, vendors and purchases, entered through the same use cases as real ones.

Each is entered at its own moment: the clock is set to the day on which it happened, so that the
rules of that day decide. Identifiers come from a seed, so that the README's tour stays true.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from api.auth import SCOPES
from api.identifiers import maker
from api.service import accounts, callers, catalog, providers, purchases, students, vendors
from api.service.parts import Caller, Parts
from api.settings import DEMO_API_KEY, DEMO_REVIEWER_KEY

DEMO_DAY: Final = date(2026, 9, 21)
_SEED: Final = 20260921
_OPENED: Final = date(2025, 7, 14)
_NOON: Final = time(16, 0, tzinfo=UTC)
_PAPER: Final = b"%PDF-1.4\n% a paper of the demo\n"


class _Calendar:
    """A clock that the story sets; it moves on a second with each look, so that order shows."""

    def __init__(self) -> None:
        self._now = datetime.combine(_OPENED, _NOON)

    def go_to(self, day: date) -> None:
        self._now = max(self._now, datetime.combine(day, _NOON))

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


def load_demo(parts: Parts) -> bool:
    """Loads the story once; False where the database holds anything already."""
    calendar = _Calendar()
    bytes_of = random.Random(_SEED).randbytes  # noqa: S311 - stable names, no secret
    told = replace(parts, clock=calendar, new_id=maker(calendar, bytes_of))
    with parts.database.read() as tx:
        probe = accounts.list_accounts(told, tx, _anyone(), cursor=None, limit=1)
    if probe["items"]:
        return False
    _Story(told, calendar.go_to).tell()
    return True


def _anyone() -> Caller:
    return Caller("demo", "Demo", frozenset(SCOPES))


class _Story:
    """What happened, day by day."""

    def __init__(self, parts: Parts, go_to: Callable[[date], None]) -> None:
        self._parts, self._go_to = parts, go_to
        self._staff = self._caller("Dana Whitfield, policy office", DEMO_API_KEY)
        self._caller("Ruth Odom, reviewer", DEMO_REVIEWER_KEY)

    def _caller(self, name: str, key: str) -> Caller:
        with self._parts.database.write() as tx:
            caller = callers.register(self._parts, tx, name, SCOPES)
            callers.issue_key(self._parts, tx, caller.id, secret=key)
        return caller

    def _do(self, use_case: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
        with self._parts.database.write() as tx:
            return use_case(self._parts, tx, self._staff, *arguments)

    def tell(self) -> None:
        """Everything up to the morning of the demo day."""
        shop, books = self._vendors()
        tutor = self._tutor()
        rivera = self._family("Maya Rivera", date(2016, 11, 3), 4, "home_school")
        whitaker = self._family("Jonah Whitaker", date(2014, 2, 19), 6, "direct_payment")
        okafor = self._family("Amara Okafor", date(2017, 5, 8), 3, "home_school")
        chen = self._family("Lily Chen", date(2013, 8, 27), 7, "home_school")
        okafor_before = self._account(okafor, 2026, "base")
        self._art_lesson(okafor_before, tutor, date(2026, 6, 8))
        self._go_to(date(2026, 7, 8))
        okafor_account = self._account(okafor, 2027, "base")
        rivera_account = self._account(rivera, 2027, "base")
        whitaker_account = self._account(whitaker, 2027, "higher")
        chen_account = self._account(chen, 2027, "base")
        self._device(whitaker_account, shop, "D-2202", date(2026, 8, 21), "tablet-11", "449.00")
        self._device(rivera_account, shop, "D-2201", date(2026, 8, 22), "laptop-14", "589.00")
        self._art_lesson(okafor_account, tutor, date(2026, 9, 10))
        self._textbook(chen_account, books, date(2026, 9, 17))

    def _vendors(self) -> tuple[str, str]:
        facts = {"compliance_status": "good_standing", "w9_on_file": True, "agreement_signed": True}
        shop = self._do(vendors.create, {"name": "Bluebird Learning Supply",
                                         "is_marketplace": True, **facts})["id"]  # fmt: skip
        for sku, title, category, kind, is_accessory, is_prohibited in (
            ("laptop-14", "Laptop, 14 inch", "technology", "laptop", False, False),
            ("tablet-11", "Tablet, 11 inch", "technology", "tablet", False, False),
            ("stylus-2", "Stylus for tablets and laptops", "technology", "stylus", True, False),
            (
                "workbook-math-4",
                "Mathematics workbook, grade 4",
                "curriculum",
                "workbook",
                False,
                False,
            ),
            ("drone-mini", "Camera drone", "technology", "drone", False, True),
        ):
            self._do(catalog.create, {"vendor_id": shop, "sku": sku, "title": title,
                                      "category": category, "item_kind": kind,
                                      "is_accessory": is_accessory,
                                      "flagged_prohibited": is_prohibited})  # fmt: skip
        books = self._do(vendors.create, {"name": "Piedmont Books, Durham",
                                          "is_marketplace": False, **facts})["id"]  # fmt: skip
        return str(shop), str(books)

    def _tutor(self) -> str:
        tutor = {
            "name": "Harmony Road Studio",
            "enrollment_status": "enrolled",
            "services": [
                {"service": "tutoring", "live_instruction": True, "flagged_prohibited": False}
            ],
            "credentials_expire_on": date(2027, 8, 31),
            "licensed": False,
            "in_directory": True,
        }
        return str(self._do(providers.create, tutor)["id"])

    def _family(self, name: str, born_on: date, grade: int, school: str) -> str:
        created = self._do(students.create, {"name": name, "born_on": born_on, "grade": grade,
                                             "in_public_school_full_time": False})  # fmt: skip
        student = str(created["id"])
        for year in (2026, 2027):
            self._do(students.record_agreement, student, _agreement(year))
            self._do(students.record_school, student, _school(school, year))
        return student

    def _account(self, student: str, year: int, level: str) -> str:
        award = {"base": "9000.00", "higher": "17000.00"}[level]
        account = self._do(accounts.create, {"student_id": student, "program": "esa_plus",
                                             "award_level": level, "part_time": False,
                                             "fiscal_year": year,
                                             "initial_award": award})  # fmt: skip
        return str(account["id"])

    def _submit(self, day: date, request: Mapping[str, Any]) -> None:
        self._go_to(day)
        self._do(purchases.submit, request)

    def _device(self, account: str, shop: str, order: str, day: date, sku: str, price: str) -> None:
        line = {"amount": price, "category": "technology", "sku": sku, "subject": None,
                "item_grade": None}  # fmt: skip
        self._submit(day, {"account_id": account, "channel": "marketplace", "vendor_id": shop,
                           "order_number": order, "device_order_id": None, "lines": [line],
                           "documents": []})  # fmt: skip

    def _art_lesson(self, account: str, tutor: str, day: date) -> None:
        line = {"amount": "75.00", "category": "tutoring", "subject": "art", "item_grade": None,
                "item_kind": "lesson", "is_accessory": False}  # fmt: skip
        invoice = {"kind": "invoice", "name": "invoice.pdf", "content": _PAPER}
        self._submit(day, {"account_id": account, "channel": "service_provider",
                           "provider_id": tutor, "lines": [line],
                           "documents": [invoice]})  # fmt: skip

    def _textbook(self, account: str, books: str, day: date) -> None:
        line = {"amount": "86.50", "category": "textbook", "subject": "science", "item_grade": 7,
                "item_kind": "textbook", "is_accessory": False,
                "description": "Earth science, second-hand"}  # fmt: skip
        self._submit(day, {"account_id": account, "channel": "off_market", "vendor_id": books,
                           "lines": [line], "documents": []})  # fmt: skip


def _agreement(year: int) -> dict[str, Any]:
    return {"year": year, "signed_on": date(year - 1, 7, 7), "signed_by": "parent",
            "acknowledgments_complete": True, "lea_release_signed": True,
            "w9_submitted": True}  # fmt: skip


def _school(kind: str, year: int) -> dict[str, Any]:
    home = kind == "home_school"
    return {"name": "Home school" if home else "Trinity Oaks School", "type": kind,
            "fiscal_year": year, "full_time": True, "registered": True,
            "direct_payment_eligible": not home, "special_services_waived": False,
            "term_cost": "0.00" if home else "8200.00", "tuition_settled": True}  # fmt: skip
