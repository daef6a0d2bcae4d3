"""Remedies in plain words, for families and staff."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.decide.remedies import Blocked, Change, Remedies, Remedy
from engine.decide.texts import HIDDEN
from engine.language.model import Release
from engine.language.titles import Titles
from engine.language.values import format_value

_EN: Final[Mapping[str, str]] = {
    "passes": "passes: nothing has to change",
    "asks": "first to be known, before anything is proposed",
    "requester": "from whoever makes the request",
    "records": "from the records",
    "catalog": "from the catalog",
    "service": "worked out by the service",
    "would pass": "would pass if",
    "or": "or if",
    "and": " and ",
    "one of": ", or ",
    "others": "nothing that a family can change alone: the ones in brackets would have to act",
    "to review": "would go to a person for review if",
    "nothing": "would pass if nothing that a family can still change",
    "review": "cannot pass without a person looking at it",
    "not_found": "no short remedy found",
    "more": "not everything was tried, so there may be more ways",
    "beyond later": " or later", "beyond earlier": " or earlier",
    "beyond higher": " or more", "beyond lower": " or less",
    "add": "also has", "set": "is",
    "until": " to {day}",
    "stuck": "{reason} hangs on {facts}",
    "open": "{reason} was not settled within the limits; it hangs on {facts}",
    "arises": "{reason} would then be in the way; it hangs on {facts}",
    "true": "true", "false": "false", "none": "none",
    "family": "family", "vendor": "vendor", "school": "school", "provider": "provider",
    "agency": "agency", "staff": "agency staff",
}  # fmt: skip
_ES: Final[Mapping[str, str]] = {
    "passes": "se aprueba: no hay que cambiar nada",
    "asks": "primero hay que saber, antes de proponer nada",
    "requester": "de quien hace la solicitud",
    "records": "de los registros",
    "catalog": "del catálogo",
    "service": "lo calcula el servicio",
    "would pass": "se aprobaría si",
    "or": "o si",
    "and": " y ",
    "one of": ", o ",
    "others": "nada que la familia pueda cambiar sola: tendrían que actuar los nombrados entre []",
    "to review": "pasaría a revisión de una persona si",
    "nothing": "se aprobaría si: nada que la familia todavía pueda cambiar",
    "review": "no se puede aprobar sin que una persona lo revise",
    "not_found": "no se encontró un remedio corto",
    "more": "no se probó todo, así que puede haber más maneras",
    "beyond later": " o después", "beyond earlier": " o antes",
    "beyond higher": " o más", "beyond lower": " o menos",
    "add": "tiene además", "set": "es",
    "until": " a {day}",
    "stuck": "{reason} depende de {facts}",
    "open": "{reason} no se resolvió dentro de los límites; depende de {facts}",
    "arises": "{reason} quedaría entonces; depende de {facts}",
    "true": "sí", "false": "no", "none": "ninguno",
    "family": "familia", "vendor": "vendedor", "school": "escuela", "provider": "proveedor",
    "agency": "agencia", "staff": "personal de la agencia",
}  # fmt: skip
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {"en": _EN, "es": _ES}

_FAMILY: Final = "family"


def render_remedies(
    remedies: Remedies, language: str = "en", release: Release | None = None
) -> str:
    """The answer in words, a line for each way; `language` is en or es.

    Titles and members are told in the words of `release`; without it, titles stand as it has them
    in English. Values of personal facts are hidden. Raises KeyError for another language.
    """
    titles = Titles(release, language) if release else None
    return "\n".join(_Writer(_WORDS[language], language, titles).lines(remedies)) + "\n"


def summarize_remedies(remedies: Remedies, language: str = "en") -> str:
    """The first thing to say, in one line, as a trace or a list shows it."""
    return list(_Writer(_WORDS[language], language).lines(remedies))[1].strip()


@dataclass(frozen=True, slots=True)
class _Writer:
    words: Mapping[str, str]
    language: str
    titles: Titles | None = None

    def _title(self, fact: str, english: str) -> str:
        return self.titles.fact(fact) if self.titles else english

    def _member(self, fact: str, member: str) -> str:
        return self.titles.member(fact, member) if self.titles else member

    def lines(self, remedies: Remedies) -> Iterator[str]:
        yield f"{remedies.decision}: {remedies.verdict}"
        match remedies.state:
            case "asks":
                yield from self._asks(remedies)
            case "remedies":
                yield from self._remedies(remedies.remedies, "would pass")
                if not any(each.actors <= {_FAMILY} for each in remedies.remedies):
                    yield f"  {self.words['others']}"
            case "passes" | "not_found" as state:
                yield f"  {self.words[state]}"
            case "nothing":
                yield f"  {self.words[self._nothing(remedies)]}"
        yield from self._remedies(remedies.towards_review, "to review")
        for blocked in remedies.blocked:
            yield from self._blocked(blocked)
        if remedies.exhausted:
            yield f"  {self.words['more']}"

    def _nothing(self, remedies: Remedies) -> str:
        """Where a person's look is all that is in the way, that is said."""
        only_review = remedies.blocked and all(
            each.verdict == "review" for each in remedies.blocked
        )
        return "review" if only_review else "nothing"

    def _asks(self, remedies: Remedies) -> Iterator[str]:
        yield f"  {self.words['asks']}:"
        for ask in remedies.asks:
            title = self._title(ask.fact, ask.title)
            yield f"    {title} ({ask.fact}), {self.words[ask.given_by]}"

    def _remedies(self, remedies: tuple[Remedy, ...], opening: str) -> Iterator[str]:
        for remedy, members in _merged(remedies):
            said = self.words["and"].join(
                self._change(change, members) for change in remedy.changes
            )
            actors = ", ".join(self.words.get(actor, actor) for actor in sorted(remedy.actors))
            yield f"  {self.words[opening]} {said}" + (f"  [{actors}]" if actors else "")
            opening = "or"

    def _change(self, change: Change, members: tuple[str, ...]) -> str:
        name = f"{self._title(change.fact, change.title)} ({change.fact})"
        if change.direction == "add":
            joint = "one of" if members else "and"
            added = tuple(self._member(change.fact, each) for each in members or change.added)
            return f"{name} {self.words['add']} {self._list(added, joint)}"
        return f"{name} {self.words['set']} {self._value(change)}{self._beyond(change)}"

    def _beyond(self, change: Change) -> str:
        if change.or_beyond:
            return self.words[f"beyond {change.direction}"]
        if change.until is None or change.personal:
            return ""
        return self.words["until"].format(day=format_value(change.kind, change.until))

    def _list(self, members: tuple[str, ...], joint: str) -> str:
        if len(members) < 2:
            return "".join(members)
        return f"{', '.join(members[:-1])}{self.words[joint]}{members[-1]}"

    def _value(self, change: Change) -> str:
        if change.personal:
            return HIDDEN
        said = format_value(change.kind, change.after)
        if change.kind == "one_of":
            return self._member(change.fact, said)
        return self.words.get(said, said) if isinstance(change.after, bool) else said

    def _blocked(self, blocked: Blocked) -> Iterator[str]:
        facts = ", ".join(f"{self._title(name, title)} ({name})" for name, title in blocked.facts)
        yield f"    {self.words[blocked.hold].format(reason=blocked.reason, facts=facts)}"
        text = blocked.texts.get("parent", {}).get(self.language)
        if text and blocked.hold != "arises":
            yield f"      {text}"


def _merged(remedies: tuple[Remedy, ...]) -> Iterator[tuple[Remedy, tuple[str, ...]]]:
    """Remedies that differ in one paper alone are told together, with the papers to choose from."""
    groups: dict[object, tuple[Remedy, list[str]]] = {}
    for number, remedy in enumerate(remedies):
        single = [change for change in remedy.changes if len(change.added) == 1]
        key: object = number
        if len(single) == 1:
            rest = tuple(each for each in remedy.changes if each is not single[0])
            key = (single[0].fact, rest)
        _, members = groups.setdefault(key, (remedy, []))
        members += single[0].added if len(single) == 1 else ()
    for remedy, members in groups.values():
        yield remedy, tuple(members)
