"""Lists of the policy that the service itself reads (`used_by: service` and a few more)."""

from datetime import date
from typing import Final

from engine.language.model import Release

MAIN_DEVICES: Final = "accessory.main_devices"
TUITION: Final = "purchase.tuition_categories"


def listed(release: Release, name: str, day: date) -> frozenset[str] | None:
    """The members of a list on that day; None where the release does not say."""
    parameter = release.parameters.get(name)
    dated = parameter.on(day) if parameter is not None else None
    members = dated.value if dated is not None else None
    return frozenset(map(str, members)) if isinstance(members, tuple) else None
