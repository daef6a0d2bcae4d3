"""Reads what callers send, key by key, and reports everything that is wrong with it at once."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeVar

from api.errors import Refusal, problem
from engine.language.problems import did_you_mean
from engine.language.values import parse_day, parse_decimal_money

NAME_LENGTH = 200
NOTE_LENGTH = 2_000

T = TypeVar("T")


class Reading:
    """One object of a request. `path` is put before its keys in what is reported; what was sent
    under a `personal` key is not repeated there."""

    def __init__(
        self,
        given: Mapping[str, object],
        keys: Iterable[str],
        path: str = "",
        problems: list[dict[str, object]] | None = None,
        personal: Iterable[str] = (),
    ) -> None:
        self.personal = frozenset(personal)
        self.given = given
        self.path = path
        self.problems: list[dict[str, object]] = [] if problems is None else problems
        known = list(keys)
        for key in given:
            if key not in known:
                near = did_you_mean(key, known) or f"keys are {', '.join(known)}"
                self.wrong(key, "is no key of this request", near)

    def wrong(self, key: str, message: str, help: str = "") -> None:
        """Notes one thing that is wrong."""
        self.problems.append(problem(self.path + key, message, help))

    def has(self, key: str) -> bool:
        """Whether the key was sent, `null` included."""
        return key in self.given

    def text(self, key: str, limit: int = NAME_LENGTH) -> str:
        """A text that must be there; "" after noting what is wrong."""
        value = self.optional_text(key, limit)
        if value is None and not any(one["path"] == self.path + key for one in self.problems):
            self.wrong(key, "is missing", "send a text")
        return value or ""

    def optional_text(self, key: str, limit: int = NAME_LENGTH) -> str | None:
        """A text of 1 to `limit` printable characters, or None where there is none."""
        value = self.given.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.wrong(key, "is no text", "send a text with at least one character")
        elif len(value) > limit:
            self.wrong(key, f"has {len(value)} characters", f"at most {limit}")
        elif any(ord(sign) < 32 and sign not in "\n\t" for sign in value):
            self.wrong(key, "holds a control character", "send plain text")
        else:
            return value.strip()
        return None

    def one_of(self, key: str, members: Iterable[str]) -> str:
        """One of these words, which must be there; "" after noting what is wrong."""
        known, value = list(members), self.given.get(key)
        if isinstance(value, str) and value in known:
            return value
        listed = f"one of {', '.join(known)}"
        if not self.has(key):
            self.wrong(key, "is missing", listed)
        else:
            shown = value[:40] if isinstance(value, str) else value
            said = "this" if key in self.personal else f"`{shown}`"
            self.wrong(key, f"{said} is none of its members", listed)
        return ""

    def cents(self, key: str) -> int:
        """Money as a decimal string, which must be there; 0 after noting what is wrong."""
        found = self._parsed(key, parse_decimal_money, "money is a decimal string, such as `12.50`")
        if found is None and not self.has(key):
            self.wrong(key, "is missing", "money is a decimal string, such as `12.50`")
        return found or 0

    def day(self, key: str) -> date | None:
        """A date, as `2026-09-30` or as a date."""
        value = self.given.get(key)
        if isinstance(value, date):
            return value
        return self._parsed(key, parse_day, "a date is written `2026-09-30`")

    def flag(self, key: str, default: bool) -> bool:
        """A boolean; `default` where it was not sent."""
        value = self.given.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(key, "is no boolean", "send true or false")
        return default

    def whole(self, key: str, smallest: int, largest: int) -> int:
        """A whole number, which must be there; `smallest` after noting what is wrong."""
        value = self.given.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest:
            return value
        self.wrong(key, "is no whole number in its range", f"{smallest} to {largest}")
        return smallest

    def finish(self) -> None:
        """Refusal INVALID_REQUEST with all that was noted."""
        if self.problems:
            count = len(self.problems)
            raise Refusal(
                "INVALID_REQUEST",
                f"the request has {count} problem{'s' if count > 1 else ''}",
                self.problems,
            )

    def _parsed(self, key: str, parse: Callable[[str], T], help: str) -> T | None:
        value = self.given.get(key)
        if value is None:
            if self.has(key):
                self.wrong(key, "is null", help)
            return None
        if not isinstance(value, str):
            self.wrong(key, "is no text", help)
            return None
        try:
            return parse(value)
        except ValueError as error:
            said = "does not fit" if key in self.personal else f"`{value[:40]}`: {error}"
            self.wrong(key, said, help)
            return None
