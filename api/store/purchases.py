"""Queries about purchases, their lines, papers and payments."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select, update

from api.store import tables
from api.store.records import Attachment, Line, Payment, Purchase
from api.store.rows import Rows

BOUGHT: Final = ("approved", "paid")
"""States in which a purchase counts as bought; a declined payment takes it out again."""

EQUAL_LIMIT: Final = 20
"""Purchases that are named for carrying the same paper."""

_purchases, _lines, _payments = tables.purchases, tables.purchase_lines, tables.payments


class Purchases(Rows[Purchase]):
    table, record = _purchases, Purchase

    def listed(
        self,
        account_id: str | None,
        student_ids: frozenset[str] | None,
        state: str | None,
        after: str | None,
        limit: int,
    ) -> list[Purchase]:
        """Purchases, newest first, that fit what is given."""
        columns, wanted = self.table.c, list[ColumnElement[bool]]()
        if account_id is not None:
            wanted.append(columns.account_id == account_id)
        if student_ids is not None:
            wanted.append(columns.student_id.in_(sorted(student_ids)))
        if state is not None:
            wanted.append(columns.state == state)
        return self.page(wanted, after, limit)

    def of_student(self, student_id: str) -> list[Purchase]:
        """Everything that the student's accounts ever bought or asked for."""
        return self.all(self.where(_purchases.c.student_id == student_id))

    def device_order(
        self, student_id: str, order: str, kinds: Iterable[str], besides: str
    ) -> Purchase | None:
        """The student's own earlier order, under that number or purchase id, of an item of one of
        these kinds that is no accessory."""
        bought = _bought(select(_purchases), student_id, besides).where(
            (_purchases.c.order_number == order) | (_purchases.c.id == order),
            _lines.c.item_kind.in_(sorted(kinds)),
            _lines.c.is_accessory.is_(False),
        )
        return self.first(bought.order_by(_purchases.c.submitted_on, _purchases.c.id))

    def last_bought(
        self, student_id: str, item_kind: str, *, is_accessory: bool, besides: str
    ) -> Purchase | None:
        """The student's latest purchase of that kind, as a device or as an accessory.

        One that waits for its review counts as well, but only for those submitted after it: of two
        that wait, the first can still be approved.
        """
        waiting = (_purchases.c.state == "under_review") & (_purchases.c.id < besides)
        bought = _of_student(select(_purchases), student_id, besides).where(
            _purchases.c.state.in_(BOUGHT) | waiting,
            _lines.c.item_kind == item_kind,
            _lines.c.is_accessory.is_(is_accessory),
        )
        return self.first(bought.order_by(_purchases.c.submitted_on.desc(), _purchases.c.id.desc()))

    def transport_before(self, student_id: str, provider_id: str, besides: str) -> Purchase | None:
        """The first transport invoice of this provider that went through for the student."""
        bought = _transport(student_id, provider_id, besides)
        return self.first(bought.order_by(_purchases.c.submitted_on, _purchases.c.id))

    def transport_contract(
        self, student_id: str, provider_id: str, besides: str
    ) -> Purchase | None:
        """An earlier transport invoice of this provider that carries a contract."""
        papers = tables.attachments
        with_contract = _transport(student_id, provider_id, besides).join(
            papers, (papers.c.purchase_id == _purchases.c.id) & (papers.c.kind == "contract")
        )
        return self.first(with_contract.order_by(_purchases.c.submitted_on, _purchases.c.id))

    def spent(self, account_id: str, fiscal_year: int) -> tuple[int, int]:
        """Cents approved or paid in the year, and the part paid that counts for the minimum."""
        paid = _purchases.c.state == "paid"
        going_on = (_purchases.c.state == "approved") & _not_declined()
        query = (
            select(
                func.coalesce(func.sum(_lines.c.amount_cents), 0),
                func.coalesce(func.sum(_lines.c.counts_toward_minimum_cents).filter(paid), 0),
            )
            .select_from(_lines.join(_purchases, _purchases.c.id == _lines.c.purchase_id))
            .outerjoin(_payments, _payments.c.id == _purchases.c.id)
            .where(
                _purchases.c.account_id == account_id,
                _purchases.c.fiscal_year == fiscal_year,
                paid | going_on,
            )
        )
        total, counted = self.connection.execute(query).one()
        return int(total), int(counted)


def _not_declined() -> ColumnElement[bool]:
    return _payments.c.state.is_(None) | (_payments.c.state != "declined")


def _bought(query: Select[Any], student_id: str, besides: str) -> Select[Any]:
    return _of_student(query, student_id, besides).where(_purchases.c.state.in_(BOUGHT))


def _of_student(query: Select[Any], student_id: str, besides: str) -> Select[Any]:
    """The student's purchases with their lines, but for those whose payment was declined."""
    return (
        query.join(_lines, _lines.c.purchase_id == _purchases.c.id)
        .outerjoin(_payments, _payments.c.id == _purchases.c.id)
        .where(
            _purchases.c.student_id == student_id,
            _purchases.c.id != besides,
            _not_declined(),
        )
    )


def _transport(student_id: str, provider_id: str, besides: str) -> Select[Any]:
    return _bought(select(_purchases), student_id, besides).where(
        _lines.c.category == "transportation", _purchases.c.provider_id == provider_id
    )


class Lines(Rows[Line]):
    table, record = _lines, Line

    def of(self, purchase_id: str) -> list[Line]:
        """The lines in order."""
        mine = select(self.table).where(self.table.c.purchase_id == purchase_id)
        return self.all(mine.order_by(self.table.c.number))


class Attachments(Rows[Attachment]):
    table, record = tables.attachments, Attachment

    def of(self, purchase_id: str) -> list[dict[str, Any]]:
        """The papers in the order added, without their content."""
        columns = [column for column in self.table.c if column.name != "content"]
        query = select(*columns).where(self.table.c.purchase_id == purchase_id)
        rows = self.connection.execute(query.order_by(self.table.c.id))
        return [dict(row._mapping) for row in rows]

    def equal_ones(self, marks: Iterable[str], purchase: Purchase) -> list[tuple[str, str, str]]:
        """Other purchases from the same payee with a paper of one of these contents, oldest first:
        (mark, purchase id, student id), at most EQUAL_LIMIT of them."""
        papers = self.table
        query = (
            select(papers.c.content_mark, _purchases.c.id, _purchases.c.student_id)
            .join(_purchases, _purchases.c.id == papers.c.purchase_id)
            .where(
                papers.c.content_mark.in_(sorted(set(marks))),
                _purchases.c.id != purchase.id,
                _purchases.c.provider_id.is_not_distinct_from(purchase.provider_id),
                _purchases.c.vendor_id.is_not_distinct_from(purchase.vendor_id),
            )
            .distinct()
        )
        rows = self.connection.execute(query.order_by(_purchases.c.id).limit(EQUAL_LIMIT))
        return [(mark, purchase_id, student_id) for mark, purchase_id, student_id in rows]

    def forget_contents(self, student_id: str) -> None:
        """Takes from the student's papers what tells of two that they are equal."""
        mine = select(_purchases.c.id).where(_purchases.c.student_id == student_id)
        forget = update(self.table).where(self.table.c.purchase_id.in_(mine))
        self.connection.execute(forget.values(content_mark=None))


class Payments(Rows[Payment]):
    table, record = _payments, Payment
