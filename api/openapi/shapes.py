"""The shapes of replies, as JSON Schema of what use cases give. They are held by tests, not by
writing each reply twice: a reply leaves as the use case made it."""

from typing import Final

from api.errors import STATUS
from api.openapi.schema import (
    ANYTHING,
    DAY,
    FLAG,
    MOMENT,
    MONEY,
    TEXT,
    TEXTS,
    VERDICT,
    WHOLE,
    Schema,
    listed,
    maybe,
    named,
    shape,
)

_FACTS: Final = {
    "type": "object",
    "description": "facts by group and name",
    "additionalProperties": {"type": "object"},
}
_FINDING: Final = shape(
    {"reason": TEXT, "verdict": VERDICT, "rule": TEXT, "case": maybe(TEXT), "standing": TEXT}
)
_DECISION: Final[Schema] = {
    "id": TEXT,
    "decision": TEXT,
    "verdict": VERDICT,
    "reasons": TEXTS,
    "findings": listed(named("Finding")),
    "answers": ANYTHING,
    "missing": TEXTS,
    "release": TEXT,
    "semantics_version": TEXT,
    "as_of": maybe(DAY),
    "mode": {"type": "string", "enum": ["pure", "applied"]},
    "asked_by": TEXT,
    "asked_at": MOMENT,
    "account_id": maybe(TEXT),
    "purchase_id": maybe(TEXT),
    "line": maybe(WHOLE),
    "group_id": TEXT,
}
_TOLD_IN_LISTS: Final = {
    name: schema if name in ("id", "asked_at", "reasons", "findings", "answers", "missing")
    else maybe(schema)
    for name, schema in _DECISION.items()
}  # fmt: skip
_PURCHASE: Final[Schema] = {
    "id": TEXT,
    "account_id": TEXT,
    "student_id": TEXT,
    "channel": TEXT,
    "vendor_id": maybe(TEXT),
    "provider_id": maybe(TEXT),
    "order_number": maybe(TEXT),
    "state": TEXT,
    "verdict": VERDICT,
    "amount": MONEY,
    "submitted_on": DAY,
    "submitted_at": MOMENT,
    "submitted_by": TEXT,
}
_ACCOUNT: Final[Schema] = {
    "id": TEXT,
    "student_id": TEXT,
    "program": TEXT,
    "award_level": TEXT,
    "part_time": FLAG,
    "fiscal_year": WHOLE,
    "initial_award": MONEY,
    "status": TEXT,
    "award_id": TEXT,
    "external_wallet_id": maybe(TEXT),
    "created_at": MOMENT,
}
_STUDENT: Final[Schema] = {
    "id": TEXT,
    "name": maybe(TEXT),
    "born_on": maybe(TEXT),
    "created_at": MOMENT,
}
_STUDENT_FACTS: Final = {"grade": maybe(WHOLE), "in_public_school_full_time": maybe(FLAG)}
_AGREEMENT: Final = {
    "signed_on": maybe(DAY),
    "signed_by": maybe(TEXT),
    "acknowledgments_complete": maybe(FLAG),
    "lea_release_required": maybe(FLAG),
    "lea_release_signed": maybe(FLAG),
    "w9_submitted": maybe(FLAG),
}
_REMEDIES: Final[Schema] = {
    "decision": TEXT,
    "verdict": VERDICT,
    "state": TEXT,
    "exhausted": FLAG,
    "asks": listed(ANYTHING),
    "remedies": listed(ANYTHING),
    "towards_review": listed(ANYTHING),
    "blocked": listed(ANYTHING),
    "texts": shape({"en": TEXT, "es": TEXT}),
}
_TREE: Final = {
    "type": "object",
    "required": ["id", "decision", "verdict", "as_of", "release", "findings", "answers"],
    "additionalProperties": True,
}
_DIFFERENCE: Final = shape(
    {
        "id": TEXT,
        "same": maybe(FLAG),
    },
    {
        "erased": TEXTS,
        "digest": TEXT,
        "release": TEXT,
        "semantics_version": TEXT,
        "differences": ANYTHING,
        "error": maybe(TEXT),
        "recorded": ANYTHING,
        "today": ANYTHING,
        "rules": listed(ANYTHING),
    },
    description="`recorded`, `today` and `rules` with `today=true`; the others without it",
)

SHAPES: Final[dict[str, Schema]] = {
    "Finding": _FINDING,
    "Decision": shape(_DECISION, {"trace": named("Trace")}),
    "ListedDecision": shape(
        _TOLD_IN_LISTS | {"altered": FLAG},
        description="`altered`: the record is not the one that was stored, and nothing is told",
    ),
    "Record": shape(
        _DECISION | {"facts": _FACTS, "erased": TEXTS, "origins": ANYTHING, "hash": TEXT}
    ),
    "Batch": shape(
        {
            "items": listed(
                {
                    "anyOf": [
                        named("Error"),
                        shape({"status_code": WHOLE} | _DECISION),
                    ]
                }
            ),
            "answered": WHOLE,
            "refused": WHOLE,
        }
    ),
    "Trace": _TREE,
    "Remedies": shape(_REMEDIES, {"id": TEXT}),
    "Replay": _DIFFERENCE,
    "Explanation": {"type": "object", "required": ["id", "remedies"], "additionalProperties": True},
    "Proof": shape(
        {
            "schema": WHOLE,
            "decision_id": TEXT,
            "sequence": WHOLE,
            "record": maybe(TEXT),
            "leaf": TEXT,
            "index": WHOLE,
            "tree_size": WHOLE,
            "path": TEXTS,
            "seal": ANYTHING,
            "seal_hash": TEXT,
            "key": maybe(ANYTHING),
            "withheld": maybe(TEXT),
        }
    ),
    "ListedPurchase": shape(_PURCHASE),
    "Purchase": shape(
        _PURCHASE
        | {
            "reasons": TEXTS,
            "missing": TEXTS,
            "findings": listed(
                {
                    "allOf": [
                        {"type": "object", "properties": {"line": maybe(WHOLE), "decision": TEXT}},
                        {"required": [*_FINDING["required"], "line", "decision"]},
                    ]
                }
            ),
            "decisions": TEXTS,
            "group_id": TEXT,
            "lines": listed(named("Line")),
            "documents": listed(named("Paper")),
            "device_order_id": maybe(TEXT),
            "review": maybe(
                shape({"by": TEXT, "at": maybe(MOMENT), "reason": maybe(TEXT), "said": ANYTHING})
            ),
            "hold_id": maybe(TEXT),
            "payment": maybe(named("Payment")),
        }
    ),
    "Line": shape(
        {
            "number": WHOLE,
            "amount": MONEY,
            "category": TEXT,
            "sku": maybe(TEXT),
            "description": maybe(TEXT),
            "subject": maybe(TEXT),
            "item_grade": maybe(WHOLE),
            "item_kind": maybe(TEXT),
            "is_accessory": maybe(FLAG),
            "claimed": FLAG,
            "category_claimed": FLAG,
            "decision": maybe(TEXT),
        }
    ),
    "Paper": shape(
        {
            "id": TEXT,
            "kind": TEXT,
            "name": maybe(TEXT),
            "media_type": TEXT,
            "size": WHOLE,
            "sha256": maybe(TEXT),
            "added_by": TEXT,
            "added_at": MOMENT,
        },
        {"same_paper_on": TEXTS},
        description="`same_paper_on`: other purchases with the same paper; for reviewers alone",
    ),
    "Payment": shape(
        {"state": TEXT, "amount": MONEY, "external_id": maybe(TEXT), "changed_at": MOMENT},
        {"code": maybe(TEXT), "reason": TEXT, "help": TEXT},
    ),
    "Student": shape(
        _STUDENT,
        _STUDENT_FACTS | {"agreement": maybe(shape({"year": WHOLE}, _AGREEMENT))},
    ),
    "Erased": shape({"student_id": TEXT, "keys": WHOLE, "ground": TEXT}),
    "Agreement": shape({"student_id": TEXT, "year": WHOLE}, _AGREEMENT),
    "SchoolChoice": shape(
        {"student_id": TEXT, "school_id": TEXT, "fiscal_year": WHOLE},
        {
            "type": maybe(TEXT),
            "full_time": maybe(FLAG),
            "special_services_waived": maybe(FLAG),
            "term_cost": maybe(MONEY),
            "receipts_approved": maybe(MONEY),
            "tuition_settled": FLAG,
        },
    ),
    "ListedAccount": shape(_ACCOUNT),
    "Account": shape(
        _ACCOUNT
        | {
            "balance": MONEY,
            "held": MONEY,
            "available": MONEY,
            "hold_in_force": FLAG,
            "total_spent": MONEY,
            "academic_spent": MONEY,
        }
    ),
    "Posting": shape(
        {
            "id": TEXT,
            "kind": TEXT,
            "amount": MONEY,
            "balance_after": MONEY,
            "note": TEXT,
            "business_key": TEXT,
            "decisions": TEXTS,
            "posted_by": TEXT,
            "posted_at": MOMENT,
        }
    ),
    "Hold": shape(
        {
            "id": TEXT,
            "account_id": TEXT,
            "kind": TEXT,
            "amount": {"anyOf": [MONEY, {"const": "all"}]},
            "reason": TEXT,
            "conclusion": maybe(TEXT),
            "rests_on": ANYTHING,
            "purchase_id": maybe(TEXT),
            "placed_at": MOMENT,
            "expires_at": maybe(MOMENT),
            "external_id": maybe(TEXT),
            "state": TEXT,
            "released_at": maybe(MOMENT),
        }
    ),
    "Event": shape(
        {
            "id": TEXT,
            "sequence": WHOLE,
            "type": TEXT,
            "subject": TEXT,
            "time": MOMENT,
            "actor": TEXT,
            "decisions": TEXTS,
            "data": ANYTHING,
            "previous_hash": TEXT,
            "hash": TEXT,
        }
    ),
    "Vendor": shape(
        {"id": TEXT, "name": TEXT, "status": TEXT, "external_id": maybe(TEXT),
         "created_at": MOMENT},
        {"is_marketplace": FLAG, "compliance_status": maybe(TEXT), "w9_on_file": maybe(FLAG),
         "agreement_signed": maybe(FLAG)},
    ),
    "CatalogItem": shape(
        {"id": TEXT, "vendor_id": TEXT, "sku": TEXT, "title": TEXT},
        {"item_kind": maybe(TEXT), "category": maybe(TEXT), "is_accessory": FLAG,
         "flagged_prohibited": FLAG},
    ),
    "Provider": shape(
        {"id": TEXT, "name": TEXT, "status": TEXT, "services": listed(ANYTHING),
         "external_id": maybe(TEXT), "created_at": MOMENT},
        {"enrollment_status": maybe(TEXT), "service_types": TEXTS, "licensed": maybe(FLAG),
         "credentials_expire_on": maybe(DAY), "background_checked_on": maybe(DAY),
         "insurance_expires_on": maybe(DAY), "in_directory": maybe(FLAG)},
    ),
    "ComplianceFinding": shape(
        {
            "id": TEXT,
            "account_id": TEXT,
            "type": maybe(TEXT),
            "action": TEXT,
            "state": TEXT,
            "note": maybe(TEXT),
            "recorded_by": TEXT,
            "recorded_at": MOMENT,
            "resolved_by": maybe(TEXT),
            "resolved_at": maybe(MOMENT),
            "resolution": maybe(TEXT),
        },
        {"holds": listed(named("Hold"))},
    ),
    "Release": {
        "type": "object",
        "required": ["decisions", "files", "in_force", "parameters"],
        "additionalProperties": True,
    },
    "Publications": shape(
        {
            "in_force": TEXT,
            "items": listed(
                shape({"release": TEXT, "published_at": MOMENT, "published_by": TEXT, "note": TEXT})
            ),
        },
    ),
    "Outbound": shape(
        {
            "provider": TEXT,
            "halted": FLAG,
            "since": maybe(MOMENT),
            "reason": maybe(TEXT),
            "failures": WHOLE,
            "waiting": WHOLE,
            "oldest_waiting": maybe(MOMENT),
            "manual_review": WHOLE,
        }
    ),
    "Health": shape({"status": TEXT}),
    "Readiness": shape({"status": TEXT, "migration": maybe(TEXT), "release": TEXT}),
    "Error": shape(
        {
            "status_code": WHOLE,
            "error_code": {"type": "string", "enum": sorted(STATUS)},
            "message": {"type": "string", "description": "one sentence for people"},
            "details": {
                "type": "array",
                "minItems": 1,
                "description": "every problem at once",
                "items": {
                    "type": "object",
                    "required": ["path", "message", "help"],
                    "properties": {"path": TEXT, "message": TEXT, "help": TEXT},
                    "additionalProperties": True,
                },
            },
        }
    ),
}  # fmt: skip
