"""The console without a browser: who gets in, what the pages say, and what they never say."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.demo_service import NOON, app_over, named, stylus
from support.wallets import Clock

from api.app import create_app
from api.service import callers
from api.service.parts import Parts
from api.settings import DEMO_API_KEY

COOKIE = "esa_console"
SIGN_IN, DECISIONS = "/console/sign-in", "/console/decisions"
MARKUP = '<script>alert(1)</script><img src=x onerror="alert(2)">'


class Reading(HTMLParser):
    """What a page holds: its elements with their attributes, and the words a person reads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words = " ".join(f"{self.words} {data}".split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def csrf(self) -> str:
        return next(one["value"] for one in self.all("input") if one.get("name") == "csrf")


class Visitor:
    """Somebody before a browser: keeps cookies, follows what a page sends to, reads pages."""

    def __init__(self, app: FastAPI, base_url: str = "http://testserver") -> None:
        self.http = TestClient(app, base_url=base_url, raise_server_exceptions=False)

    def read(self, path: str, status: int = 200, **query: str) -> Reading:
        reply = self.http.get(path, params=query or None)
        assert reply.status_code == status, reply.text
        return Reading(reply.text)

    def post(self, path: str, **fields: str) -> Any:
        return self.http.post(path, data=fields, follow_redirects=False)

    def sign_in(self, key: str = DEMO_API_KEY) -> Any:
        return self.post(SIGN_IN, key=key, csrf=self.read(SIGN_IN).csrf())

    def is_in(self) -> bool:
        reply = self.http.get(DECISIONS, follow_redirects=False)
        assert (reply.status_code, reply.headers.get("location")) in ((200, None), (303, SIGN_IN))
        return reply.status_code == 200


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
def app(parts: Parts, clock: Clock) -> FastAPI:
    return app_over(replace(parts, clock=clock))


@pytest.fixture
def visitor(app: FastAPI) -> Visitor:
    return Visitor(app)


@pytest.fixture
def staff(visitor: Visitor) -> Visitor:
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def key_of(parts: Parts) -> Callable[..., str]:
    """Makes a key with scopes, for all students or for some."""

    def make(scopes: Sequence[str], student_ids: Sequence[str] | None = None) -> str:
        with parts.database.write() as tx:
            caller = callers.register(parts, tx, "a caller", scopes, student_ids)
            return callers.issue_key(parts, tx, caller.id)

    return make


@pytest.fixture
def denied(client: TestClient) -> str:
    """The decision about the accessory of day thirty-one."""
    request = stylus(client, "Jonah Whitaker", "D-2202")
    return str(client.post("/v1/purchases", json=request).json()["decisions"][0])


def ask(client: TestClient, facts: Mapping[str, Any]) -> str:
    reply = client.post("/v1/decisions/purchase", json={"facts": facts, "as_of": "2026-09-21"})
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


# --- signing in and out ---------------------------------------------------------------------------


def test_a_good_key_opens_the_console_and_the_page_says_whose_it_is(visitor: Visitor) -> None:
    assert not visitor.is_in()
    welcome = visitor.sign_in()
    assert (welcome.status_code, welcome.headers["location"]) == (303, DECISIONS)
    assert "Dana Whitfield" in visitor.read(DECISIONS).words
    assert visitor.read("/console").words == visitor.read(DECISIONS).words


def test_a_wrong_key_and_no_key_are_told_so_on_the_page(visitor: Visitor) -> None:
    for key in ("wrong", ""):
        refused = visitor.sign_in(key)
        assert refused.status_code == 401
        assert "this API key is unknown or was revoked" in Reading(refused.text).words
        assert not visitor.is_in()


def test_a_key_without_the_scope_stays_outside(
    visitor: Visitor, key_of: Callable[..., str]
) -> None:
    refused = visitor.sign_in(key_of(["accounts:read"]))
    assert refused.status_code == 403
    assert "decisions:read" in Reading(refused.text).words
    assert not visitor.is_in()


@pytest.mark.parametrize("forged", ["", "guessed", "ünïcode"])
def test_a_form_without_our_token_signs_nobody_in_or_out(visitor: Visitor, forged: str) -> None:
    visitor.read(SIGN_IN)
    assert visitor.post(SIGN_IN, key=DEMO_API_KEY, csrf=forged).status_code == 403
    assert visitor.post(SIGN_IN, key=DEMO_API_KEY).status_code == 403
    assert not visitor.is_in()
    visitor.sign_in()
    assert visitor.post("/console/sign-out", csrf=forged).status_code == 403
    assert visitor.post("/console/sign-out").status_code == 403
    assert visitor.is_in()


def test_a_token_of_another_session_is_forged_here(app: FastAPI, visitor: Visitor) -> None:
    elsewhere = Visitor(app).read(SIGN_IN).csrf()
    visitor.read(SIGN_IN)
    assert visitor.post(SIGN_IN, key=DEMO_API_KEY, csrf=elsewhere).status_code == 403


def test_a_form_sent_without_any_session_is_refused(app: FastAPI) -> None:
    assert Visitor(app).post(SIGN_IN, key=DEMO_API_KEY, csrf="").status_code == 403


def _flags(reply: Any) -> set[str]:
    return {part.strip().lower() for part in reply.headers["set-cookie"].split(";")[1:]}


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_in_production_from_plain_http(
    app: FastAPI, parts: Parts
) -> None:
    common = {"httponly", "samesite=strict", "path=/console", "max-age=28800"}
    assert _flags(Visitor(app).http.get(SIGN_IN)) == common
    production = create_app(parts, session_key="k" * 32, is_production=True)
    secure = Visitor(production, "https://testserver")
    assert _flags(secure.sign_in()) == common | {"secure"}
    assert secure.is_in()
    plain = Visitor(production)
    assert plain.sign_in().status_code == 403  # the browser does not send the cookie back


def test_a_session_begun_before_the_sign_in_is_another_one_afterwards(visitor: Visitor) -> None:
    token = visitor.read(SIGN_IN).csrf()
    before = visitor.http.cookies[COOKIE]
    visitor.sign_in()
    assert visitor.http.cookies[COOKIE] != before
    assert visitor.read(DECISIONS).csrf() != token
    visitor.http.cookies.clear()
    visitor.http.cookies.set(COOKIE, before, path="/console")
    assert not visitor.is_in()


def test_signing_out_ends_the_session_and_every_copy_of_its_cookie(
    app: FastAPI, staff: Visitor
) -> None:
    copied = staff.http.cookies[COOKIE]
    other = Visitor(app)
    other.http.cookies.set(COOKIE, copied, path="/console")
    assert other.is_in()
    left = staff.post("/console/sign-out", csrf=staff.read(DECISIONS).csrf())
    assert (left.status_code, left.headers["location"]) == (303, SIGN_IN)
    assert not staff.is_in()
    assert not other.is_in()


def test_a_cookie_that_somebody_changed_signs_nobody_in(staff: Visitor) -> None:
    cookie = staff.http.cookies[COOKIE]
    staff.http.cookies.clear()
    staff.http.cookies.set(COOKIE, ("A" if cookie[0] != "A" else "B") + cookie[1:], path="/console")
    assert not staff.is_in()


def test_a_session_lasts_eight_hours_however_busy_it_is(staff: Visitor, clock: Clock) -> None:
    clock.advance(timedelta(hours=7, minutes=59))
    assert staff.is_in()
    clock.advance(timedelta(minutes=1))
    assert not staff.is_in()


def test_a_session_ends_when_the_last_key_of_its_caller_is_revoked(
    visitor: Visitor, parts: Parts, key_of: Callable[..., str]
) -> None:
    visitor.sign_in(key_of(["decisions:read"]))
    assert visitor.is_in()
    with parts.database.write() as tx:
        columns = tx.keys.table.c
        (issued,) = tx.keys.all(tx.keys.where(columns.id > "01M0"))  # the demo's are all older
        callers.revoke_key(parts, tx, issued.id)
    assert not visitor.is_in()


def test_ten_wrong_keys_lock_the_address_for_a_quarter_of_an_hour(
    app: FastAPI, visitor: Visitor, clock: Clock
) -> None:
    for _ in range(9):
        assert visitor.sign_in("wrong").status_code == 401
    Visitor(app).post(SIGN_IN, key="wrong", csrf="forged")  # tries no key, so it counts for none
    assert visitor.sign_in().status_code == 303  # nine mistakes do not keep the right key out
    assert visitor.sign_in("wrong").status_code == 401
    locked = visitor.sign_in()
    assert locked.status_code == 429
    assert "wait a quarter of an hour" in Reading(locked.text).words
    clock.advance(timedelta(minutes=14, seconds=59))
    assert visitor.sign_in().status_code == 429
    clock.advance(timedelta(seconds=1))
    assert visitor.sign_in().status_code == 303


# --- what every page keeps ------------------------------------------------------------------------


def _pages(visitor: Visitor, decision: str) -> Iterator[Any]:
    yield visitor.http.get(DECISIONS)
    yield visitor.http.get(DECISIONS, params={"first": "soon"})
    yield visitor.http.get(f"{DECISIONS}/{decision}")
    yield visitor.http.get(f"{DECISIONS}/nobody")
    yield visitor.post("/console/sign-out")
    yield visitor.http.get(SIGN_IN)
    yield visitor.sign_in("wrong")


def test_no_page_holds_a_script_or_a_style_of_its_own_and_the_policy_allows_none(
    staff: Visitor, denied: str
) -> None:
    for page in _pages(staff, denied):
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy  # so that default-src forbids every script
        found = Reading(page.text)
        for tag, attributes in found.elements:
            assert tag not in ("script", "style", "iframe", "object", "embed", "base"), tag
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
        (sheet,) = [one for one in found.all("link") if one["rel"] == "stylesheet"]
        assert staff.http.get(sheet["href"]).headers["content-type"].startswith("text/css")
        for link in found.all("a"):
            assert link["href"].startswith(("/console", "?", "#", "https://")), link


def test_every_field_has_a_label_and_every_page_one_heading_and_a_language(
    staff: Visitor, denied: str
) -> None:
    for page in _pages(staff, denied):
        found = Reading(page.text)
        assert found.all("html") == [{"lang": "en"}]
        assert len(found.all("h1")) == 1
        labelled = {one["for"] for one in found.all("label")}
        fields = [one for tag in ("input", "select") for one in found.all(tag)]
        assert {one["id"] for one in fields if one.get("type") != "hidden"} == labelled


# --- searching ------------------------------------------------------------------------------------


def _found(page: Reading) -> list[str]:
    links = [one["href"] for one in page.all("a")]
    return [href.rsplit("/", 1)[1] for href in links if href.startswith(f"{DECISIONS}/")]


@pytest.mark.parametrize(
    ("query", "is_wanted"),
    [
        ({"verdict": "deny"}, lambda one: one["verdict"] == "deny"),
        ({"verdict": "incomplete"}, lambda one: one["verdict"] == "incomplete"),
        ({"decision": "purchase"}, lambda one: one["decision"] == "purchase"),
        ({"decision": "refund"}, lambda one: one["decision"] == "refund"),
        ({"reason": "ACCESSORY_WINDOW_CLOSED"},
         lambda one: "ACCESSORY_WINDOW_CLOSED" in one["reasons"]),
        ({"first": "2026-09-17"}, lambda one: one["asked_at"] >= "2026-09-17"),
        ({"last": "2026-08-21"}, lambda one: one["asked_at"] < "2026-08-22"),
        ({"first": "2026-08-22", "last": "2026-08-22"},
         lambda one: one["asked_at"].startswith("2026-08-22")),
        ({"verdict": "allow", "last": "2026-08-22"},
         lambda one: one["verdict"] == "allow" and one["asked_at"] < "2026-08-23"),
    ],
)  # fmt: skip
def test_a_search_shows_what_fits_and_nothing_else(
    staff: Visitor, client: TestClient, denied: str, query: dict[str, str],
    is_wanted: Callable[[dict[str, Any]], bool],
) -> None:  # fmt: skip
    recorded = client.get("/v1/decisions", params={"limit": 200}).json()["items"]
    assert denied in [one["id"] for one in recorded]
    page = staff.read(DECISIONS, **query)
    assert _found(page) == [one["id"] for one in recorded if is_wanted(one)]
    assert ("No decision fits this search." in page.words) == (not _found(page))


def test_a_search_by_account_shows_that_account_and_the_form_keeps_what_was_asked(
    staff: Visitor, client: TestClient, denied: str
) -> None:
    account = named(client, "Jonah Whitaker")["id"]
    page = staff.read(DECISIONS, account_id=f" {account} ", verdict="deny")
    assert _found(page) == [denied]
    kept = {one["name"]: one.get("value") for one in page.all("input") if one.get("id")}
    assert kept["account_id"] == account
    assert {"selected": ""} in page.all("option")


@pytest.mark.parametrize("day", ["soon", "2026-02-30", "9999-12-31", "0001-01-01", "1"])
def test_a_day_that_is_none_is_named_and_nothing_is_shown(staff: Visitor, day: str) -> None:
    for field in ("first", "last"):
        page = staff.read(DECISIONS, 422, **{field: day})
        assert f"`{day}` is no day; write it as 2026-09-30" in page.words
        assert _found(page) == []


def test_a_cursor_that_is_none_of_ours_is_a_message(staff: Visitor) -> None:
    assert staff.read(DECISIONS, 422, cursor="made-up").all("p")[0]["role"] == "alert"


def test_older_decisions_follow_page_by_page_and_keep_the_search(
    staff: Visitor, client: TestClient
) -> None:
    asked = [ask(client, {"purchase": {"amount": f"{n}.00"}}) for n in range(1, 31)]
    page = staff.read(DECISIONS, verdict="incomplete")
    assert _found(page) == asked[:4:-1]
    assert not [one for one in page.all("a") if one.get("rel") == "first"]
    (older,) = [one["href"] for one in page.all("a") if one.get("rel") == "next"]
    assert "verdict=incomplete" in older
    second = staff.read(DECISIONS + older)
    assert _found(second)[:5] == asked[4::-1]
    assert not [one for one in second.all("a") if one.get("rel") == "next"]
    (newest,) = [one["href"] for one in second.all("a") if one.get("rel") == "first"]
    assert _found(staff.read(DECISIONS + newest)) == _found(page)


# --- one decision ---------------------------------------------------------------------------------


def test_a_denied_accessory_says_what_decided_before_anything_else(
    staff: Visitor, denied: str
) -> None:
    page = staff.read(f"{DECISIONS}/{denied}")
    decided, rest = page.words.split("What passed (", 1)
    for said in (
        "May this purchase be paid from this account? deny",
        "Rules as of 2026-09-21, asked 2026-09-21 12:00 EDT",
        "ACCESSORY_WINDOW_CLOSED",
        "rules/purchase/accessory_window.yaml:16",
        "unconfirmed",
        "days_since_device 31 is above 30",
        "$accessory.window_days = 30 since 2022-07-01 unconfirmed policies.yaml:",
        "met case window closed then deny ACCESSORY_WINDOW_CLOSED",
        "unmet case before device",
        "not reached otherwise allow",
        "NCSEAA, Allowable Expenses: Educational Technology",
    ):
        assert said in decided, said
    assert "allow A purchase is at most what is left after holds" in rest
    assert "What does not apply (" in rest
    assert "does not apply Tutoring is given live" in rest
    first = page.all("details")[0]
    assert "open" in first
    assert "open" not in page.all("details")[1]


def test_sources_are_links_that_tell_the_other_site_nothing(staff: Visitor, denied: str) -> None:
    page = staff.read(f"{DECISIONS}/{denied}")
    outside = [one for one in page.all("a") if not one["href"].startswith(("/", "#", "?"))]
    assert outside
    for link in outside:
        assert link["href"].startswith("https://")
        assert {"noreferrer", "noopener"} <= set(link["rel"].split())


def test_every_rule_of_the_trace_stands_on_the_page_once(
    staff: Visitor, client: TestClient, denied: str
) -> None:
    trace = client.get(f"/v1/decisions/{denied}/trace").json()
    words = staff.read(f"{DECISIONS}/{denied}").words
    for rule in trace["rules"]:
        title = f"{rule['result'].replace('_', ' ')} {rule['title']}"
        assert words.count(title) == 1, title
    for name, fact in trace["facts"].items():
        assert (f"{name} {fact['text']}" in words) == (fact["state"] != "unknown"), name


def test_a_fact_says_where_it_came_from(staff: Visitor, client: TestClient, denied: str) -> None:
    account = named(client, "Jonah Whitaker")["id"]
    words = staff.read(f"{DECISIONS}/{denied}").words
    assert f"account.balance $17,000.00 record: account {account}" in words
    assert "purchase.item_kind stylus catalog: item " in words
    assert "purchase.amount $39.00 request" in words


def test_a_decision_for_want_of_facts_names_them_and_the_rules_that_wait(
    staff: Visitor, client: TestClient
) -> None:
    words = staff.read(f"{DECISIONS}/{ask(client, {'purchase': {'amount': '5.00'}})}").words
    assert "Too little is known to decide." in words
    missing = words.split("Not known: ", 1)[1]
    assert "purchase.category" in missing
    assert "What is not known (" in words
    assert "facts from the caller" in words


def test_a_decision_without_any_day_judges_no_rule_and_says_so(
    staff: Visitor, client: TestClient
) -> None:
    asked = client.post("/v1/decisions/purchase", json={"facts": {}}).json()["id"]
    words = staff.read(f"{DECISIONS}/{asked}").words
    assert "No day is known, so no rule was judged" in words
    assert "What passed" not in words


def test_lines_of_one_request_lead_to_one_another(staff: Visitor, client: TestClient) -> None:
    request = stylus(client, "Maya Rivera", "D-2201")
    request["lines"].append({"amount": "12.00", "category": "curriculum", "sku": "workbook-math-4"})
    decided = client.post("/v1/purchases", json=request).json()["decisions"]
    assert len(decided) == 3  # two lines, and the vendor
    for one in decided:
        page = staff.read(f"{DECISIONS}/{one}")
        assert set(decided) - {one} <= set(_found(page))
    assert "purchase of line 1 deny" in page.words  # two categories on one request


def test_an_unknown_decision_is_a_page_that_leads_back(staff: Visitor) -> None:
    page = staff.read(f"{DECISIONS}/nobody", 404)
    assert "no decision `nobody`" in page.words
    assert DECISIONS in [one["href"] for one in page.all("a")]


# --- who may read what ----------------------------------------------------------------------------


def test_personal_facts_are_masked_without_the_scope_for_them(
    app: FastAPI, client: TestClient, key_of: Callable[..., str]
) -> None:
    facts = {"student": {"age": 29}, "renewal": {"primary_disability": "the_name_of_a_disability"}}
    reply = client.post("/v1/decisions/renewal", json={"facts": facts, "as_of": "2026-09-21"})
    assert reply.status_code == 200, reply.text
    address = f"{DECISIONS}/{reply.json()['id']}"
    reader, trusted = Visitor(app), Visitor(app)
    reader.sign_in(key_of(["decisions:read"]))
    trusted.sign_in(key_of(["decisions:read", "facts:personal"]))
    assert "the_name_of_a_disability" in trusted.read(address).words
    assert "the_name_of_a_disability" not in reader.http.get(address).text


def test_a_family_finds_its_own_decisions_and_no_others(
    app: FastAPI, client: TestClient, denied: str, key_of: Callable[..., str]
) -> None:
    own = named(client, "Maya Rivera")
    mine = client.post("/v1/purchases", json=stylus(client, "Maya Rivera", "D-2201")).json()
    family = Visitor(app)
    family.sign_in(key_of(["decisions:read"], [own["student_id"]]))
    found = _found(family.read(DECISIONS))
    assert mine["decisions"][0] in found
    accounts = {client.get(f"/v1/decisions/{one}").json()["account_id"] for one in found}
    assert accounts == {own["id"]}
    other = named(client, "Jonah Whitaker")["id"]
    assert _found(family.read(DECISIONS, account_id=other)) == []
    assert family.read(f"{DECISIONS}/{mine['decisions'][0]}")
    hidden = family.read(f"{DECISIONS}/{denied}", 404)
    assert "ACCESSORY" not in hidden.words


def test_markup_in_facts_notes_and_searches_is_shown_as_text(
    staff: Visitor, client: TestClient
) -> None:
    request = stylus(client, "Maya Rivera", MARKUP)  # as if a device had been ordered under it
    request["lines"][0]["description"] = MARKUP
    bought = client.post("/v1/purchases", json=request)
    assert bought.status_code == 201, bought.text
    note = {"account_id": request["account_id"], "type": "misuse", "note": MARKUP}
    assert client.post("/v1/compliance", json=note).status_code == 201
    held = client.post("/v1/purchases", json=request)
    assert "HOLD_IN_FORCE" in held.json()["reasons"], held.text
    pure = ask(client, {"device": {"order_id": MARKUP}})
    for decision in (bought.json()["decisions"][0], held.json()["decisions"][0], pure):
        text = staff.http.get(f"{DECISIONS}/{decision}").text
        assert "&lt;script&gt;alert(1)" in text
        assert_harmless(text)
    for query in ({"account_id": MARKUP}, {"first": MARKUP}, {"cursor": MARKUP}):
        assert_harmless(staff.http.get(DECISIONS, params=query).text)
    assert_harmless(staff.http.get(f"{DECISIONS}/<script>alert(1)").text)


def assert_harmless(text: str) -> None:
    assert not re.search(r"<script|<img|onerror=\"", text, re.I)
    assert not [tag for tag, _ in Reading(text).elements if tag in ("script", "img")]


def test_a_wrong_address_gets_a_page_in_the_look_of_the_console(staff: Visitor) -> None:
    for path, status in (
        ("/console/x", 404),
        ("/console/decisions/%00", 422),
        ("/console/a/b", 404),
    ):
        reply = staff.http.get(path)
        assert (reply.status_code, reply.headers["Content-Type"][:9]) == (status, "text/html")
        assert "ESA policy console" in reply.text
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
