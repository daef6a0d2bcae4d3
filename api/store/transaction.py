"""One open transaction and the repositories that work in it."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from api.privacy.boxes import Boxes
from api.privacy.vault import Vault
from api.store.callers import ApiKeys, Callers, IdempotencyKeys
from api.store.data_keys import DataKeys
from api.store.directory import Catalog, Providers, Vendors
from api.store.families import Accounts, Agreements, SchoolChoices, Schools, Students
from api.store.holds import Findings, Holds
from api.store.leases import Leases
from api.store.ledger import Ledger
from api.store.outbox import Outbounds, Outbox
from api.store.purchases import Attachments, Lines, Payments, Purchases
from api.store.record import Decisions, Events, Publications, Releases
from api.store.seals import SealedRecords, SealKeys, Seals


@dataclass(frozen=True, slots=True)
class Look:
    """Personal data of a record that a view showed in full; `aggregate` as events name it."""

    aggregate: str
    what: str
    id: str


class Transaction:
    """What a use case gets: repositories over one connection. Never kept after its block."""

    def __init__(self, connection: Connection, vault: Vault | None = None) -> None:
        self.connection = connection
        self.boxes = Boxes(connection, vault)
        self.looks: list[Look] = []

    @cached_property
    def data_keys(self) -> DataKeys:
        return DataKeys(self.connection)

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.connection)

    @cached_property
    def keys(self) -> ApiKeys:
        return ApiKeys(self.connection)

    @cached_property
    def idempotency(self) -> IdempotencyKeys:
        return IdempotencyKeys(self.connection)

    @cached_property
    def students(self) -> Students:
        return Students(self.connection)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.connection)

    @cached_property
    def agreements(self) -> Agreements:
        return Agreements(self.connection)

    @cached_property
    def schools(self) -> Schools:
        return Schools(self.connection)

    @cached_property
    def school_choices(self) -> SchoolChoices:
        return SchoolChoices(self.connection)

    @cached_property
    def vendors(self) -> Vendors:
        return Vendors(self.connection)

    @cached_property
    def providers(self) -> Providers:
        return Providers(self.connection)

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog(self.connection)

    @cached_property
    def purchases(self) -> Purchases:
        return Purchases(self.connection)

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.connection)

    @cached_property
    def attachments(self) -> Attachments:
        return Attachments(self.connection)

    @cached_property
    def payments(self) -> Payments:
        return Payments(self.connection)

    @cached_property
    def releases(self) -> Releases:
        return Releases(self.connection)

    @cached_property
    def publications(self) -> Publications:
        return Publications(self.connection)

    @cached_property
    def decisions(self) -> Decisions:
        return Decisions(self.connection)

    @cached_property
    def events(self) -> Events:
        return Events(self.connection)

    @cached_property
    def holds(self) -> Holds:
        return Holds(self.connection)

    @cached_property
    def findings(self) -> Findings:
        return Findings(self.connection)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.connection)

    @cached_property
    def outbounds(self) -> Outbounds:
        return Outbounds(self.connection)

    @cached_property
    def leases(self) -> Leases:
        return Leases(self.connection)

    @cached_property
    def seals(self) -> Seals:
        return Seals(self.connection)

    @cached_property
    def seal_keys(self) -> SealKeys:
        return SealKeys(self.connection)

    @cached_property
    def sealed_records(self) -> SealedRecords:
        return SealedRecords(self.connection)
