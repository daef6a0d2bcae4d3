"""What people are told for a reason, with the values of this decision in the braces."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from engine.language.model import Release, Texts
from engine.language.values import UNKNOWN, Value
from engine.language.wording import kind_of, show

_BRACES: Final = re.compile(r"\{([^{}]*)\}")
HIDDEN: Final = "(personal)"
"""Stands where a personal fact would be shown."""


def told(
    release: Release, texts: Texts, facts: Mapping[str, Value], as_of: date | None
) -> dict[str, dict[str, str]]:
    """Audience -> language -> text; personal facts are hidden, since texts are sent about."""

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("$"):
            return _parameter(release, name[1:], as_of)
        return _fact(release, name, facts)

    return {
        audience: {language: _BRACES.sub(fill, text) for language, text in said.items()}
        for audience, said in (("parent", texts.parent), ("staff", texts.staff))
    }


def filled(text: str, value: Callable[[str], str | None]) -> str | None:
    """The text with what `value` gives for each name in braces; None where it gives nothing."""
    values = {name: value(name) for name in _BRACES.findall(text)}
    if None in values.values():
        return None
    return _BRACES.sub(lambda match: values[match[1]] or "", text)


def _fact(release: Release, name: str, facts: Mapping[str, Value]) -> str:
    fact = release.facts.get(name)
    if fact is None or fact.personal:
        return HIDDEN
    return show(fact.type.kind, facts.get(name, UNKNOWN))


def _parameter(release: Release, name: str, as_of: date | None) -> str:
    parameter = release.parameters.get(name)
    dated = parameter.on(as_of) if parameter is not None and as_of is not None else None
    if parameter is None or dated is None:
        return "unknown"
    return show(kind_of(parameter, "text"), dated.value, parameter.unit)
