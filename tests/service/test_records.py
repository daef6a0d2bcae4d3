"""Students, accounts, vendors, providers, the catalog, callers: recorded, shown, refused."""

from collections.abc import Callable

import pytest
from support.service_world import AUDITOR, STAFF, World, make_world

from api.errors import STATUS, Refusal, reply_of
from api.service import accounts, callers, catalog, providers, students, vendors
from api.service.parts import Caller, system
from api.store.database import Database


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def paths(use_case: Callable[[], object]) -> list[object]:
    with pytest.raises(Refusal) as refused:
        use_case()
    assert refused.value.error_code == "INVALID_REQUEST"
    return [one["path"] for one in refused.value.details]


# --- accounts -------------------------------------------------------------------------------------


def test_an_account_opens_with_its_award_and_orders_its_wallet(world: World) -> None:
    account = world.account()
    assert (account["status"], account["balance"], account["available"]) == (
        "active", "9000.00", "9000.00",
    )  # fmt: skip
    [award] = world.do(accounts.list_transactions, world.account_id)["items"]
    assert (award["kind"], award["amount"], award["balance_after"]) == (
        "award", "9000.00", "9000.00",
    )  # fmt: skip
    assert award["business_key"] == f"award:{account['award_id']}"
    events = world.do(accounts.list_events, world.account_id)["items"]
    assert [event["type"] for event in events] == [
        "AwardActivated", "ScholarshipAccountCreated", "FundsCredited", "DisbursementInitiated",
    ]  # fmt: skip
    world.drain()
    order = world.provider.credits[_disbursement(world)]
    assert order.amount_cents == 900_000
    assert world.account()["external_wallet_id"] == order.wallet_id


def _disbursement(world: World) -> str:
    with world.parts.database.read() as tx:
        account = tx.accounts.get(world.account_id)
    assert account is not None
    return account.disbursement_id


def test_transactions_are_shown_newest_first_with_the_balance_after_each(world: World) -> None:
    bought = [world.submit(order_number=f"A-{number}")["id"] for number in range(3)]
    world.drain()
    first = world.do(accounts.list_transactions, world.account_id, limit=2)
    rest = world.do(accounts.list_transactions, world.account_id, cursor=first["next"])
    shown = first["items"] + rest["items"]
    assert [one["balance_after"] for one in shown] == ["8625.00", "8750.00", "8875.00", "9000.00"]
    assert {one["business_key"] for one in shown[:3]} == {f"payment:{one}" for one in bought}
    assert all(one["decisions"] for one in shown[:3])
    assert rest["next"] is None


def test_a_student_has_one_account_a_program_and_year(world: World) -> None:
    again = {
        "student_id": world.student_id, "program": "esa_plus", "award_level": "higher",
        "fiscal_year": 2027, "initial_award": "17000.00",
    }  # fmt: skip
    with pytest.raises(Refusal, match="CONFLICT"):
        world.do(accounts.create, again)
    assert world.do(accounts.create, again | {"fiscal_year": 2028})["balance"] == "17000.00"


def test_a_wrong_account_request_says_all_that_is_wrong(world: World) -> None:
    given = {
        "program": "esa", "award_level": "base", "fiscal_year": "2027", "initial_award": "9,000",
        "bonus": "1.00",
    }  # fmt: skip
    assert paths(lambda: world.do(accounts.create, given)) == [
        "bonus", "student_id", "initial_award", "fiscal_year", "program",
    ]  # fmt: skip
    good = {
        "student_id": world.student_id, "program": "esa_plus", "award_level": "base",
        "fiscal_year": 2030, "initial_award": "0.00",
    }  # fmt: skip
    assert paths(lambda: world.do(accounts.create, good)) == ["initial_award"]


def test_a_closed_account_stays_closed(world: World) -> None:
    closed = world.do(accounts.change_status, world.account_id, "closed", "moved away")
    assert closed["status"] == "closed"
    assert world.submit()["reasons"] == ["ACCOUNT_NOT_ACTIVE"]
    with pytest.raises(Refusal, match="STATE_CONFLICT"):
        world.do(accounts.change_status, world.account_id, "active", "back again")
    assert paths(lambda: world.do(accounts.change_status, world.account_id, "gone", " ")) == [
        "status",
        "reason",
    ]


def test_a_family_sees_its_own_accounts_only(world: World) -> None:
    stranger = Caller("family-2", "Others", frozenset(), frozenset({"another-student"}))
    for use_case, id in (
        (accounts.show, world.account_id),
        (accounts.list_transactions, world.account_id),
        (accounts.list_holds, world.account_id),
        (accounts.list_events, world.account_id),
        (students.show, world.student_id),
    ):
        assert world.do(use_case, id, caller=world.family)
        with pytest.raises(Refusal, match="NOT_FOUND"):
            world.do(use_case, id, caller=stranger)
    assert world.do(accounts.list_accounts, caller=stranger)["items"] == []
    assert len(world.do(accounts.list_accounts, caller=world.family)["items"]) == 1


# --- students -------------------------------------------------------------------------------------


def test_what_is_known_of_an_agreement_grows_and_is_never_lost(world: World) -> None:
    student = world.do(students.create, {"name": "Ana", "born_on": "2016-03-05"})["id"]
    world.do(students.record_agreement, student, {"year": 2027, "w9_submitted": True})
    signed = {"year": 2027, "signed_on": "2026-07-06", "signed_by": "parent"}
    kept = world.do(students.record_agreement, student, signed)
    assert (kept["w9_submitted"], kept["signed_by"]) == (True, "parent")
    assert "acknowledgments_complete" not in kept
    shown = world.do(students.show, student, caller=AUDITOR)
    assert shown["born_on"] == "2016-03-05"
    assert shown["agreement"]["signed_on"] == "2026-07-06"
    with world.parts.database.read() as tx:
        types = [event.type for event in tx.events.of(f"student:{student}")]
    assert types == ["StudentRecorded", "AgreementRecorded", "AgreementSigned"]


def test_another_school_takes_nothing_over_from_the_one_before(world: World) -> None:
    student = world.student_id
    given = {"fiscal_year": 2027, "type": "direct_payment", "registered": True}
    first = given | {"name": "Oak School", "tuition_settled": False, "term_cost": "5400.00"}
    world.do(students.record_school, student, first)
    assert world.submit()["reasons"] == ["TUITION_FIRST"]
    world.do(
        students.record_school, student,
        {"name": "Oak School", "fiscal_year": 2027, "tuition_settled": True},
    )  # fmt: skip
    assert world.submit()["state"] == "approved"
    moved = world.do(students.record_school, student, given | {"name": "Elm School"})
    assert "tuition_settled" not in moved
    assert "term_cost" not in moved
    shown = world.submit()
    assert (shown["state"], shown["missing"]) == ("incomplete", ["purchase.prior_tuition_settled"])


def test_facts_of_a_record_are_checked_by_the_policy(world: World) -> None:
    wrong = {"name": "Ana", "grade": 14, "in_public_school_full_time": "no"}
    assert paths(lambda: world.do(students.create, wrong)) == [
        "grade", "in_public_school_full_time",
    ]  # fmt: skip
    assert paths(lambda: world.do(students.create, {"grade": 4, "shoe_size": 31})) == [
        "shoe_size", "name",
    ]  # fmt: skip
    agreement = {"year": 2027, "signed_on": "2026-02-30"}
    assert paths(lambda: world.do(students.record_agreement, world.student_id, agreement)) == [
        "signed_on"
    ]


# --- directory ------------------------------------------------------------------------------------


def test_a_vendor_that_nobody_has_checked_is_unknown_and_not_in_good_standing(
    world: World,
) -> None:
    vendor = world.do(vendors.create, {"name": "New Shop"})
    assert vendor["status"] == "unknown"
    shown = world.off_market("receipt", vendor_id=vendor["id"])
    assert (shown["state"], "vendor.compliance_status" in shown["missing"]) == ("incomplete", True)
    changed = world.do(vendors.change_status, vendor["id"], "good_standing", "checked")
    assert (changed["status"], changed["compliance_status"]) == ("good_standing", "good_standing")
    assert [one["name"] for one in world.do(vendors.list_vendors)["items"]] == [
        "New Shop", "School Supplies",
    ]  # fmt: skip
    assert world.do(vendors.show, vendor["id"])["name"] == "New Shop"
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.do(vendors.show, "nobody")


def test_a_suspended_provider_is_paid_no_more(world: World) -> None:
    world.do(providers.change_status, world.tutor_id, "suspended", "no licence")
    assert world.tutoring()["reasons"] == ["PROVIDER_NOT_ENROLLED"]
    with world.parts.database.read() as tx:
        types = [event.type for event in tx.events.of(f"provider:{world.tutor_id}")]
    assert types == ["ProviderEnrolled", "ProviderSuspended"]
    assert len(world.do(providers.list_providers)["items"]) == 1


def test_a_wrong_provider_says_all_that_is_wrong(world: World) -> None:
    services = [{"service": "tutoring"}, {"service": "tutoring"}, {"service": "magic"}, "x"]
    given = {"name": "Kim", "services": services}
    assert paths(lambda: world.do(providers.create, given)) == [
        "services.1.service", "services.2.service", "services.3.service",
    ]  # fmt: skip
    starts = world.do(providers.create, {"name": "Kim"})
    assert starts["status"] == "pending"
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.do(providers.show, "nobody")


def test_the_catalog_keeps_one_entry_an_item(world: World) -> None:
    world.add_item("workbook-4", category="curriculum", item_kind="paper")
    assert world.submit()["reasons"] == ["ITEM_PROHIBITED"]
    shown = world.do(catalog.show, world.vendor_id, "workbook-4")
    assert shown["item_kind"] == "paper"
    assert len(world.do(catalog.list_items, world.vendor_id)["items"]) == 5
    with pytest.raises(Refusal, match="NOT_FOUND"):
        world.do(catalog.show, world.vendor_id, "nothing")


# --- callers --------------------------------------------------------------------------------------


def test_a_key_opens_what_its_caller_may_and_is_stored_as_a_hash(world: World) -> None:
    parts = world.parts
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "Family", ["purchases:submit"], [world.student_id])
        key = callers.issue_key(parts, tx, caller.id)
        second = callers.issue_key(parts, tx, caller.id, secret="chosen-by-the-operator")
        assert callers.authenticate(parts, tx, key) == caller
        assert callers.authenticate(parts, tx, second) == caller
        stored = tx.connection.exec_driver_sql("SELECT * FROM api_keys").all()
        assert key not in str(stored)
        for unknown in ("", key + "x", key[:-1]):
            with pytest.raises(Refusal, match="UNAUTHENTICATED"):
                callers.authenticate(parts, tx, unknown)


def test_a_revoked_key_opens_nothing_and_the_others_still_do(world: World) -> None:
    parts = world.parts
    with parts.database.write() as tx:
        caller = callers.register(parts, tx, "System", ["decisions:ask"])
        first, second = (callers.issue_key(parts, tx, caller.id) for _ in range(2))
        rows = tx.keys.all(tx.keys.where(tx.keys.table.c.caller_id == caller.id))
        callers.revoke_key(parts, tx, rows[0].id)
        with pytest.raises(Refusal, match="UNAUTHENTICATED"):
            callers.authenticate(parts, tx, first)
        assert callers.authenticate(parts, tx, second).sees("anyone")
        with pytest.raises(Refusal, match="NOT_FOUND"):
            callers.revoke_key(parts, tx, "nothing")


def test_every_error_code_has_its_status_and_a_refusal_its_body() -> None:
    refusal = Refusal("NOT_FOUND", "no such thing", [{"path": "id"}])
    assert reply_of(refusal) == (404, {
        "status_code": 404, "error_code": "NOT_FOUND", "message": "no such thing",
        "details": [{"path": "id"}],
    })  # fmt: skip
    with pytest.raises(KeyError):
        Refusal("NO_SUCH_CODE", "x")
    assert set(STATUS.values()) <= {400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503}
    assert system("worker").sees(None)
    assert not Caller("f", "F", frozenset(), frozenset()).sees(STAFF.id)
