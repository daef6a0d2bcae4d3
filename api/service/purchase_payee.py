"""The decisions about whom a purchase pays: a vendor, or a provider for each service billed.

Their facts come from our records of them, the day from the clock, the service from what the lines
are for. What our records do not say stays unknown: nobody is paid on the strength of a gap.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from api.service.dossier import Dossier
from api.service.purchase_case import Case
from api.service.purchase_facts import PROVIDER, VENDOR, state_provider, state_vendor
from api.service.purchase_request import SERVICE
from api.store.transaction import Transaction
from engine.language.model import Release

_SERVICE: Final = "provider.service"
_OTHER: Final = "other"


def questions(
    release: Release, tx: Transaction, case: Case, today: date
) -> Iterator[tuple[str, Dossier]]:
    """Each decision that is asked about the payee, with its facts.

    today: the day on which the payee is looked at, which for a reviewed purchase is the day of the
    review: who has lost their standing meanwhile is not paid.
    """
    if case.purchase.channel != SERVICE:
        yield VENDOR, _about_vendor(tx, case, today)
        return
    for service, lines in _services(release, case).items():
        yield PROVIDER, _about_provider(tx, case, today, service, lines)


def _about_vendor(tx: Transaction, case: Case, today: date) -> Dossier:
    dossier = Dossier()
    dossier.state("vendor.on", today.isoformat(), {"from": "clock"})
    state_vendor(tx, case, dossier)
    return dossier


def _about_provider(
    tx: Transaction, case: Case, today: date, service: str, lines: list[int]
) -> Dossier:
    dossier = Dossier()
    dossier.state("provider.on", today.isoformat(), {"from": "clock"})
    dossier.state(_SERVICE, service, {"from": "request", "lines": lines})
    state_provider(tx, case, dossier)
    return dossier


def _services(release: Release, case: Case) -> dict[str, list[int]]:
    """The services that the lines are for, each with the numbers of its lines.

    Whatever is no service by name is `other`: a provider of lessons does not sell laptops.
    """
    named = release.facts[_SERVICE].type.members
    found: dict[str, list[int]] = {}
    for line in case.lines:
        service = line.category if line.category in named else _OTHER
        found.setdefault(service, []).append(line.number)
    return found
