"""Queries about vendors, their catalog, and service providers."""

from api.store import tables
from api.store.records import CatalogItem, Provider, Vendor
from api.store.rows import Rows


class Vendors(Rows[Vendor]):
    table, record = tables.vendors, Vendor


class Providers(Rows[Provider]):
    table, record = tables.providers, Provider


class Catalog(Rows[CatalogItem]):
    table, record = tables.catalog_items, CatalogItem

    def item(self, vendor_id: str, sku: str) -> CatalogItem | None:
        """The vendor's item under that stock-keeping number."""
        columns = self.table.c
        return self.first(self.where(columns.vendor_id == vendor_id, columns.sku == sku))

    def listed(self, vendor_id: str, after: str | None, limit: int) -> list[CatalogItem]:
        """The vendor's items, newest first."""
        return self.page([self.table.c.vendor_id == vendor_id], after, limit)
