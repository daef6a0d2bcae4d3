"""What is recorded of a vendor or provider after they were entered: a W-9 that came, a licence."""

from collections.abc import Iterable, Mapping
from typing import Any

from api.service.dossier import read_record
from api.service.parts import Parts
from api.service.reading import NOTE_LENGTH, Reading


def read_change(
    parts: Parts, group: str, given: Mapping[str, Any], names: Iterable[str]
) -> tuple[dict[str, Any], str]:
    """The facts that a request states anew, and its reason. Refusal INVALID_REQUEST."""
    known = list(names)
    reading = Reading(given, ("reason", *known))
    reason = reading.text("reason", NOTE_LENGTH)
    stated = {name: given[name] for name in known if name in given}
    if not stated and not reading.problems:
        reading.wrong(known[0], "is missing, and so is every other fact", "state at least one")
    reading.finish()
    return read_record(parts.decider.release, group, stated), reason
