"""Shapes of what callers send: money as decimal strings, absent = unknown, null = none."""

import base64
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.routes.fields import Birth, Day, Flag, Grade, Money, Name, Note, Paper, Word, Year


class Body(BaseModel):
    """A request: unknown keys are refused, text is never read as a number."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    def given(self) -> dict[str, Any]:
        """What the caller sent, without what was left out."""
        return self.model_dump(exclude_unset=True, mode="python")


class StudentBody(Body):
    name: Name
    born_on: Birth | None = None
    grade: Grade | None = None
    in_public_school_full_time: Flag | None = None


class AgreementBody(Body):
    year: Year
    signed_on: Day | None = None
    signed_by: Literal["parent", "delegate"] | None = None
    acknowledgments_complete: Flag | None = None
    lea_release_signed: Flag | None = None
    w9_submitted: Flag | None = None


class SchoolBody(Body):
    name: Name
    type: Literal["direct_payment", "reimbursement", "home_school", "co_enrollment"]
    fiscal_year: Year
    full_time: Flag | None = None
    registered: Flag | None = None
    direct_payment_eligible: Flag | None = None
    special_services_waived: Flag | None = None
    term_cost: Money | None = None
    receipts_approved: Money | None = None
    tuition_settled: Flag | None = None


class AccountBody(Body):
    student_id: Word
    program: Literal["esa_plus", "opportunity_scholarship"]
    award_level: Literal["base", "higher"]
    part_time: Flag = False
    fiscal_year: Year
    initial_award: Money


class StatusBody(Body):
    status: Word
    reason: Note


class VendorBody(Body):
    name: Name
    is_marketplace: Flag = False
    compliance_status: Literal["good_standing", "suspended", "terminated"] | None = None
    w9_on_file: Flag | None = None
    agreement_signed: Flag | None = None
    external_id: Word | None = None


class VendorFactsBody(Body):
    """What has become known of a vendor; what is left out stays as it was."""

    reason: Note
    is_marketplace: Flag = False
    w9_on_file: Flag = False
    agreement_signed: Flag = False


class ServiceBody(Body):
    service: Literal["tutoring", "therapy", "transportation", "other"]
    live_instruction: Flag | None = None
    flagged_prohibited: Flag | None = None


class ProviderBody(Body):
    name: Name
    enrollment_status: Literal["pending", "enrolled", "suspended", "terminated"] | None = None
    services: Annotated[list[ServiceBody], Field(max_length=10)] = []
    credentials_expire_on: Day | None = None
    licensed: Flag | None = None
    background_checked_on: Day | None = None
    insurance_expires_on: Day | None = None
    in_directory: Flag | None = None


class ProviderFactsBody(Body):
    """What has become known of a provider; what is left out stays as it was."""

    reason: Note
    credentials_expire_on: Day | None = None
    licensed: Flag = False
    background_checked_on: Day | None = None
    insurance_expires_on: Day | None = None
    in_directory: Flag = False


class CatalogItemBody(Body):
    vendor_id: Word
    sku: Word
    title: Name
    category: Word | None = None
    item_kind: Word | None = None
    is_accessory: Flag
    flagged_prohibited: Flag


class DocumentBody(Body):
    kind: Word
    name: Name
    content: Paper


class LineBody(Body):
    amount: Money
    category: Word
    subject: Word | None = None
    item_grade: Grade | None = None
    sku: Word | None = None
    item_kind: Word | None = None
    is_accessory: Flag | None = None
    description: Name | None = None


class PurchaseBody(Body):
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
    flagged_prohibited: Flag | None = None
    grade_gap_explained: Flag | None = None
    live_instruction: Flag | None = None

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
