"""Where each fact of an applied purchase comes from, so that nobody vouches for themselves."""

from typing import Any

import pytest
from support.service_world import (
    DROP,
    PDF,
    REVIEWER,
    World,
    decider,
    make_world,
    paper,
)

from api.errors import Refusal
from api.service import accounts, purchases, students, vendors
from api.store.database import Database
from engine.decide.decider import Decider
from engine.language.loader import load_files
from engine.watch.watcher import Watcher

UNKNOWN = object()


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def fact(world: World, shown: dict[str, Any], name: str, line: int = 0) -> Any:
    """The stored fact behind one line: its value, or UNKNOWN."""
    group, rest = name.split(".")
    return world.decision(shown, line).facts.get(group, {}).get(rest, UNKNOWN)


def origin(world: World, shown: dict[str, Any], name: str, line: int = 0) -> Any:
    return world.decision(shown, line).origins.get(name)


def test_every_fact_of_a_decision_names_its_origin(world: World) -> None:
    row = world.decision(world.submit(documents=[paper("receipt")]))
    facts = {f"{group}.{name}" for group, part in row.facts.items() for name in part}
    assert set(row.origins) == facts
    assert row.mode == "applied"
    assert row.account_id == world.account_id


RECORD = "record"
ON_EVERY_PURCHASE = {
    "account": {RECORD}, "agreement": {RECORD}, "student": {RECORD}, "school": {RECORD},
    "purchase.amount": {"request"}, "purchase.channel": {"request"},
    "purchase.documents": {"request"}, "purchase.subject": {"request"},
    "purchase.item_grade": {"request"}, "purchase.submitted_on": {"clock"},
    "purchase.categories_on_request": {"computed"}, "purchase.bundled_with_device": {RECORD},
    "accessory.last_bought_on": {RECORD}, "technology.last_bought_on": {RECORD},
    "purchase.prior_tuition_settled": {RECORD},
}  # fmt: skip
"""Facts, or whole groups of them, and where they may come from: contracts.md, section 1."""
OF_A_CHANNEL = {
    "marketplace": {
        "vendor": {RECORD}, "purchase.category": {"catalog"}, "purchase.item_kind": {"catalog"},
        "purchase.is_accessory": {"catalog"}, "purchase.flagged_prohibited": {"catalog"},
        "device.order_id": {"request"}, "device.ordered_on": {RECORD},
    },
    "off_market": {
        "vendor": {RECORD}, "purchase.category": {"request"}, "purchase.item_kind": {"request"},
        "purchase.is_accessory": {"request"}, "purchase.flagged_prohibited": {"reviewer"},
    },
    "service_provider": {
        "provider": {RECORD}, "purchase.category": {"request"}, "purchase.item_kind": {"request"},
        "purchase.is_accessory": {"request"}, "purchase.live_instruction": {RECORD},
        "purchase.flagged_prohibited": {RECORD}, "purchase.first_transport_invoice": {RECORD},
        "purchase.contract_on_file": {RECORD},
    },
}  # fmt: skip


def bought_by(world: World, channel: str) -> dict[str, Any]:
    if channel == "marketplace":
        return world.submit(device_order_id="D-2201")
    if channel == "service_provider":
        return world.tutoring(line={"item_grade": None})
    waiting = world.off_market("receipt", line={"item_grade": None})
    shown: dict[str, Any] = world.do(purchases.approve, waiting["id"], "seen", caller=REVIEWER)
    return shown


@pytest.mark.parametrize("channel", sorted(OF_A_CHANNEL))
def test_each_fact_comes_from_where_the_contract_says(world: World, channel: str) -> None:
    settled = {"name": "At home", "fiscal_year": 2027, "tuition_settled": True}
    world.do(students.record_school, world.student_id, settled)
    expected = ON_EVERY_PURCHASE | OF_A_CHANNEL[channel]
    found: dict[str, set[str]] = {}
    for name, origin in world.decision(bought_by(world, channel)).origins.items():
        group = name.split(".")[0]
        found.setdefault(group if group in expected else name, set()).add(origin["from"])
    assert found == expected


STATED_BY_REQUESTS = {
    "purchase.amount", "purchase.category", "purchase.channel", "purchase.subject",
    "purchase.item_grade", "purchase.documents",
}  # fmt: skip


def test_no_request_states_a_fact_that_is_ours_to_say(world: World) -> None:
    groups = {"account", "agreement", "student", "school", "provider", "vendor", "purchase",
              "device", "accessory", "technology"}  # fmt: skip
    facts = world.parts.decider.release.facts
    ours = {name for name in facts if name.split(".")[0] in groups} - STATED_BY_REQUESTS
    assert {"purchase.item_kind", "device.ordered_on", "vendor.w9_on_file"} <= ours
    taken = []
    for name in sorted(ours):
        key = name.split(".")[1]
        for changes, path in (({key: True}, key), ({"line": {key: True}}, f"lines.0.{key}")):
            with pytest.raises(Refusal) as refused:
                world.submit(**changes)
            if path not in {one["path"] for one in refused.value.details}:
                taken.append(f"{name} as {path}")
    assert taken == []


def test_a_vendor_off_the_marketplace_cannot_be_named_as_one_of_it(world: World) -> None:
    outside = world.do(vendors.create, {"name": "Old Books", "is_marketplace": False,
                                        "compliance_status": "good_standing"})  # fmt: skip
    world.vendor_id = outside["id"]
    world.add_item("workbook-4", category="curriculum", item_kind="workbook")
    with pytest.raises(Refusal) as refused:
        world.submit()
    assert [one["path"] for one in refused.value.details] == ["vendor_id"]
    assert world.off_market("receipt")["state"] == "under_review"


def test_the_agreement_is_the_one_of_the_accounts_fiscal_year(world: World) -> None:
    for year in (2026, 2028):
        world.do(students.record_agreement, world.student_id, {
            "year": year, "signed_on": None, "signed_by": None,
            "acknowledgments_complete": False, "w9_submitted": False,
        })  # fmt: skip
    shown = world.submit()
    assert shown["state"] == "approved"
    assert fact(world, shown, "agreement.year") == 2027
    told = [origin(world, shown, f"agreement.{name}") for name in ("year", "w9_submitted")]
    assert told[0] == told[1]


def test_the_account_is_told_by_our_records(world: World) -> None:
    world.submit()
    shown = world.submit(order_number="A-2")
    account = world.decision(shown).facts["account"]
    assert account == {
        "id": world.account_id, "status": "active", "program": "esa_plus", "award_level": "base",
        "part_time": False, "fiscal_year": 2027, "initial_award": "9000.00",
        "balance": "9000.00", "held": "125.00", "total_spent": "125.00",
        "academic_spent": "0.00", "hold_in_force": False,
    }  # fmt: skip
    assert origin(world, shown, "account.held") == {"from": "record", "account": world.account_id}


def test_what_is_paid_counts_by_the_answers_that_were_recorded(world: World) -> None:
    world.submit()
    art = world.tutoring(line={"subject": "art"})
    assert art["state"] == "approved"
    world.drain()
    shown = world.submit(order_number="A-3")
    account = world.decision(shown).facts["account"]
    assert account["total_spent"] == "185.00"
    assert account["academic_spent"] == "125.00"  # art tutoring does not count since July 2026


def test_a_marketplace_item_is_what_the_catalog_says(world: World) -> None:
    shown = world.submit(line={"sku": "drone-1", "category": "technology"})
    assert shown["state"] == "rejected"
    assert shown["reasons"] == ["ITEM_PROHIBITED"]
    assert fact(world, shown, "purchase.item_kind") == "drone"
    told = origin(world, shown, "purchase.item_kind")
    assert (told["from"], told["sku"]) == ("catalog", "drone-1")


@pytest.mark.parametrize(
    "claim", [{"item_kind": "workbook"}, {"is_accessory": False}, {"flagged_prohibited": False}]
)
def test_a_buyer_cannot_say_what_a_marketplace_item_is(world: World, claim: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        world.submit(line={"sku": "drone-1", "category": "technology", **claim})
    assert refused.value.error_code == "INVALID_REQUEST"
    assert [one["path"] for one in refused.value.details] == [f"lines.0.{next(iter(claim))}"]


@pytest.mark.parametrize("said", ["tuition", "textbook", "testing"])
def test_a_buyer_cannot_file_an_item_under_another_category_than_the_catalog(
    world: World, said: str
) -> None:
    workbook = {"sku": "workbook-4", "category": "curriculum", "amount": "9.00"}
    laptop = {"sku": "tablet-9", "category": said, "amount": "420.00"}
    with pytest.raises(Refusal) as refused:
        world.submit(lines=[workbook, laptop])
    assert refused.value.error_code == "INVALID_REQUEST"
    assert [one["path"] for one in refused.value.details] == ["lines.1.category"]
    if said != "tuition":
        [problem] = refused.value.details
        assert (problem["message"], problem["help"]) == (
            f"`{said}`, but the catalog says `technology` of this item", "send `technology`",
        )  # fmt: skip


def test_the_category_of_a_marketplace_item_is_told_by_the_catalog(world: World) -> None:
    told = origin(world, world.submit(), "purchase.category")
    assert (told["from"], told["sku"]) == ("catalog", "workbook-4")


def test_a_category_that_the_catalog_does_not_say_is_a_claim_that_a_person_looks_at(
    world: World,
) -> None:
    world.add_item("loose-sheet", category=DROP, item_kind="workbook")
    line = {"sku": "loose-sheet", "category": "textbook", "subject": None, "item_grade": None}
    shown = world.submit(line=line)
    assert (shown["state"], shown["verdict"], shown["payment"]) == ("under_review", "allow", None)
    assert shown["lines"][0]["category_claimed"] is True
    claim = {"from": "request", "claimed": True}
    assert origin(world, shown, "purchase.category") == claim
    approved = world.do(purchases.approve, shown["id"], "a schoolbook", caller=REVIEWER)
    assert (approved["state"], approved["verdict"]) == ("approved", "allow")
    told = origin(world, approved, "purchase.category")
    assert told == claim | {"seen_by": REVIEWER.id}


def test_what_the_catalog_says_meanwhile_takes_the_place_of_the_claim(world: World) -> None:
    world.add_item("loose-laptop", category=DROP, item_kind="laptop")
    line = {"sku": "loose-laptop", "category": "technology", "amount": "900.00", "subject": None}
    bought = world.submit(line=line)
    world.do(purchases.approve, bought["id"], "a laptop", caller=REVIEWER)
    again = world.submit(line=line | {"category": "textbook"})
    assert again["state"] == "under_review"
    world.add_item("loose-laptop", category="technology", item_kind="laptop")
    with pytest.raises(Refusal) as refused:
        world.do(purchases.approve, again["id"], "a book", caller=REVIEWER)
    assert [one["reason"] for one in refused.value.details] == ["DEVICE_TOO_SOON"]


@pytest.mark.parametrize("category", ["tuition", "fees"])
def test_tuition_goes_to_a_school_and_to_no_vendor_or_tutor(world: World, category: str) -> None:
    world.add_item("loose-sheet", category=DROP, item_kind="workbook")
    for buy in (
        lambda: world.submit(line={"sku": "loose-sheet", "category": category}),
        lambda: world.tutoring(line={"category": category}),
    ):
        with pytest.raises(Refusal) as refused:
            buy()
        assert [one["path"] for one in refused.value.details] == ["lines.0.category"]
        assert "off_market" in str(refused.value.details[0]["help"])
    with pytest.raises(Refusal, match="INVALID_REQUEST"):
        world.add_item("semester", category=category, item_kind="workbook")
    owed = world.off_market("invoice", line={"category": category, "subject": None})
    assert owed["state"] == "under_review"


@pytest.mark.parametrize(
    "key", ["submitted_on", "account_balance", "flagged_prohibited", "contract_on_file"]
)
def test_a_request_cannot_state_what_our_records_and_the_clock_say(world: World, key: str) -> None:
    with pytest.raises(Refusal) as refused:
        world.submit(**{key: "2026-01-01"})
    assert [one["path"] for one in refused.value.details] == [key]


def test_what_the_catalog_does_not_say_of_an_item_stays_unknown(world: World) -> None:
    world.add_item("new-thing", category="curriculum", is_accessory=DROP)
    shown = world.submit(line={"sku": "new-thing"})
    assert shown["state"] == "incomplete"
    assert shown["missing"] == [
        "accessory.last_bought_on", "purchase.is_accessory", "purchase.item_kind",
    ]  # fmt: skip
    assert fact(world, shown, "purchase.is_accessory") is UNKNOWN
    world.add_item("new-thing", category="curriculum", item_kind="workbook")
    assert world.do(purchases.decide_again, shown["id"])["state"] == "approved"


def test_items_that_the_catalog_lacks_are_all_named_and_nothing_is_stored(world: World) -> None:
    lines = [
        {"sku": sku, "category": "textbook", "amount": "10.00"}
        for sku in ("nothing", "reader-4", "nonsense")
    ]
    with pytest.raises(Refusal) as refused:
        world.submit(lines=lines)
    assert [one["path"] for one in refused.value.details] == ["lines.0.sku", "lines.2.sku"]
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.submit(vendor_id="nobody")
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.tutoring(provider_id="nobody")
    assert world.do(purchases.list_purchases)["items"] == []


def test_off_the_marketplace_an_item_is_shown_as_claimed(world: World) -> None:
    shown = world.off_market("receipt")
    assert shown["lines"][0]["claimed"] is True
    assert origin(world, shown, "purchase.item_kind") == {"from": "request", "claimed": True}
    assert fact(world, shown, "purchase.flagged_prohibited") is UNKNOWN


def test_a_claim_that_is_left_out_stays_unknown(world: World) -> None:
    shown = world.off_market("receipt", line={"item_kind": DROP})
    assert fact(world, shown, "purchase.item_kind") is UNKNOWN
    assert shown["state"] == "incomplete"
    assert "purchase.item_kind" in shown["missing"]


def test_a_service_is_told_by_the_provider_record(world: World) -> None:
    shown = world.tutoring()
    assert shown["state"] == "approved"
    assert fact(world, shown, "purchase.live_instruction") is True
    told = origin(world, shown, "purchase.live_instruction")
    assert told == {"from": "record", "provider": world.tutor_id, "service": "tutoring"}
    assert fact(world, shown, "provider.credentials_expire_on") is None
    assert fact(world, shown, "vendor.compliance_status") is UNKNOWN


def test_the_day_is_the_clock_of_the_program_and_not_of_the_server(world: World) -> None:
    world.clock.now = world.clock.now.replace(day=22, hour=3)  # 22 September, 23:00 before in NY
    shown = world.submit()
    assert shown["submitted_on"] == "2026-09-21"
    assert origin(world, shown, "purchase.submitted_on") == {"from": "clock"}


def test_papers_are_the_kinds_attached_and_their_type_is_told_by_their_content(
    world: World,
) -> None:
    papers = [
        {"kind": "invoice", "name": "a.exe", "content": PDF},
        {"kind": "receipt", "name": "b", "content": b"\x89PNG\r\n\x1a\n..."},
        {"kind": "receipt", "name": "c", "content": b"\xff\xd8\xff\xe0..."},
        {"kind": "explanation", "name": "d", "content": "für Maya\n".encode()},
    ]
    shown = world.submit(documents=papers)
    assert fact(world, shown, "purchase.documents") == ["explanation", "invoice", "receipt"]
    types = [one["media_type"] for one in shown["documents"]]
    assert types == ["application/pdf", "image/png", "image/jpeg", "text/plain"]
    named = origin(world, shown, "purchase.documents")["documents"]
    assert named == [one["id"] for one in shown["documents"]]
    with world.parts.database.read() as tx:
        kept = purchases.document(world.parts, tx, world.family, shown["id"], named[0])
    assert kept == {"name": "a.exe", "media_type": "application/pdf", "content": PDF}


@pytest.mark.parametrize(
    "content", [b"", b"MZ\x90\x00\x03", b"<html><script>", b"\x00\x01", b"x" * (5 * 1024**2 + 1)]
)
def test_a_paper_that_is_no_paper_is_refused_and_nothing_is_stored(
    world: World, content: bytes
) -> None:
    with pytest.raises(Refusal) as refused:
        world.submit(documents=[paper("invoice", content)])
    assert refused.value.error_code == "INVALID_REQUEST"
    assert refused.value.details[0]["path"] == "documents.0.content"
    with world.parts.database.read() as tx:
        assert tx.purchases.listed(world.account_id, None, None, None, 10) == []


def test_everything_that_is_wrong_with_a_request_is_said_at_once(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        world.submit(
            channel="marketplace", vendor_id=DROP, lines=[
                {"amount": "12.345", "category": "snacks", "sku": "x", "subject": "alchemy"},
                {"amount": 12.5, "category": "textbook", "item_grade": 13, "sku": "y"},
            ],
            documents=[{"kind": "letter", "name": "", "content": PDF}],
        )  # fmt: skip
    paths = [one["path"] for one in refused.value.details]
    assert paths == [
        "vendor_id", "lines.0.amount", "lines.0.category", "lines.0.subject", "lines.1.amount",
        "lines.1.item_grade", "documents.0.kind", "documents.0.name",
    ]  # fmt: skip


# --- devices and accessories --------------------------------------------------------------------


def buy_tablet(world: World, order: str = "D-2201") -> dict[str, Any]:
    line = {"sku": "tablet-9", "category": "technology", "amount": "420.00", "subject": None}
    shown = world.submit(order_number=order, line=line)
    assert shown["state"] == "approved"
    return shown


def buy_stylus(world: World, **changes: Any) -> dict[str, Any]:
    line = {"sku": "stylus-2", "category": "technology", "amount": "39.00", "subject": None}
    return world.submit(**({"device_order_id": "D-2201", "line": line} | changes))


@pytest.mark.parametrize(
    ("days", "state", "reasons"),
    [(30, "approved", []), (31, "rejected", ["ACCESSORY_WINDOW_CLOSED"])],
)
def test_an_accessory_is_bought_until_the_thirtieth_day_after_its_device(
    world: World, days: int, state: str, reasons: list[str]
) -> None:
    tablet = buy_tablet(world)
    world.drain()
    world.clock.now = world.clock.now.replace(day=21, hour=16)
    world.clock.advance(days=days)
    shown = buy_stylus(world)
    assert (shown["state"], shown["reasons"]) == (state, reasons)
    assert fact(world, shown, "device.ordered_on") == tablet["submitted_on"]
    told = origin(world, shown, "device.ordered_on")
    assert told == {"from": "record", "purchase": tablet["id"]}
    world.drain()
    assert world.show(shown["id"])["state"] == ("paid" if state == "approved" else "rejected")


@pytest.mark.parametrize("order", ["D-9999", "the tablet that was declined", "a cousin's tablet"])
def test_only_the_students_own_device_order_counts(world: World, order: str) -> None:
    if order == "the tablet that was declined":
        buy_tablet(world, order)
        world.provider.plan("ok", "ok", "declined")
        world.drain()
    if order == "a cousin's tablet":
        cousin = world.do(students.create, {"name": "Cousin"})
        world.do(students.record_agreement, cousin["id"], {
            "year": 2027, "signed_on": "2026-07-06", "signed_by": "parent",
            "acknowledgments_complete": True, "w9_submitted": True,
        })  # fmt: skip
        world.do(students.record_school, cousin["id"], {
            "name": "At home", "fiscal_year": 2027, "type": "home_school"})  # fmt: skip
        other = world.do(accounts.create, {
            "student_id": cousin["id"], "program": "esa_plus", "award_level": "base",
            "fiscal_year": 2027, "initial_award": "9000.00",
        })  # fmt: skip
        line = {"sku": "tablet-9", "category": "technology", "amount": "420.00", "subject": None}
        bought = world.submit(
            caller=REVIEWER, account_id=other["id"], order_number=order, line=line
        )
        assert bought["state"] == "approved"
    shown = buy_stylus(world, device_order_id=order)
    assert shown["reasons"] == ["ACCESSORY_WITHOUT_DEVICE"]
    assert fact(world, shown, "device.ordered_on") is None


def test_an_accessory_without_a_word_about_its_device_is_incomplete(world: World) -> None:
    shown = buy_stylus(world, device_order_id=DROP)
    assert (shown["state"], shown["missing"]) == (
        "incomplete", ["device.order_id", "device.ordered_on"],
    )  # fmt: skip


def test_an_accessory_whose_device_is_said_to_be_absent_is_denied(world: World) -> None:
    shown = buy_stylus(world, device_order_id=None)
    assert shown["reasons"] == ["ACCESSORY_WITHOUT_DEVICE"]


def test_an_accessory_on_the_order_of_its_device_needs_no_other(world: World) -> None:
    lines = [
        {"sku": "tablet-9", "category": "technology", "amount": "420.00"},
        {"sku": "stylus-2", "category": "technology", "amount": "39.00"},
    ]
    shown = world.submit(lines=lines)
    assert shown["state"] == "approved"
    assert fact(world, shown, "purchase.bundled_with_device", line=0) is False
    assert fact(world, shown, "purchase.bundled_with_device", line=1) is True


@pytest.mark.parametrize("sku", ["loose-sheet", "case-1", "thing-1"])
def test_a_cheap_line_called_technology_makes_no_accessory_bundled(world: World, sku: str) -> None:
    world.add_item("loose-sheet", category=DROP, item_kind="workbook")
    world.add_item("case-1", item_kind="tablet", is_accessory=True)
    world.add_item("thing-1", item_kind=DROP)
    lines = [
        {"sku": sku, "category": "technology", "amount": "0.01"},
        {"sku": "stylus-2", "category": "technology", "amount": "39.00"},
    ]
    shown = world.submit(lines=lines, device_order_id=None, order_number="D-1")
    assert fact(world, shown, "purchase.bundled_with_device", line=1) is False
    assert "ACCESSORY_WITHOUT_DEVICE" in shown["reasons"]


def test_an_earlier_order_without_a_main_device_is_no_device_order(world: World) -> None:
    world.add_item("loose-sheet", category=DROP, item_kind="workbook")
    line = {"sku": "loose-sheet", "category": "technology", "amount": "0.01", "subject": None}
    bought = world.submit(order_number="D-2201", line=line)
    bought = world.do(purchases.approve, bought["id"], "not looked at well", caller=REVIEWER)
    assert bought["state"] == "approved"
    for order in ("D-2201", bought["id"]):
        shown = buy_stylus(world, device_order_id=order)
        assert shown["reasons"] == ["ACCESSORY_WITHOUT_DEVICE"]
        assert origin(world, shown, "device.ordered_on") == {"from": "record", "purchase": None}


def test_under_a_policy_that_names_no_main_devices_nothing_is_said_of_bundles(
    database: Database,
) -> None:
    files = dict(decider().release.files)
    policies = files["policies.yaml"].decode()
    begin = policies.index("  accessory.main_devices:")
    end = policies.index("  # --- the yearly minimum", begin)
    files["policies.yaml"] = (policies[:begin] + policies[end:]).encode()
    old = Decider(load_files(files))
    world = make_world(database, decider=old, watcher=Watcher(old.release, old))
    shown = buy_stylus(world)
    assert shown["state"] == "incomplete"
    assert fact(world, shown, "purchase.bundled_with_device") is UNKNOWN
    assert fact(world, shown, "device.ordered_on") is UNKNOWN


def test_the_same_kind_again_is_told_by_what_was_bought(world: World) -> None:
    world.add_item("laptop-1", item_kind="laptop")
    line = {"sku": "laptop-1", "category": "technology", "amount": "900.00"}
    first = world.submit(line=line)
    assert (first["state"], fact(world, first, "technology.last_bought_on")) == ("approved", None)
    second = world.submit(line=line)
    assert second["reasons"] == ["DEVICE_TOO_SOON"]
    assert fact(world, second, "technology.last_bought_on") == "2026-09-21"
    told = origin(world, second, "technology.last_bought_on")
    assert told == {"from": "record", "purchase": first["id"]}


def test_a_second_line_of_an_accessory_sees_the_first_as_bought_that_day(world: World) -> None:
    buy_tablet(world)
    line = {"sku": "stylus-2", "category": "technology", "amount": "39.00"}
    shown = world.submit(device_order_id="D-2201", lines=[line, line])
    assert [(f["line"], f["reason"]) for f in shown["findings"]] == [(2, "ACCESSORY_TOO_SOON")]
    assert fact(world, shown, "accessory.last_bought_on", line=0) is None
    assert fact(world, shown, "accessory.last_bought_on", line=1) == "2026-09-21"
    told = origin(world, shown, "accessory.last_bought_on", line=1)
    assert told == {"from": "record", "purchase": shown["id"]}


def off_market_laptop(world: World) -> dict[str, Any]:
    line = {"category": "technology", "amount": "900.00", "item_kind": "laptop", "subject": None}
    return world.off_market("receipt", line=line)


def test_what_waits_for_its_review_counts_as_bought_for_what_comes_after_it(world: World) -> None:
    first = off_market_laptop(world)
    assert first["state"] == "under_review"
    second = off_market_laptop(world)
    assert (second["state"], second["reasons"]) == (
        "rejected", ["OFF_MARKET_REVIEW", "DEVICE_TOO_SOON"],
    )  # fmt: skip
    told = origin(world, second, "technology.last_bought_on")
    assert told == {"from": "record", "purchase": first["id"]}


def test_of_two_that_wait_the_first_is_approved_and_not_both(world: World) -> None:
    first = off_market_laptop(world)
    world.do(purchases.reject, first["id"], "show the model", caller=REVIEWER)
    second, third = off_market_laptop(world), off_market_laptop(world)
    assert (second["state"], third["state"]) == ("under_review", "rejected")
    approved = world.do(purchases.approve, second["id"], "seen", caller=REVIEWER)
    assert approved["state"] == "approved"
    assert fact(world, approved, "technology.last_bought_on") is None


def test_a_line_before_counts_as_bought_and_as_held(world: World) -> None:
    world.add_item("laptop-1", item_kind="laptop")
    line = {"sku": "laptop-1", "category": "technology", "amount": "900.00"}
    shown = world.submit(lines=[line, line])
    assert shown["state"] == "rejected"
    assert [(f["line"], f["reason"]) for f in shown["findings"]] == [(2, "DEVICE_TOO_SOON")]
    assert [fact(world, shown, "account.held", line) for line in (0, 1)] == ["0.00", "900.00"]


def test_each_line_fits_alone_but_not_together(world: World) -> None:
    line = {"sku": "workbook-4", "category": "curriculum", "amount": "4600.00"}
    shown = world.submit(lines=[line, line])
    assert shown["state"] == "rejected"
    assert [(f["line"], f["reason"]) for f in shown["findings"]] == [(2, "INSUFFICIENT_BALANCE")]


def test_categories_are_counted_over_all_lines(world: World) -> None:
    lines = [
        {"sku": sku, "category": category, "amount": "10.00"}
        for sku, category in (
            ("workbook-4", "curriculum"),
            ("reader-4", "textbook"),
            ("reader-4", "textbook"),
        )
    ]
    shown = world.submit(lines=lines)
    assert shown["reasons"] == ["MIXED_CATEGORIES"]
    assert fact(world, shown, "purchase.categories_on_request", line=2) == 2


# --- transport ----------------------------------------------------------------------------------


def ride(world: World, driver: str, *kinds: str) -> dict[str, Any]:
    line = {"category": "transportation", "subject": None, "item_kind": "ride"}
    papers = [paper(kind) for kind in kinds]
    return world.tutoring(provider_id=driver, line=line, documents=papers)


def test_a_later_transport_invoice_rests_on_the_contract_of_the_first(world: World) -> None:
    from api.service import providers

    service = {"service": "transportation", "flagged_prohibited": False}
    driver = world.do(providers.create, {
        "name": "Sam Driver", "enrollment_status": "enrolled", "credentials_expire_on": None,
        "in_directory": True, "insurance_expires_on": "2027-06-30", "services": [service],
    })["id"]  # fmt: skip
    without = ride(world, driver, "invoice")
    assert without["reasons"] == ["DOCUMENT_MISSING_CONTRACT"]
    assert fact(world, without, "purchase.first_transport_invoice") is True
    first = ride(world, driver, "invoice", "contract")
    assert first["state"] == "approved"
    later = ride(world, driver, "invoice")
    assert later["state"] == "approved"
    assert fact(world, later, "purchase.first_transport_invoice") is False
    told = origin(world, later, "purchase.contract_on_file")
    assert told == {"from": "record", "purchase": first["id"]}


# --- family records -----------------------------------------------------------------------------


def test_without_an_agreement_nothing_was_signed(world: World) -> None:
    other = world.do(students.create, {"name": "Noah Example"})
    account = world.do(accounts.create, {
        "student_id": other["id"], "program": "esa_plus", "award_level": "base",
        "fiscal_year": 2027, "initial_award": "9000.00",
    })  # fmt: skip
    shown = world.submit(caller=REVIEWER, account_id=account["id"])
    assert set(shown["reasons"]) == {"AGREEMENT_INCOMPLETE", "W9_MISSING"}
    assert fact(world, shown, "agreement.year") is None
    assert fact(world, shown, "school.type") is UNKNOWN
    assert {"school.type", "student.grade"} <= set(shown["missing"])


def test_the_agreement_of_another_year_is_shown_as_such(world: World) -> None:
    world.clock.now = world.clock.now.replace(year=2027, month=8)
    account = world.do(accounts.create, {
        "student_id": world.student_id, "program": "esa_plus", "award_level": "base",
        "fiscal_year": 2028, "initial_award": "9000.00",
    })  # fmt: skip
    shown = world.submit(account_id=account["id"])
    assert shown["reasons"] == ["AGREEMENT_INCOMPLETE"]
    assert fact(world, shown, "agreement.year") == 2027


def test_nothing_that_names_a_person_is_in_the_facts(world: World) -> None:
    row = world.decision(world.submit())
    release = world.parts.decider.release
    names = [f"{group}.{name}" for group, part in row.facts.items() for name in part]
    assert [name for name in names if release.facts[name].personal] == []
    assert "Maya" not in str(row.facts)
