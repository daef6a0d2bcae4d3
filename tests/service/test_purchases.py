"""The states of a purchase, and who may move it from one to another."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.service_world import (
    DROP,
    REVIEWER,
    STAFF,
    World,
    make_world,
    paper,
)

from api.errors import Refusal
from api.service import once, providers, purchases, vendors
from api.service.once import Attempt
from api.service.parts import Caller
from api.store.database import Database


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def refused(code: str, world: World, use_case: Any, *arguments: Any, **named: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        world.do(use_case, *arguments, **named)
    assert caught.value.error_code == code
    return caught.value


# --- verdict -> state -----------------------------------------------------------------------------


def test_an_allowed_purchase_is_approved_reserved_and_ordered(world: World) -> None:
    shown = world.submit()
    assert (shown["state"], shown["verdict"], shown["reasons"]) == ("approved", "allow", [])
    assert shown["payment"]["state"] == "pending"
    account = world.account()
    assert (account["balance"], account["held"], account["available"]) == (
        "9000.00", "125.00", "8875.00",
    )  # fmt: skip
    with world.parts.database.read() as tx:
        hold = tx.holds.get(shown["hold_id"])
        events = [event.type for event in tx.events.of(f"purchase:{shown['id']}")]
    assert hold is not None
    assert (hold.kind, hold.amount_cents) == ("purchase_reservation", 12_500)
    assert hold.rests_on == {"purchase": shown["id"], "decisions": shown["decisions"]}
    assert events == ["PurchaseSubmitted", "PurchaseApproved"]


@pytest.mark.parametrize(
    ("state", "verdict", "reasons", "submit"),
    [
        ("rejected", "deny", ["AMOUNT_NOT_POSITIVE"],
         lambda world: world.submit(line={"amount": "-5.00"})),
        ("rejected", "deny", ["SUBJECT_NOT_CORE"],
         lambda world: world.submit(line={"subject": "music"})),
        ("incomplete", "incomplete", ["DOCUMENT_MISSING_INVOICE"],
         lambda world: world.off_market("explanation")),
        ("under_review", "incomplete", ["OFF_MARKET_REVIEW"],
         lambda world: world.off_market("receipt")),
        ("incomplete", "incomplete", ["OFF_MARKET_REVIEW"],
         lambda world: world.off_market("receipt", vendor_id=DROP)),
    ],
    ids=["denied amount", "denied subject", "lacks a paper", "lacks a reviewer", "lacks a record"],
)  # fmt: skip
def test_the_state_follows_from_the_verdict_and_nothing_is_held(
    world: World, state: str, verdict: str, reasons: list[str], submit: Any
) -> None:
    shown = submit(world)
    assert (shown["state"], shown["verdict"]) == (state, verdict)
    assert shown["reasons"] == reasons
    assert shown["payment"] is None
    assert world.account()["held"] == "0.00"
    assert world.waiting() == 2  # the wallet's two rows and no payment


def test_the_worst_line_speaks_for_the_whole_request_and_all_decisions_are_linked(
    world: World,
) -> None:
    lines = [
        {"sku": "tablet-9", "category": "technology", "amount": "20.00"},
        {"sku": "drone-1", "category": "technology", "amount": "20.00"},
    ]
    shown = world.submit(lines=lines)
    assert shown["state"] == "rejected"
    with world.parts.database.read() as tx:
        rows = [tx.decisions.get(one) for one in shown["decisions"]]
    told = [(row.decision, row.line, row.verdict) for row in rows if row]
    assert told == [("purchase", 1, "allow"), ("purchase", 2, "deny"), ("vendor", None, "allow")]
    assert {row.group_id for row in rows if row} == {shown["group_id"]}


# --- papers ---------------------------------------------------------------------------------------


def test_a_paper_that_was_missing_brings_an_incomplete_purchase_further(world: World) -> None:
    shown = world.off_market("explanation")
    papers = [paper("receipt")]
    after = world.do(purchases.add_documents, shown["id"], papers, caller=world.family)
    assert after["state"] == "under_review"
    assert after["decisions"] != shown["decisions"]
    assert [one["kind"] for one in after["documents"]] == ["explanation", "receipt"]
    refused("STATE_CONFLICT", world, purchases.add_documents, shown["id"], papers)
    refused("INVALID_REQUEST", world, purchases.add_documents, shown["id"], [])


# --- review ---------------------------------------------------------------------------------------


def approve(world: World, id: str, caller: Caller = REVIEWER, **said: bool) -> dict[str, Any]:
    shown: dict[str, Any] = world.do(purchases.approve, id, "seen", said, caller=caller)
    return shown


def test_a_reviewed_purchase_is_approved_and_paid(world: World) -> None:
    waiting = world.off_market("receipt")
    shown = approve(world, waiting["id"], flagged_prohibited=False)
    assert (shown["state"], shown["verdict"]) == ("approved", "review")
    assert shown["review"]["by"] == REVIEWER.id
    assert shown["reasons"] == ["OFF_MARKET_REVIEW"]
    row = world.decision(shown)
    told = row.origins["purchase.flagged_prohibited"]
    assert told == {"from": "reviewer", "caller": REVIEWER.id}
    world.drain()
    assert world.show(shown["id"])["state"] == "paid"


def test_who_approves_without_flagging_says_that_nothing_is_prohibited(world: World) -> None:
    shown = approve(world, world.off_market("receipt")["id"])
    assert shown["state"] == "approved"
    assert shown["review"]["said"] == {"purchase.flagged_prohibited": False}


def test_what_a_reviewer_flags_is_denied_and_the_decision_is_kept(world: World) -> None:
    waiting = world.off_market("receipt")
    refusal = refused(
        "NOT_PAYABLE", world, purchases.approve, waiting["id"], "a toy",
        {"flagged_prohibited": True}, caller=REVIEWER,
    )  # fmt: skip
    assert refusal.status == 400
    assert [one["reason"] for one in refusal.details if "reason" in one] == ["ITEM_PROHIBITED"]
    assert world.show(waiting["id"])["state"] == "under_review"
    with world.parts.database.read() as tx:
        kept = tx.decisions.get(str(refusal.details[0]["decision"]))
    assert kept is not None
    assert kept.verdict == "deny"


def test_a_review_cannot_overrule_what_has_become_a_deny(world: World) -> None:
    waiting = world.off_market("receipt")
    world.do(vendors.change_status, world.vendor_id, "suspended", "complaints")
    refused("NOT_PAYABLE", world, purchases.approve, waiting["id"], "fine", caller=REVIEWER)
    assert world.account()["held"] == "0.00"


def test_a_lesson_that_no_record_calls_live_waits_for_the_reviewers_word(world: World) -> None:
    tutor = world.do(providers.create, {
        "name": "Kim Tutor", "enrollment_status": "enrolled", "credentials_expire_on": None,
        "in_directory": True, "services": [{"service": "tutoring"}],
    })["id"]  # fmt: skip
    waiting = world.tutoring(provider_id=tutor)
    assert waiting["state"] == "under_review"
    refusal = refused(
        "NOT_PAYABLE", world, purchases.approve, waiting["id"], "fine", caller=REVIEWER
    )
    assert [one["path"] for one in refusal.details] == ["purchase.live_instruction"]
    assert approve(world, waiting["id"], live_instruction=True)["state"] == "approved"


def test_a_reviewer_cannot_contradict_a_record(world: World) -> None:
    far = world.submit(line={"item_grade": 9})
    assert (far["state"], far["missing"]) == ("under_review", ["purchase.grade_gap_explained"])
    shown = approve(world, far["id"], grade_gap_explained=True)
    assert (shown["verdict"], shown["reasons"]) == ("review", ["GRADE_GAP_EXPLAINED"])
    row = world.decision(shown)
    assert row.facts["purchase"]["flagged_prohibited"] is False
    assert row.origins["purchase.flagged_prohibited"]["from"] == "catalog"


def test_nobody_approves_what_they_submitted(world: World) -> None:
    waiting = world.off_market("receipt", caller=REVIEWER)
    refusal = refused("FORBIDDEN", world, purchases.approve, waiting["id"], "mine", caller=REVIEWER)
    assert refusal.status == 403
    assert approve(world, waiting["id"], caller=STAFF)["state"] == "approved"


def test_nobody_approves_what_rests_on_a_paper_of_theirs(world: World) -> None:
    lacking = world.off_market("explanation")
    world.do(purchases.add_documents, lacking["id"], [paper("receipt")], caller=REVIEWER)
    refusal = refused("FORBIDDEN", world, purchases.approve, lacking["id"], "seen", caller=REVIEWER)
    assert [one["message"] for one in refusal.details] == ["a paper was brought by you"]
    assert approve(world, lacking["id"], caller=STAFF)["state"] == "approved"


def test_only_a_purchase_under_review_is_approved(world: World) -> None:
    approved, rejected = world.submit(), world.submit(line={"subject": "music"})
    incomplete = world.off_market("explanation")
    for shown in (approved, rejected, incomplete):
        refused("STATE_CONFLICT", world, purchases.approve, shown["id"], "ok", caller=REVIEWER)
    refused("NOT_FOUND", world, purchases.approve, "nothing", "ok", caller=REVIEWER)


def test_a_rejection_says_why_and_ends_the_matter(world: World) -> None:
    waiting = world.off_market("receipt")
    shown = world.do(purchases.reject, waiting["id"], "no schoolbook", caller=REVIEWER)
    assert (shown["state"], shown["review"]["reason"]) == ("rejected", "no schoolbook")
    refused("STATE_CONFLICT", world, purchases.reject, waiting["id"], "again", caller=REVIEWER)
    refused("STATE_CONFLICT", world, purchases.approve, waiting["id"], "ok", caller=REVIEWER)


def test_a_reviewer_is_told_where_else_the_same_paper_was_sent(world: World) -> None:
    invoice = {"kind": "invoice", "name": "march.pdf", "content": b"%PDF-1.7 lessons in March"}
    first = world.tutoring(documents=[invoice])
    other = world.tutoring(documents=[paper("invoice")])
    again = world.tutoring(documents=[invoice | {"name": "april.pdf"}, paper("explanation", b"a")])
    assert [one["state"] for one in (first, other, again)] == ["approved"] * 3  # only a hint
    world.off_market(documents=[invoice])  # of somebody else
    with world.parts.database.read() as tx:
        told = {
            one["id"]: [
                paper["same_paper_on"]
                for paper in purchases.get(world.parts, tx, REVIEWER, one["id"])["documents"]
            ]
            for one in (first, other, again)
        }
        to_family = purchases.get(world.parts, tx, world.family, again["id"])["documents"]
    assert told == {
        first["id"]: [[again["id"]]],
        other["id"]: [[]],
        again["id"]: [[first["id"]], []],
    }
    assert all("same_paper_on" not in paper for paper in to_family)


def test_a_reviewer_of_some_students_is_told_of_their_purchases_alone(world: World) -> None:
    invoice = [paper("invoice", b"%PDF-1.7 twice")]
    first = world.tutoring(documents=invoice)
    second = world.tutoring(documents=invoice)
    stranger = Caller("staff-3", "Of others", REVIEWER.scopes, frozenset({"another-student"}))
    near = Caller("staff-4", "Of this one", REVIEWER.scopes, frozenset({world.student_id}))
    refused("NOT_FOUND", world, purchases.get, second["id"], caller=stranger)
    shown = world.do(purchases.get, second["id"], caller=near)
    assert shown["documents"][0]["same_paper_on"] == [first["id"]]


# --- who sees what --------------------------------------------------------------------------------


def test_a_family_sees_and_spends_its_own_accounts_only(world: World) -> None:
    stranger = Caller("family-2", "Others", frozenset(), frozenset({"another-student"}))
    shown = world.submit()
    refused("NOT_FOUND", world, purchases.submit, world.request(), caller=stranger)
    refused("NOT_FOUND", world, purchases.get, shown["id"], caller=stranger)
    assert world.do(purchases.list_purchases, caller=stranger)["items"] == []
    mine = world.do(purchases.list_purchases, caller=world.family)["items"]
    assert [one["id"] for one in mine] == [shown["id"]]


def test_a_list_is_read_page_by_page(world: World) -> None:
    bought = [world.submit()["id"] for _ in range(5)]
    first = world.do(purchases.list_purchases, limit=2)
    second = world.do(purchases.list_purchases, limit=2, cursor=first["next"])
    third = world.do(purchases.list_purchases, limit=2, cursor=second["next"])
    ids = [one["id"] for page in (first, second, third) for one in page["items"]]
    assert ids == bought[::-1]
    assert third["next"] is None
    refused("INVALID_REQUEST", world, purchases.list_purchases, limit=0)


# --- at once --------------------------------------------------------------------------------------


def test_purchases_at_once_never_spend_more_than_there_is(database: Database) -> None:
    world = make_world(database, award="1000.00")
    line = {"sku": "reader-4", "category": "textbook", "amount": "300.00"}

    def buy(number: int) -> str:
        return str(world.submit(order_number=f"A-{number}", lines=[line])["state"])

    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(buy, range(9)))
    assert sorted(states) == ["approved"] * 3 + ["rejected"] * 6
    account = world.account()
    assert (account["held"], account["available"]) == ("900.00", "100.00")
    world.drain()
    assert world.account()["balance"] == "100.00"
    assert world.provider.paid_cents() == 90_000


def test_equal_requests_at_once_have_one_effect(world: World) -> None:
    attempt = Attempt("key-1", "POST", "/v1/purchases", b"{...}")

    def buy(_: int) -> once.Reply:
        return once.run(
            world.parts, world.family, attempt,
            lambda tx: (201, purchases.submit(world.parts, tx, world.family, world.request())),
        )  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(buy, range(4)))
    assert sorted(reply.replayed for reply in replies) == [False, True, True, True]
    assert len({reply.body["id"] for reply in replies}) == 1
    assert {reply.status for reply in replies} == {201}
    assert len(world.do(purchases.list_purchases)["items"]) == 1
    assert world.account()["held"] == "125.00"


def test_a_key_that_was_used_for_another_body_is_refused(world: World) -> None:
    def run(key: str, body: bytes, caller: Caller = STAFF) -> once.Reply:
        attempt = Attempt(key, "POST", "/v1/x", body)
        return once.run(world.parts, caller, attempt, lambda tx: (201, {"body": body.decode()}))

    assert run("k", b"one").body == {"body": "one"}
    with pytest.raises(Refusal) as reused:
        run("k", b"two")
    assert (reused.value.error_code, reused.value.status) == ("IDEMPOTENCY_KEY_REUSED", 409)
    assert run("k", b"two", caller=REVIEWER).body == {"body": "two"}  # keys are per caller
    assert run("k", b"one").replayed
    with pytest.raises(Refusal, match="INVALID_REQUEST"):
        run("not visible \n", b"")


def test_a_refusal_leaves_its_key_free_unless_it_belongs_to_the_record(world: World) -> None:
    def run(key: str, refusal: Refusal | None) -> once.Reply:
        def command(_tx: object) -> tuple[int, dict[str, Any]]:
            if refusal:
                raise refusal
            return 200, {"done": True}

        attempt = Attempt(key, "POST", "/v1/x", b"")
        return once.run(world.parts, STAFF, attempt, command)

    with pytest.raises(Refusal):
        run("free", Refusal("STATE_CONFLICT", "not now"))
    assert run("free", None).body == {"done": True}
    with pytest.raises(Refusal):
        run("kept", Refusal("NOT_PAYABLE", "denied", keeps_record=True))
    replayed = run("kept", None)
    assert (replayed.status, replayed.replayed) == (400, True)
    assert replayed.body["error_code"] == "NOT_PAYABLE"
