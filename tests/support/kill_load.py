"""Callers that ask without end while processes die, and remember every reply they were given.

A reply of 200 or 201 is an acknowledgement: what it says must be in the record for ever. A request
whose reply never came is unknown, and one that was answered 503 is refused; with an
Idempotency-Key it is sent again until it is acknowledged, without one it is given up.
"""

import json
import random
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from support.processes import eventually

from api.settings import DEMO_API_KEY, DEMO_REVIEWER_KEY

REST_SECONDS: Final = 0.02
AGAIN_SECONDS: Final = 0.1
REPLY_SECONDS: Final = 45.0
END_SECONDS: Final = 180.0
LAST_ATTEMPTS: Final = 200
"""How often a request is sent again after the load has ended, until it is given up."""
MARKS_A_CALLER: Final = 100_000
REMEMBERED: Final = 50
ENOUGH: Final = 12
QUESTIONS_A_BATCH: Final = 8


@dataclass
class Asked:
    """A request. mark: a number that no other request of the run has, and that its effect shows."""

    kind: str
    mark: int
    path: str
    body: dict[str, Any]
    key: str | None = None
    reviewer: bool = False
    is_unknown: bool = False
    reply: dict[str, Any] | None = None


@dataclass
class Demo:
    """What callers need to know of the demo: the accounts to buy from, and two vendors."""

    accounts: list[str]
    shop: str
    books: str


def demo_of(client: httpx.Client) -> Demo:
    """The same of a service that holds the demo."""
    client.headers["Authorization"] = f"Bearer {DEMO_API_KEY}"
    accounts = client.get("/v1/accounts").json()["items"]
    vendors = client.get("/v1/vendors").json()["items"]
    places = {vendor["is_marketplace"]: vendor["id"] for vendor in vendors}
    of_year = [one["id"] for one in accounts if one["fiscal_year"] == 2027]
    return Demo(of_year, shop=places[True], books=places[False])


@dataclass
class Account:
    """What callers were told, all together. Lists only grow, each by whole requests."""

    counts: Counter[str] = field(default_factory=Counter)
    asked: list[Asked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1

    def complain(self, what: str) -> None:
        with self._lock:
            self.wrong.append(what)

    def await_more(self, what: str, more: int = ENOUGH) -> None:
        """Waits until that many more replies of a kind were given; nothing may go wrong."""
        before = self.counts[what]
        eventually(lambda: self.counts[what] >= before + more or self.wrong, f"{more} {what}")
        assert not self.wrong, self.wrong[:3]

    def acknowledged(self) -> list[Asked]:
        return [one for one in self.asked if one.reply is not None]


class Caller(threading.Thread):
    """One caller; the seed says what it asks, the moment of each reply what it asks next.

    number: 1 to 9. Callers of another seed never use the same mark or key.
    """

    def __init__(
        self, number: int, seed: int, client: httpx.Client, demo: Demo, account: Account
    ) -> None:
        super().__init__(name=f"caller-{number}", daemon=True)
        self._marks = (10 * seed + number) * MARKS_A_CALLER
        self._chance = random.Random(f"{seed}/{number}")  # noqa: S311 - chance, no secret
        self._client, self._demo, self._account = client, demo, account
        self._ended = threading.Event()
        self._kept: list[Asked] = []

    def end(self) -> None:
        """Asks for nothing new; what has a key is still brought to its end."""
        self._ended.set()

    def run(self) -> None:
        with closing(self._client):
            while not self._ended.is_set():
                self._ask_something()
                self._ended.wait(REST_SECONDS)

    def _ask_something(self) -> None:
        chance = self._chance.random()
        if chance < 0.45:
            self._send(self._decision(key=False))
        elif chance < 0.5:
            self._ask_batch()
        elif chance < 0.65:
            self._send(self._decision(key=True))
        elif chance < 0.85:
            self._send(self._purchase(key=self._chance.random() < 0.8))
        elif chance < 0.93:
            self._review()
        elif self._kept:
            self._repeat(self._chance.choice(self._kept))

    # --- requests -----------------------------------------------------------------------------

    def _mark(self) -> int:
        self._marks += 1
        return self._marks

    def _decision(self, *, key: bool) -> Asked:
        mark = self._mark()
        kind = "keyed decision" if key else "decision"
        return Asked(kind, mark, "/v1/decisions/purchase", _question(mark), _key(mark, key))

    def _ask_batch(self) -> None:
        """Each answer of a batch is an acknowledgement of its own."""
        mark = self._mark()
        marks = [self._mark() for _ in range(QUESTIONS_A_BATCH)]
        body = {"items": [_question(one) for one in marks]}
        key = _key(mark, self._chance.random() < 0.5)
        batch = Asked("batch", mark, "/v1/decisions/purchase/batch", body, key)
        self._send(batch)
        for one, question in zip(marks, body["items"], strict=True):
            part = Asked("keyed decision" if key else "decision", one, batch.path, question)
            part.is_unknown = batch.is_unknown
            if batch.reply is not None:
                answered = batch.reply["items"][marks.index(one)]
                part.reply = {name: answered[name] for name in answered if name != "status_code"}
            self._account.asked.append(part)

    def _purchase(self, *, key: bool, for_review: bool = False) -> Asked:
        mark = self._mark()
        body: dict[str, Any] = {
            "account_id": self._chance.choice(self._demo.accounts),
            "order_number": f"kill-{mark}",
        }
        if for_review:
            paper = {"kind": "invoice", "name": "invoice.pdf", "content": _PAPER}
            body |= {"channel": "off_market", "vendor_id": self._demo.books,
                     "lines": [_TEXTBOOK], "documents": [paper]}  # fmt: skip
        else:
            body |= {"channel": "marketplace", "vendor_id": self._demo.shop, "lines": [_WORKBOOK]}
        return Asked("purchase", mark, "/v1/purchases", body, _key(mark, key))

    def _review(self) -> None:
        bought = self._purchase(key=True, for_review=True)
        self._send(bought)
        if bought.reply is None or bought.reply["state"] != "under_review":
            return
        mark = self._mark()
        what = "approve" if self._chance.random() < 0.7 else "reject"
        path = f"/v1/purchases/{bought.reply['id']}/{what}"
        review = Asked("review", mark, path, {"reason": "as on the invoice"}, _key(mark, True))
        review.reviewer = True
        self._send(review)

    # --- replies ------------------------------------------------------------------------------

    def _send(self, asked: Asked) -> None:
        self._account.count("requests")
        self._account.asked.append(asked)
        attempts = 0
        while attempts < LAST_ATTEMPTS:
            attempts += self._ended.is_set()
            said = self._post(asked)
            if said == "acknowledged":
                self._kept = [*self._kept[-REMEMBERED:], asked] if asked.key else self._kept
                return
            if said == "wrong" or (asked.key is None and said != "not reached"):
                return
            if said == "not reached" and asked.key is None and self._ended.is_set():
                return
            threading.Event().wait(AGAIN_SECONDS)
        self._account.complain(f"{asked.kind} {asked.mark} was never acknowledged")

    def _post(self, asked: Asked) -> str:
        said, response = self._try(asked)
        self._account.count(said)
        if response is None:
            return said
        if said == "acknowledged":
            asked.reply = response.json()
        elif said == "wrong":
            self._account.complain(f"{asked.kind} got {response.status_code}: {response.text}")
        elif not _is_good_refusal(response):
            self._account.complain(f"a refusal without help: {response.headers} {response.text}")
        return said

    def _try(self, asked: Asked) -> tuple[str, httpx.Response | None]:
        secret = DEMO_REVIEWER_KEY if asked.reviewer else DEMO_API_KEY
        headers = {"Authorization": f"Bearer {secret}"}
        if asked.key:
            headers["Idempotency-Key"] = asked.key
        try:
            response = self._client.post(asked.path, json=asked.body, headers=headers)
        except httpx.ConnectError:
            return "not reached", None
        except httpx.TransportError:
            asked.is_unknown = True
            return "unknown", None
        if response.status_code in (200, 201):
            return "acknowledged", response
        if response.status_code == 503:
            asked.is_unknown = True  # a connection may break after the commit and before its word
            return "refused", response
        return "wrong", response

    def _repeat(self, asked: Asked) -> None:
        """The same request under the same key gets the same reply, whatever died meanwhile."""
        said, response = self._try(asked)
        if said != "acknowledged" or response is None:
            return
        self._account.count("repeated under their key")
        if response.json() != asked.reply or "Idempotency-Replayed" not in response.headers:
            told = json.dumps(asked.reply)
            self._account.complain(f"{asked.key} got {response.text} after {told}")


def _question(mark: int) -> dict[str, Any]:
    """Facts that show the mark as an amount."""
    facts = {
        "purchase": {
            "amount": f"{mark // 100}.{mark % 100:02}",
            "category": "technology",
            "submitted_on": "2026-09-21",
            "is_accessory": True,
            "bundled_with_device": False,
        },
        "device": {"order_id": f"D-{mark}", "ordered_on": "2026-08-22"},
    }
    return {"facts": facts}


def _key(mark: int, wanted: bool) -> str | None:
    return f"key-{mark}" if wanted else None


def _is_good_refusal(response: httpx.Response) -> bool:
    body = response.json()
    known = body["error_code"] in ("RECORD_UNAVAILABLE", "OVERLOADED")
    return known and "again" in body["message"] and "Retry-After" in response.headers


_WORKBOOK: Final[Mapping[str, Any]] = {
    "amount": "1.25", "category": "curriculum", "subject": "mathematics", "item_grade": 4,
    "sku": "workbook-math-4",
}  # fmt: skip
_TEXTBOOK: Final[Mapping[str, Any]] = {
    "amount": "1.75", "category": "textbook", "subject": "science", "item_grade": 7,
    "item_kind": "textbook", "is_accessory": False,
}  # fmt: skip
_PAPER: Final = b64encode(b"%PDF-1.4\n% an invoice\n").decode()


def client_at(url: str) -> httpx.Client:
    """A client for one caller of a server on this machine."""
    return httpx.Client(base_url=url, timeout=REPLY_SECONDS, trust_env=False)


@contextmanager
def asking(callers: int, seed: int, open_client: Callable[[], httpx.Client]) -> Iterator[Account]:
    """That many callers ask until the block ends, and bring what has a key to its end."""
    account = Account()
    # Closed, not left as a context: leaving a TestClient so would stop the app that all share.
    with closing(open_client()) as client:
        demo = demo_of(client)
    threads = [
        Caller(number, seed, open_client(), demo, account) for number in range(1, callers + 1)
    ]
    for thread in threads:
        thread.start()
    try:
        yield account
    finally:
        for thread in threads:
            thread.end()
        for thread in threads:
            thread.join(END_SECONDS)
