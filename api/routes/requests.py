"""Shapes of what callers send: money as decimal strings, absent = unknown, null = none."""

import base64
import binascii
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonValue

Money = Annotated[str, Field(pattern=r"^-?\d{1,11}(\.\d{1,2})?$", examples=["125.00"])]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Note = Annotated[str, Field(min_length=3, max_length=1_000)]
Word = Annotated[str, Field(min_length=1, max_length=64)]


class Body(BaseModel):
    """A request: unknown keys are refused, text is never read as a number."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    def given(self) -> dict[str, Any]:
        """What the caller sent, without what was left out."""
        return self.model_dump(exclude_unset=True, mode="python")


class StudentBody(Body):
    name: Name
    born_on: date | None = None
    grade: Annotated[int, Field(ge=0, le=12, strict=True)] | None = None
    in_public_school_full_time: bool | None = None


class AgreementBody(Body):
    year: Annotated[int, Field(ge=2000, le=2100, strict=True)]
    signed_on: date | None = None
    signed_by: Literal["parent", "delegate"] | None = None
    acknowledgments_complete: bool | None = None
    lea_release_signed: bool | None = None
    w9_submitted: bool | None = None


class SchoolBody(Body):
    name: Name
    type: Literal["direct_payment", "reimbursement", "home_school", "co_enrollment"]
    fiscal_year: Annotated[int, Field(ge=2000, le=2100, strict=True)]
    full_time: bool | None = None
    registered: bool | None = None
    direct_payment_eligible: bool | None = None
    special_services_waived: bool | None = None
    term_cost: Money | None = None
    receipts_approved: Money | None = None
    tuition_settled: bool | None = None


class AccountBody(Body):
    student_id: Word
    program: Literal["esa_plus", "opportunity_scholarship"]
    award_level: Literal["base", "higher"]
    part_time: bool = False
    fiscal_year: Annotated[int, Field(ge=2000, le=2100, strict=True)]
    initial_award: Money


class StatusBody(Body):
    status: Word
    reason: Note


class VendorBody(Body):
    name: Name
    is_marketplace: bool = False
    compliance_status: Literal["good_standing", "suspended", "terminated"] | None = None
    w9_on_file: bool | None = None
    agreement_signed: bool | None = None
    external_id: Word | None = None


class ServiceBody(Body):
    service: Literal["tutoring", "therapy", "transportation", "other"]
    live_instruction: bool | None = None
    flagged_prohibited: bool | None = None


class ProviderBody(Body):
    name: Name
    enrollment_status: Literal["pending", "enrolled", "suspended", "terminated"] | None = None
    services: Annotated[list[ServiceBody], Field(max_length=10)] = []
    credentials_expire_on: date | None = None
    licensed: bool | None = None
    background_checked_on: date | None = None
    insurance_expires_on: date | None = None
    in_directory: bool | None = None


class CatalogItemBody(Body):
    vendor_id: Word
    sku: Word
    title: Name
    category: Word | None = None
    item_kind: Word | None = None
    is_accessory: bool
    flagged_prohibited: bool


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is no base64") from None
    return text


class DocumentBody(Body):
    kind: Word
    name: Name
    content: Annotated[str, AfterValidator(_base64), Field(description="the paper, in base64")]


class LineBody(Body):
    amount: Money
    category: Word
    subject: Word | None = None
    item_grade: Annotated[int, Field(ge=0, le=12, strict=True)] | None = None
    sku: Word | None = None
    item_kind: Word | None = None
    is_accessory: bool | None = None
    description: Name | None = None


def _purchase_examples() -> list[JsonValue]:
    return [
        {
            "account_id": "01ACCOUNT",
            "channel": "marketplace",
            "vendor_id": "01VENDOR",
            "device_order_id": "D-2201",
            "lines": [{"amount": "39.00", "category": "technology", "sku": "stylus-2"}],
        }
    ]


class PurchaseBody(Body):
    model_config = ConfigDict(json_schema_extra={"examples": _purchase_examples()})

    account_id: Word
    channel: Literal["marketplace", "off_market", "service_provider"]
    vendor_id: Word | None = None
    provider_id: Word | None = None
    order_number: Word | None = None
    device_order_id: Word | None = None
    lines: Annotated[list[LineBody], Field(min_length=1, max_length=50)]
    documents: Annotated[list[DocumentBody], Field(max_length=20)] = []

    def given(self) -> dict[str, Any]:
        found = super().given()
        found["documents"] = decoded(self.documents)
        return found


class DocumentsBody(Body):
    documents: Annotated[list[DocumentBody], Field(min_length=1, max_length=20)]


class ApprovalBody(Body):
    """A reviewer's reason, and what the reviewer saw where no record says it."""

    reason: Note
    flagged_prohibited: bool | None = None
    grade_gap_explained: bool | None = None
    live_instruction: bool | None = None

    def said(self) -> dict[str, bool]:
        return {
            name: value
            for name, value in self.given().items()
            if name != "reason" and value is not None
        }


class ReasonBody(Body):
    reason: Note


class SuspensionBody(Body):
    account_id: Word
    type: Word
    note: Note


class ResolutionBody(Body):
    note: Note


def decoded(documents: list[DocumentBody]) -> list[dict[str, Any]]:
    """Papers with their content as bytes."""
    return [
        {"kind": paper.kind, "name": paper.name, "content": base64.b64decode(paper.content)}
        for paper in documents
    ]
