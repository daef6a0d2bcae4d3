"""Service providers: tutors, therapists, drivers; their enrollment and what they offer."""

from collections.abc import Mapping
from typing import Any, Final

from api.errors import Refusal
from api.service.directory_facts import read_change
from api.service.dossier import read_record
from api.service.history import emit
from api.service.paging import checked_limit, known_cursor, page
from api.service.parts import Caller, Parts
from api.service.reading import NOTE_LENGTH, Reading
from api.store.records import Provider
from api.store.transaction import Transaction

_FACTS: Final = (
    "enrollment_status", "credentials_expire_on", "licensed", "background_checked_on",
    "insurance_expires_on", "in_directory",
)  # fmt: skip
_CREDENTIALS: Final = tuple(name for name in _FACTS if name != "enrollment_status")
_SERVICE_FACTS: Final = ("live_instruction", "flagged_prohibited")
_STATUS: Final = "provider.enrollment_status"
_SERVICES: Final = "provider.service_types"
_EVENTS: Final = {"enrolled": "ProviderEnrolled", "suspended": "ProviderSuspended"}
SERVICE_LIMIT: Final = 20


def create(
    parts: Parts, tx: Transaction, caller: Caller, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A new provider: name, services, external_id?, and the facts that are known.

    services: [{service, live_instruction?, flagged_prohibited?}]: what our record says of each
    service, as the catalog does of an item. A provider starts as `pending` unless stated.
    """
    reading = Reading(given, ("name", "external_id", "services", *_FACTS))
    name, external_id = reading.text("name"), reading.optional_text("external_id", 128)
    services = _services(parts, reading)
    reading.finish()
    stated = {"enrollment_status": "pending"} | {key: given[key] for key in _FACTS if key in given}
    facts = read_record(
        parts.decider.release, "provider", {**stated, "service_types": sorted(services)}
    )
    provider = Provider(
        id=parts.new_id(),
        name=name,
        status=facts["enrollment_status"],
        facts=facts,
        services=services,
        external_id=external_id,
        created_at=parts.clock(),
    )
    tx.providers.add(provider)
    kind = _EVENTS.get(provider.status, "ProviderRecorded")
    emit(parts, tx, f"provider:{provider.id}", kind, caller, {"status": provider.status})
    return view(provider)


def _services(parts: Parts, reading: Reading) -> dict[str, dict[str, Any]]:
    offered = reading.given.get("services", [])
    if not isinstance(offered, list) or len(offered) > SERVICE_LIMIT:
        reading.wrong("services", "is no list", f"at most {SERVICE_LIMIT} services")
        return {}
    release, services = parts.decider.release, dict[str, dict[str, Any]]()
    for place, one in enumerate(offered):
        path = f"services.{place}."
        entry = one if isinstance(one, dict) else {}
        part = Reading(entry, ("service", *_SERVICE_FACTS), path, reading.problems)
        service = part.one_of("service", release.facts[_SERVICES].type.members)
        if service and service in services:
            part.wrong("service", f"`{service}` is there twice", "name each service once")
        said = {key: entry[key] for key in _SERVICE_FACTS if entry.get(key) is not None}
        services[service] = read_record(release, "purchase", said)
    return services


def show(parts: Parts, tx: Transaction, caller: Caller, provider_id: str) -> dict[str, Any]:
    """One provider; Refusal NOT_FOUND."""
    return view(existing(tx, provider_id))


def existing(tx: Transaction, provider_id: str) -> Provider:
    """The provider's record; Refusal NOT_FOUND."""
    provider = tx.providers.get(provider_id)
    if provider is None:
        raise Refusal("NOT_FOUND", f"no provider `{provider_id[:64]}`")
    return provider


def list_providers(
    parts: Parts, tx: Transaction, caller: Caller, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """Providers, newest first."""
    rows = tx.providers.page([], known_cursor(cursor, tx.providers.get), checked_limit(limit))
    return page(rows, limit, view, lambda row: row.id)


def change_status(
    parts: Parts, tx: Transaction, caller: Caller, provider_id: str, status: str, reason: str
) -> dict[str, Any]:
    """Sets the enrollment that purchases are judged by, with a reason for the record."""
    existing(tx, provider_id)
    reading = Reading({"status": status, "reason": reason}, ("status", "reason"))
    reading.one_of("status", parts.decider.release.facts[_STATUS].type.members)
    said = reading.text("reason", NOTE_LENGTH)
    reading.finish()
    provider = tx.providers.lock(provider_id)
    assert provider is not None  # noqa: S101 - seen above, and providers are never deleted
    tx.providers.change(
        provider_id, status=status, facts={**provider.facts, "enrollment_status": status}
    )
    data = {"from": provider.status, "to": status}
    kind = _EVENTS.get(status, "ProviderStatusChanged")
    emit(parts, tx, f"provider:{provider_id}", kind, caller, data, said={"reason": said})
    return view(existing(tx, provider_id))


def record_facts(
    parts: Parts, tx: Transaction, caller: Caller, provider_id: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Records what has become known: {reason, and one or more of _CREDENTIALS}; the rest stays.

    A purchase that was incomplete for it is decided again by whoever asks for that.
    """
    existing(tx, provider_id)
    facts, reason = read_change(parts, "provider", given, _CREDENTIALS)
    provider = tx.providers.lock(provider_id)
    assert provider is not None  # noqa: S101 - seen above, and providers are never deleted
    tx.providers.change(provider_id, facts={**provider.facts, **facts})
    emit(parts, tx, f"provider:{provider_id}", "ProviderFactsRecorded", caller, facts,
         said={"reason": reason})  # fmt: skip
    return view(existing(tx, provider_id))


def view(provider: Provider) -> dict[str, Any]:
    """A provider as callers read it; facts that nobody stated are left out."""
    return {
        "id": provider.id,
        "name": provider.name,
        "status": provider.status,
        **provider.facts,
        "services": [{"service": name, **said} for name, said in provider.services.items()],
        "external_id": provider.external_id,
        "created_at": provider.created_at.isoformat(),
    }
