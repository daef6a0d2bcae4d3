"""A release with every deciding rule several times over: what do more rules cost?"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import yaml

from engine.language import limits

_SECTION: Final = r"^{key}:.*?(?=^\S|\Z)"


@contextmanager
def lifted(**bounds: int) -> Iterator[None]:
    """Limits of the language set higher while this lasts, as only a benchmark may."""
    with patch.multiple(limits, **bounds):
        yield


def multiplied(files: Mapping[str, bytes], times: int) -> dict[str, bytes]:
    """The files of a release in which each deciding rule stands `times` times, under new names.

    A copy that answers gives answers of its own, since one answer has one giver.
    """
    found = dict(files)
    policies = files["policies.yaml"].decode()
    copies: dict[str, list[str]] = {}
    for path, content in files.items():
        text = content.decode()
        named = re.search(r"^rule: (\S+)$", text, re.MULTILINE)
        if named is None or not re.search(r"^decides:", text, re.MULTILINE):
            continue
        copies[named[1]] = [f"{named[1]}_{number}" for number in range(2, times + 1)]
        for number, copy in enumerate(copies[named[1]], start=2):
            written = text.replace(f"rule: {named[1]}", f"rule: {copy}", 1)
            written = _edited(written, "answers", lambda answers, n=number: _renamed(answers, n))
            found[path.replace(".yaml", f"_{number}.yaml")] = written.encode()
    found["policies.yaml"] = _edited(
        policies, "decisions", lambda decisions: _asking(decisions, copies, times)
    ).encode()
    return found


def _edited(text: str, key: str, edit: Callable[[Any], Any]) -> str:
    """The text with one top-level section read, changed and written anew."""
    pattern = re.compile(_SECTION.format(key=key), re.MULTILINE | re.DOTALL)

    def rewrite(section: re.Match[str]) -> str:
        changed = {key: edit(yaml.safe_load(section[0])[key])}
        return yaml.safe_dump(changed, sort_keys=False, width=1_000) + "\n"

    return pattern.sub(rewrite, text, count=1)


def _renamed(answers: dict[str, Any], number: int) -> dict[str, Any]:
    return {f"{name}_{number}": value for name, value in answers.items()}


def _asking(
    decisions: dict[str, Any], copies: Mapping[str, list[str]], times: int
) -> dict[str, Any]:
    for point in decisions.values():
        point["rules"] = [name for rule in point["rules"] for name in (rule, *copies.get(rule, ()))]
        if "answers" in point:
            own = dict(point["answers"])
            for number in range(2, times + 1):
                point["answers"].update(_renamed(own, number))
    return decisions
