"""Where a number or rule comes from: sources, standing, note and review day.

Parameters, dated values and rules write these the same way, so they are read in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from engine.language.entries import read_choice, read_known, read_text
from engine.language.model import STANDINGS, Source, Standing, weakest
from engine.language.problems import Problems
from engine.language.quantities import read_day
from engine.language.reader import Node

KEYS: Final = ("sources", "standing", "note", "review_by")
"""The keys that `read_provenance` reads; a shape lists them among its own."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """`standing` is the one written, else the weakest of the sources'."""

    sources: tuple[str, ...]
    standing: Standing
    note: str | None
    review_by: date | None


def read_provenance(
    fields: Mapping[str, Node], sources: Mapping[str, Source], problems: Problems
) -> Provenance:
    """Provenance of a rule or parameter from its fields (source.unknown, key.value, param.date)."""
    cited = read_known(fields.get("sources"), "source", sources, "source.unknown", problems)
    note, review_by = fields.get("note"), fields.get("review_by")
    return Provenance(
        cited,
        read_standing(fields.get("standing"), cited, sources, problems),
        None if note is None else read_text(note, "note", problems),
        None if review_by is None else read_day(review_by, "review_by", problems),
    )


def read_standing(
    node: Node | None,
    cited: tuple[str, ...],
    sources: Mapping[str, Source],
    problems: Problems,
) -> Standing:
    """The standing written, else the weakest of the sources cited."""
    if node is not None:
        written = read_choice(node, "standing", STANDINGS, "key.value", problems)
        for standing in STANDINGS:
            if standing == written:
                return standing
    return weakest([sources[key].standing for key in cited])
