"""A wallet provider in memory that keeps its promises and fails exactly as it is told to."""

import threading
from collections import deque
from dataclasses import dataclass, field

from api.service.provider_port import (
    AuthFailed,
    CreditOrder,
    Declined,
    OutcomeUnknown,
    PaymentOrder,
    Receipt,
    Unavailable,
    WalletOrder,
)


class Crash(BaseException):
    """The process dies here: nothing after it runs, and nothing catches it."""


@dataclass
class FakeProvider:
    """Moves money once a key. `script` says how the next calls fare, oldest first:

    ok, lost (done, reply lost), lost_before (never arrived, reply lost), unavailable, auth,
    auth_in_doubt, declined, pending, crash_before, crash_after. Empty = ok.
    """

    script: deque[str] = field(default_factory=deque)
    wallets: dict[str, str] = field(default_factory=dict)
    credits: dict[str, CreditOrder] = field(default_factory=dict)
    payments: dict[str, PaymentOrder] = field(default_factory=dict)
    declined: dict[str, str] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    keys: dict[str, object] = field(default_factory=dict)
    legal_names: list[str] = field(default_factory=list)
    probes_fail: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def plan(self, *steps: str) -> None:
        self.script.extend(steps)

    def _meet(self, call: str) -> str:
        self.calls.append(call)
        step = self.script.popleft() if self.script else "ok"
        if step == "crash_before":
            raise Crash
        if step == "lost_before":
            raise OutcomeUnknown("no reply")
        if step == "unavailable":
            raise Unavailable("out of reach")
        if step == "auth":
            raise AuthFailed("401")
        if step == "auth_in_doubt":
            raise AuthFailed("401 after a lost reply", in_doubt=True)
        return step

    def _after(self, step: str) -> None:
        if step == "crash_after":
            raise Crash
        if step == "lost":
            raise OutcomeUnknown("no reply")

    def _once(self, key: str, order: object) -> None:
        known = self.keys.setdefault(key, order)
        assert known == order, f"the key {key} was used for two orders"

    def create_wallet(self, order: WalletOrder, key: str) -> Receipt:
        with self._lock:
            step = self._meet("create_wallet")
            self._once(key, order)
            self.legal_names.append(order.legal_name)
            wallet = self.wallets.setdefault(order.account_id, f"w-{len(self.wallets) + 1}")
            self._after(step)
            return Receipt(wallet, "settled")

    def find_wallet(self, account_id: str) -> Receipt | None:
        with self._lock:
            self._after(self._meet("find_wallet"))
            wallet = self.wallets.get(account_id)
            return Receipt(wallet, "settled") if wallet else None

    def credit(self, order: CreditOrder, key: str) -> Receipt:
        with self._lock:
            step = self._meet("credit")
            self._once(key, order)
            self.credits[order.reference] = order
            self._after(step)
            return Receipt(f"t-{order.reference}", "settled")

    def find_credit(self, wallet_id: str, reference: str) -> Receipt | None:
        with self._lock:
            self._after(self._meet("find_credit"))
            found = self.credits.get(reference)
            return Receipt(f"t-{reference}", "settled") if found else None

    def pay(self, order: PaymentOrder, key: str) -> Receipt:
        with self._lock:
            step = self._meet("pay")
            self._once(key, order)
            assert order.reference == key
            if step == "declined":
                self.declined[order.reference] = "INVALID_RECIPIENT"
                raise Declined("INVALID_RECIPIENT", "the merchant is not known")
            assert order.wallet_id in self.wallets.values()
            if step == "pending":
                self.pending.add(order.reference)
            self.payments[order.reference] = order
            self._after(step)
            return self._receipt(order.reference)

    def find_payment(self, reference: str) -> Receipt | None:
        with self._lock:
            self._after(self._meet("find_payment"))
            if reference in self.declined:
                return Receipt(f"p-{reference}", "declined", self.declined[reference])
            return self._receipt(reference) if reference in self.payments else None

    def _receipt(self, reference: str) -> Receipt:
        status = "pending" if reference in self.pending else "settled"
        return Receipt(f"p-{reference}", status)

    def probe(self) -> None:
        self.calls.append("probe")
        if self.probes_fail:
            raise AuthFailed("401")

    def paid_cents(self) -> int:
        return sum(order.amount_cents for order in self.payments.values())
