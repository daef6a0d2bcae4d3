"""Values as families read them: dates, money, shares and words in their own language.

Spanish as it is written in the United States: the day before the month, money as in English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.decide.distance import Distance
from engine.language.model import Period
from engine.language.values import Kind, format_money, format_share

_MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
           "octubre", "noviembre", "diciembre"),
}  # fmt: skip
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "none": "none", "unknown": "not known", "true": "yes", "false": "no", "and": " and ",
        "to": " to ", "hidden": "(not shown here)", "day": "one day", "days": "{} days",
        "year": "one year", "years": "{} years", "more": "{} more", "less": "{} less",
        "later": "{} later", "earlier": "{} earlier", "one": "one",
    },
    "es": {
        "none": "ninguno", "unknown": "no se sabe", "true": "sí", "false": "no", "and": " y ",
        "to": " al ", "hidden": "(no se muestra aquí)", "day": "un día", "days": "{} días",
        "year": "un año", "years": "{} años", "more": "{} más", "less": "{} menos",
        "later": "{} después", "earlier": "{} antes", "one": "uno",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of one language, `en` or `es`; KeyError for another."""

    language: str

    def word(self, name: str) -> str:
        """One of the fixed words: none, unknown, hidden."""
        return _WORDS[self.language][name]

    def day(self, day: date) -> str:
        """`September 30, 2026`, `30 de septiembre de 2026`."""
        month = _MONTHS[self.language][day.month - 1]
        if self.language == "es":
            return f"{_first(day.day)} de {month} de {day.year}"
        return f"{month} {day.day}, {day.year}"

    def yearly_day(self, month_day: int) -> str:
        """`June 15`, `15 de junio`, from month x 100 + day."""
        month, day = divmod(month_day, 100)
        named = _MONTHS[self.language][month - 1]
        return f"{_first(day)} de {named}" if self.language == "es" else f"{named} {day}"

    def period(self, period: Period) -> str:
        """`June 15 to June 30`, `15 de junio al 30 de junio`."""
        to = self.word("to")
        return f"{self.yearly_day(period.first)}{to}{self.yearly_day(period.last)}"

    def share(self, points: int) -> str:
        """`50%`, and `50 %` in Spanish."""
        said = format_share(points)
        return said if self.language == "es" else said.replace(" ", "")

    def listed(self, words: list[str]) -> str:
        """`a, b and c`."""
        if len(words) < 2:
            return "".join(words) or self.word("none")
        return f"{', '.join(words[:-1])}{self.word('and')}{words[-1]}"

    def value(self, kind: Kind, value: object, unit: str = "") -> str:
        """A value of a fact or parameter; words of a one_of or list are not translated here."""
        match value:
            case None | bool():
                return self.word({None: "none", True: "true", False: "false"}[value])
            case date():
                return self.day(value)
            case Period():
                return self.period(value)
            case tuple():
                return self.listed([str(each) for each in value])
            case int():
                return self._number(kind, value, unit)
        return str(value)

    def _number(self, kind: Kind, value: int, unit: str) -> str:
        if unit == "day_of_year":
            return self.yearly_day(value)
        if kind == "money":
            return format_money(value)
        return self.share(value) if kind == "share" else str(value)

    def distance(self, distance: Distance) -> str:
        """`one day more`, `un día más`."""
        return self.word(distance.direction).format(self._size(distance))

    def _size(self, distance: Distance) -> str:
        if distance.kind in ("money", "share"):
            return self.value(distance.kind, distance.size)
        unit = {"date": "day", "days": "day", "years": "year"}.get(distance.kind)
        if unit is None:
            return self.word("one") if distance.size == 1 else str(distance.size)
        if distance.size == 1:
            return self.word(unit)
        return self.word(f"{unit}s").format(distance.size)


def _first(day: int) -> str:
    """The first of a month has a name of its own in Spanish."""
    return "1.º" if day == 1 else str(day)
