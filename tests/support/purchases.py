"""Purchases as families send them: checked facts in the engine's form, from a seed.

Most are ordinary, many stand exactly on a boundary or one step beside it, and every reason of the
purchase decision is reached. Where a share of unknown facts is asked for, some purchases come
without a few of their facts, as happens when a record has not arrived yet.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any, Final, TypeAlias

from engine.language.model import Release
from engine.language.values import Value, add_years

Facts: TypeAlias = dict[str, Value]

FIRST_DAY: Final = date(2025, 7, 1)
LAST_DAY: Final = date(2027, 6, 30)

_ACCOUNT: Final[Mapping[str, Value]] = {
    "account.status": "active",
    "account.program": "esa_plus",
    "account.award_level": "base",
    "account.part_time": False,
    "account.initial_award": 900_000,
    "account.held": 30_000,
    "account.total_spent": 280_000,
    "account.academic_spent": 140_000,
    "account.hold_in_force": False,
    "student.in_public_school_full_time": False,
    "agreement.signed_by": "parent",
    "agreement.acknowledgments_complete": True,
    "agreement.lea_release_signed": True,
    "agreement.w9_submitted": True,
    "school.type": "home_school",
    "school.full_time": True,
    "provider.enrollment_status": "enrolled",
    "provider.service_types": ("tutoring", "therapy", "transportation"),
    "vendor.compliance_status": "good_standing",
}
_PURCHASE: Final[Mapping[str, Value]] = {
    "purchase.subject": None,
    "purchase.item_kind": None,
    "purchase.is_accessory": False,
    "purchase.bundled_with_device": False,
    "purchase.item_grade": None,
    "purchase.grade_gap_explained": False,
    "purchase.live_instruction": True,
    "purchase.first_transport_invoice": False,
    "purchase.contract_on_file": True,
    "purchase.categories_on_request": 1,
    "purchase.flagged_prohibited": False,
    "purchase.prior_tuition_settled": True,
    "device.order_id": None,
    "device.ordered_on": None,
    "accessory.last_bought_on": None,
    "technology.last_bought_on": None,
}
_CORE: Final = ("mathematics", "science", "english", "social_studies", "foreign_language")
_CATEGORIES: Final = (
    *("curriculum",) * 5, *("technology",) * 5, *("tutoring",) * 4, *("textbook",) * 2,
    *("therapy",) * 2, *("transportation",) * 2, "tuition", "fees", "testing",
    "public_school_services", "account_fee", "other",
)  # fmt: skip
_SERVICES: Final = ("tutoring", "therapy", "transportation")
_PAPERS: Final = ("invoice", "receipt", "quote", "cart_screenshot", "contract", "prescription")


def purchases(release: Release, count: int, seed: int, unknown_share: float = 0.0) -> list[Facts]:
    """So many purchases, always the same ones for a seed.

    unknown_share: the share of purchases, 0 to 1, of which one to three facts are not given.
    """
    random = Random(seed)  # noqa: S311 - the same purchases each time, nothing secret
    made = []
    for _ in range(count):
        facts = _ordinary(random)
        twists = random.choices((0, 1, 2, 3), (40, 35, 15, 10))[0]
        for twist in random.sample(_TWISTS, twists):
            twist(random, facts, _Law(release, facts))
        if random.random() < unknown_share:
            for name in random.sample(sorted(facts), random.randint(1, 3)):
                del facts[name]
        made.append(facts)
    return made


class _Law:
    """The numbers in force on the day of one purchase."""

    def __init__(self, release: Release, facts: Facts) -> None:
        self.release = release
        self.day: Any = facts["purchase.submitted_on"]

    def __getitem__(self, name: str) -> Any:
        dated = self.release.parameters[name].on(self.day)
        if dated is None:
            raise LookupError(name)
        return dated.value


# --- what is ordinary ---------------------------------------------------------------------------


def _ordinary(random: Random) -> Facts:
    day = FIRST_DAY + timedelta(days=random.randrange((LAST_DAY - FIRST_DAY).days + 1))
    if day.month == 6:  # most families have learnt to send nothing in the last month of the year
        day = day.replace(month=5, day=min(day.day, 30))
    year = day.year + (day.month >= 7)
    age = random.randint(5, 18)
    category = random.choice(_CATEGORIES)
    facts: Facts = {
        **_ACCOUNT,
        **_PURCHASE,
        "account.fiscal_year": year,
        "agreement.year": year,
        "agreement.signed_on": date(year - 1, 7, random.randint(1, 28)),
        "student.age": age,
        "student.grade": max(0, min(12, age - 5)),
        "account.balance": random.randint(100_000, 900_000),
        "provider.credentials_expire_on": random.choice((None, date(year, 8, 31))),
        "purchase.amount": random.choice((random.randint(500, 90_000), 12_500, 60_000)),
        "purchase.category": category,
        "purchase.submitted_on": day,
    }
    _KINDS.get(category, _other_kind)(random, facts)
    return facts


def _curriculum(random: Random, facts: Facts) -> None:
    grade: Any = facts["student.grade"]
    facts["purchase.subject"] = random.choice((*_CORE, None))
    facts["purchase.item_kind"] = random.choice(("workbook", "textbook", "software"))
    facts["purchase.item_grade"] = max(0, min(12, grade + random.randint(-1, 1)))
    _marketplace(random, facts)


def _technology(random: Random, facts: Facts) -> None:
    day: Any = facts["purchase.submitted_on"]
    facts["purchase.item_kind"] = random.choice(("laptop", "tablet", "stylus", "keyboard"))
    if facts["purchase.item_kind"] in ("stylus", "keyboard"):
        facts["purchase.is_accessory"] = True
        facts["purchase.bundled_with_device"] = random.random() < 0.3
        facts["device.order_id"] = f"D-{random.randrange(10_000):04}"
        facts["device.ordered_on"] = day - timedelta(days=random.randint(0, 28))
    _marketplace(random, facts)


def _service(random: Random, facts: Facts) -> None:
    facts["purchase.channel"] = "service_provider"
    facts["purchase.documents"] = ("invoice",)
    if facts["purchase.category"] == "tutoring":
        facts["purchase.subject"] = random.choice(_CORE)
    if facts["purchase.category"] == "transportation" and random.random() < 0.3:
        facts["purchase.first_transport_invoice"] = True
        facts["purchase.documents"] = ("invoice", "contract")


def _other_kind(random: Random, facts: Facts) -> None:
    _marketplace(random, facts)


def _marketplace(random: Random, facts: Facts) -> None:
    is_off = random.random() < 0.15
    facts["purchase.channel"] = "off_market" if is_off else "marketplace"
    facts["purchase.documents"] = ("receipt",) if is_off else ()


_KINDS: Final[Mapping[str, Callable[[Random, Facts], None]]] = {
    "curriculum": _curriculum, "technology": _technology, **dict.fromkeys(_SERVICES, _service),
}  # fmt: skip


# --- what stands on a boundary or is wrong --------------------------------------------------------

Twist: TypeAlias = Callable[[Random, Facts, _Law], None]


def _one_of(name: str, *values: Value) -> Twist:
    """Sets one fact to one of these."""

    def twist(random: Random, facts: Facts, law: _Law) -> None:
        facts[name] = random.choice(values)

    return twist


def _shutdown(random: Random, facts: Facts, law: _Law) -> None:
    """The days at both ends of the June shutdown, in it and beside it."""
    day: Any = facts["purchase.submitted_on"]
    year: Any = facts["account.fiscal_year"]
    period = law["shutdown"]
    first, last = (date(year, end // 100, end % 100) for end in (period.first, period.last))
    beside = (first - timedelta(days=1), first, last, last + timedelta(days=1))
    chosen = random.choice(beside)
    # The day after the shutdown is in the next year; only days inside the years told are used.
    facts["purchase.submitted_on"] = chosen if FIRST_DAY <= chosen <= LAST_DAY else day


def _agreement(random: Random, facts: Facts, law: _Law) -> None:
    name = random.choice(("agreement.year", "agreement.signed_on", "agreement.signed_by"))
    facts[name] = None
    if random.random() < 0.4:
        year: Any = facts["account.fiscal_year"]
        facts["agreement.year"] = year - 1
        facts["agreement.signed_on"], facts["agreement.signed_by"] = law.day, "parent"


def _last_cent(random: Random, facts: Facts, law: _Law) -> None:
    """All that is left, a cent less, a cent more."""
    left: Any = facts["account.balance"]
    held: Any = facts["account.held"]
    facts["purchase.amount"] = left - held + random.choice((-1, 0, 1))


def _grade(random: Random, facts: Facts, law: _Law) -> None:
    """A grade at the edge of the span and one beyond, explained or not."""
    own: Any = facts["student.grade"]
    apart = law["curriculum.grade_span"] + random.choice((0, 1, 1))
    facts["purchase.category"] = "curriculum"
    facts["purchase.item_grade"] = own + apart if own + apart <= 12 else max(0, own - apart)
    facts["purchase.grade_gap_explained"] = random.random() < 0.4


def _curriculum_subject(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = "curriculum"
    facts["purchase.subject"] = random.choice(("art", "music", "other", None))


def _tutored_subject(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = "tutoring"
    facts["purchase.subject"] = random.choice(("art", "music", "foreign_language", "other", None))


def _recorded_lesson(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = "tutoring"
    facts["purchase.live_instruction"] = False


def _credentials(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = random.choice(_SERVICES)
    days = random.choice((-1, 0, 1))
    facts["provider.credentials_expire_on"] = law.day + timedelta(days=days)


def _services(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = random.choice(_SERVICES)
    facts["provider.service_types"] = tuple(random.sample(_SERVICES, random.randint(0, 2)))


def _enrollment(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = random.choice(_SERVICES)
    facts["provider.enrollment_status"] = random.choice(("pending", "suspended", "terminated"))


def _papers(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.channel"] = random.choice(("off_market", "service_provider"))
    facts["purchase.documents"] = tuple(random.sample(_PAPERS, random.randint(0, 2)))


def _transport(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = "transportation"
    facts["purchase.first_transport_invoice"] = random.random() < 0.5
    facts["purchase.contract_on_file"] = False


def _window(random: Random, facts: Facts, law: _Law) -> None:
    """An accessory before its device, on the same day, on the last day and on the day after."""
    days = law["accessory.window_days"]
    ago = random.choice((-1, 0, days, days + 1, None))
    facts["purchase.is_accessory"] = True
    facts["purchase.bundled_with_device"] = random.random() < 0.2
    facts["device.order_id"] = None if ago is None else "D-2201"
    facts["device.ordered_on"] = None if ago is None else law.day - timedelta(days=ago)


def _same_accessory(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.is_accessory"] = True
    facts["purchase.bundled_with_device"] = True
    facts["accessory.last_bought_on"] = _near_anniversary(random, law, "accessory.again_years")


def _same_device(random: Random, facts: Facts, law: _Law) -> None:
    facts["purchase.category"] = "technology"
    facts["purchase.is_accessory"] = False
    facts["purchase.amount"] = law["technology.price_threshold"] + random.choice((0, 1))
    facts["technology.last_bought_on"] = _near_anniversary(random, law, "technology.again_years")


def _near_anniversary(random: Random, law: _Law, years: str) -> date:
    beside = timedelta(days=random.choice((-1, 0, 1)))
    return add_years(law.day, -law[years]) + beside


def _tuition_first(random: Random, facts: Facts, law: _Law) -> None:
    facts["school.type"] = random.choice(("direct_payment", "reimbursement"))
    facts["purchase.prior_tuition_settled"] = False


def _scholarship(random: Random, facts: Facts, law: _Law) -> None:
    facts["account.program"] = "opportunity_scholarship"
    facts["school.type"] = "direct_payment"
    facts["purchase.category"] = random.choice(("tuition", "fees", "textbook"))


_TWISTS: Final[tuple[Twist, ...]] = (
    _shutdown, _agreement, _last_cent, _grade, _curriculum_subject, _tutored_subject,
    _recorded_lesson, _credentials, _services, _enrollment, _papers, _transport, _window,
    _same_accessory, _same_device, _tuition_first, _scholarship,
    _one_of("account.status", "frozen", "pending", "suspended", "closed"),
    _one_of("account.hold_in_force", True),
    _one_of("agreement.w9_submitted", False),
    _one_of("agreement.acknowledgments_complete", False),
    _one_of("purchase.amount", 0, 1),
    _one_of("purchase.category", "other"),
    _one_of("purchase.categories_on_request", 2),
    _one_of("purchase.flagged_prohibited", True),
    _one_of("purchase.item_kind", "game_console", "drone", "gift_card"),
    _one_of("vendor.compliance_status", "suspended", "terminated"),
)  # fmt: skip
"""Each stands a purchase on the boundary of one rule, on either side of it."""
