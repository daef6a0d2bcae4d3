"""What an export covers, and what it therefore proves and does not prove."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.record.verifier.manifest import not_proven, proven
from api.store.columns import STORED_MOMENT
from api.store.seals import Part


@dataclass(frozen=True, slots=True)
class Scope:
    """All records, those of an account, or those asked on the days `since` to `until`."""

    part: Part
    since: date | None = None
    until: date | None = None

    @property
    def is_whole(self) -> bool:
        return not self.part.conditions()

    def json(self) -> dict[str, Any]:
        """The scope as the manifest names it."""
        part = self.part
        if part.account_id is not None:
            return {"kind": "account", "account_id": part.account_id}
        if part.first is None or part.end is None or self.since is None or self.until is None:
            return {"kind": "all"}
        return {
            "kind": "period",
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "first": part.first.strftime(STORED_MOMENT),
            "end": part.end.strftime(STORED_MOMENT),
        }

    def proves(self) -> list[str]:
        """Sentences for people, true of every export of this scope that holds."""
        return proven(self.json()["kind"])

    def does_not_prove(self, unsealed: int) -> list[str]:
        """The same for what nobody should conclude."""
        return not_proven(self.json()["kind"], unsealed)


ALL = Scope(Part())


def account_scope(account_id: str) -> Scope:
    """The records of one account."""
    return Scope(Part(account_id=account_id))


def period_scope(since: date, until: date, zone: ZoneInfo) -> Scope:
    """The records asked on these days of the program's time zone, both included."""
    part = Part(first=_midnight(since, zone), end=_midnight(until + timedelta(days=1), zone))
    return Scope(part, since, until)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
