"""Submit a purchase, bring papers, review it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from api.auth import Requires, parts_of
from api.routes.commands import CommandOf, StrictRoute
from api.routes.requests import ApprovalBody, DocumentsBody, PurchaseBody, ReasonBody, decoded
from api.service import purchases
from api.service.looks import looking
from api.service.parts import Caller

router = APIRouter(prefix="/v1/purchases", tags=["purchases"], route_class=StrictRoute)

Submitter = Annotated[Caller, Depends(Requires("purchases:submit"))]
Reviewer = Annotated[Caller, Depends(Requires("purchases:review"))]
Reader = Annotated[Caller, Depends(Requires("accounts:read"))]
State = Literal["approved", "incomplete", "paid", "rejected", "under_review"]


@router.post("", status_code=201)
def submit(body: PurchaseBody, command: CommandOf, caller: Submitter) -> JSONResponse:
    """Submit a purchase: 201 with `approved`, `incomplete`, `under_review` or `rejected`.

    The service takes its facts from its own records wherever it has them; an approved purchase is
    paid through the wallet provider.
    """
    return command.run(
        caller, 201, lambda tx: purchases.submit(command.parts, tx, caller, body.given())
    )


@router.get("")
def list_purchases(
    request: Request,
    caller: Reader,
    account_id: str | None = None,
    state: State | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Purchases, newest first."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return purchases.list_purchases(
            parts, tx, caller, account_id=account_id, state=state, cursor=cursor, limit=limit
        )


@router.get("/{purchase_id}")
def show(purchase_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    """One purchase with its lines, decisions and payment."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return purchases.get(parts, tx, caller, purchase_id)


@router.post("/{purchase_id}/documents")
def add_documents(
    purchase_id: str, body: DocumentsBody, command: CommandOf, caller: Submitter
) -> JSONResponse:
    """Bring papers to an incomplete purchase; it is decided again."""
    papers = decoded(body.documents)
    return command.run(
        caller,
        200,
        lambda tx: purchases.add_documents(command.parts, tx, caller, purchase_id, papers),
    )


@router.post("/{purchase_id}/decide")
def decide_again(purchase_id: str, command: CommandOf, caller: Submitter) -> JSONResponse:
    """Decide an incomplete purchase again: a record that it lacked may be there now."""
    return command.run(
        caller, 200, lambda tx: purchases.decide_again(command.parts, tx, caller, purchase_id)
    )


@router.get("/{purchase_id}/documents/{document_id}")
def document(purchase_id: str, document_id: str, request: Request, caller: Reader) -> Response:
    """A paper, as a download that no browser runs or shows inline."""
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        paper = purchases.document(parts, tx, caller, purchase_id, document_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{document_id}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(paper["content"], media_type=paper["media_type"], headers=headers)


@router.post("/{purchase_id}/approve")
def approve(
    purchase_id: str, body: ApprovalBody, command: CommandOf, caller: Reviewer
) -> JSONResponse:
    """Approve a purchase under review. It is decided again: a deny cannot be overruled."""
    return command.run(
        caller,
        200,
        lambda tx: purchases.approve(
            command.parts, tx, caller, purchase_id, body.reason, body.said()
        ),
    )


@router.post("/{purchase_id}/reject")
def reject(
    purchase_id: str, body: ReasonBody, command: CommandOf, caller: Reviewer
) -> JSONResponse:
    """Reject a purchase under review, with a reason that the family reads."""
    return command.run(
        caller,
        200,
        lambda tx: purchases.reject(command.parts, tx, caller, purchase_id, body.reason),
    )
