"""Students, accounts, vendors, providers, catalog: enough of each for purchases."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse

from api.auth import Requires, parts_of
from api.routes.commands import CommandOf, StrictRoute
from api.routes.requests import (
    AccountBody,
    AgreementBody,
    CatalogItemBody,
    ProviderBody,
    ProviderFactsBody,
    SchoolBody,
    StatusBody,
    StudentBody,
    VendorBody,
    VendorFactsBody,
)
from api.service import accounts, catalog, providers, students, vendors
from api.service.looks import looking
from api.service.parts import Caller

router = APIRouter(prefix="/v1", route_class=StrictRoute)

Reader = Annotated[Caller, Depends(Requires("accounts:read"))]
Writer = Annotated[Caller, Depends(Requires("accounts:write"))]
Manager = Annotated[Caller, Depends(Requires("providers:manage"))]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.post("/students", status_code=201, tags=["students"])
def create_student(body: StudentBody, command: CommandOf, caller: Writer) -> JSONResponse:
    return command.run(
        caller, 201, lambda tx: students.create(command.parts, tx, caller, body.given())
    )


@router.get("/students/{student_id}", tags=["students"])
def show_student(student_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return students.show(parts, tx, caller, student_id)


@router.post("/students/{student_id}/agreements", status_code=201, tags=["students"])
def record_agreement(
    student_id: str, body: AgreementBody, command: CommandOf, caller: Writer
) -> JSONResponse:
    """Record a year's agreement, or what has changed on it."""
    return command.run(
        caller,
        201,
        lambda tx: students.record_agreement(command.parts, tx, caller, student_id, body.given()),
    )


@router.post("/students/{student_id}/school", status_code=201, tags=["students"])
def record_school(
    student_id: str, body: SchoolBody, command: CommandOf, caller: Writer
) -> JSONResponse:
    """Record the school of a fiscal year."""
    return command.run(
        caller,
        201,
        lambda tx: students.record_school(command.parts, tx, caller, student_id, body.given()),
    )


@router.post("/accounts", status_code=201, tags=["accounts"])
def create_account(body: AccountBody, command: CommandOf, caller: Writer) -> JSONResponse:
    """Open an account with its award; the wallet is provisioned and credited by the worker."""
    return command.run(
        caller, 201, lambda tx: accounts.create(command.parts, tx, caller, body.given())
    )


@router.get("/accounts", tags=["accounts"])
def list_accounts(
    request: Request, caller: Reader, cursor: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    parts = parts_of(request)
    with parts.database.read() as tx:
        return accounts.list_accounts(parts, tx, caller, cursor=cursor, limit=limit)


@router.get("/accounts/{account_id}", tags=["accounts"])
def show_account(account_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    parts = parts_of(request)
    with parts.database.read() as tx:
        return accounts.show(parts, tx, caller, account_id)


@router.get("/accounts/{account_id}/transactions", tags=["accounts"])
def list_transactions(
    account_id: str, request: Request, caller: Reader, cursor: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    """Postings to the account, newest first."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return accounts.list_transactions(parts, tx, caller, account_id, cursor=cursor, limit=limit)


@router.get("/accounts/{account_id}/holds", tags=["accounts"])
def list_holds(account_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    """Holds with the conclusions and facts they rest on."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return accounts.list_holds(parts, tx, caller, account_id)


@router.get("/accounts/{account_id}/events", tags=["accounts"])
def list_events(account_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    parts = parts_of(request)
    with looking(parts, caller) as tx:
        return accounts.list_events(parts, tx, caller, account_id)


@router.post("/accounts/{account_id}/status", tags=["accounts"])
def change_account_status(
    account_id: str, body: StatusBody, command: CommandOf, caller: Writer
) -> JSONResponse:
    return command.run(
        caller,
        200,
        lambda tx: accounts.change_status(
            command.parts, tx, caller, account_id, body.status, body.reason
        ),
    )


@router.post("/vendors", status_code=201, tags=["vendors"])
def create_vendor(body: VendorBody, command: CommandOf, caller: Manager) -> JSONResponse:
    return command.run(
        caller, 201, lambda tx: vendors.create(command.parts, tx, caller, body.given())
    )


@router.get("/vendors", tags=["vendors"])
def list_vendors(
    request: Request, caller: Reader, cursor: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    parts = parts_of(request)
    with parts.database.read() as tx:
        return vendors.list_vendors(parts, tx, caller, cursor=cursor, limit=limit)


@router.get("/vendors/{vendor_id}", tags=["vendors"])
def show_vendor(vendor_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    parts = parts_of(request)
    with parts.database.read() as tx:
        return vendors.show(parts, tx, caller, vendor_id)


@router.post("/vendors/{vendor_id}/status", tags=["vendors"])
def change_vendor_status(
    vendor_id: str, body: StatusBody, command: CommandOf, caller: Manager
) -> JSONResponse:
    return command.run(
        caller,
        200,
        lambda tx: vendors.change_status(
            command.parts, tx, caller, vendor_id, body.status, body.reason
        ),
    )


@router.post("/vendors/{vendor_id}/facts", tags=["vendors"])
def record_vendor_facts(
    vendor_id: str, body: VendorFactsBody, command: CommandOf, caller: Manager
) -> JSONResponse:
    """Record what has become known: a paper that came, a date that was renewed."""
    return command.run(
        caller,
        200,
        lambda tx: vendors.record_facts(command.parts, tx, caller, vendor_id, body.given()),
    )


@router.post("/catalog-items", status_code=201, tags=["vendors"])
def create_catalog_item(body: CatalogItemBody, command: CommandOf, caller: Manager) -> JSONResponse:
    """Add a marketplace item: the catalog, not the buyer, says what it is."""
    return command.run(
        caller, 201, lambda tx: catalog.create(command.parts, tx, caller, body.given())
    )


@router.get("/vendors/{vendor_id}/catalog-items", tags=["vendors"])
def list_catalog_items(
    vendor_id: str, request: Request, caller: Reader, cursor: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    """A vendor's items, newest first."""
    parts = parts_of(request)
    with parts.database.read() as tx:
        return catalog.list_items(parts, tx, caller, vendor_id, cursor=cursor, limit=limit)


@router.post("/providers", status_code=201, tags=["providers"])
def create_provider(body: ProviderBody, command: CommandOf, caller: Manager) -> JSONResponse:
    return command.run(
        caller, 201, lambda tx: providers.create(command.parts, tx, caller, body.given())
    )


@router.get("/providers", tags=["providers"])
def list_providers(
    request: Request, caller: Reader, cursor: str | None = None, limit: Limit = 50
) -> dict[str, Any]:
    parts = parts_of(request)
    with parts.database.read() as tx:
        return providers.list_providers(parts, tx, caller, cursor=cursor, limit=limit)


@router.get("/providers/{provider_id}", tags=["providers"])
def show_provider(provider_id: str, request: Request, caller: Reader) -> dict[str, Any]:
    parts = parts_of(request)
    with parts.database.read() as tx:
        return providers.show(parts, tx, caller, provider_id)


@router.post("/providers/{provider_id}/status", tags=["providers"])
def change_provider_status(
    provider_id: str, body: StatusBody, command: CommandOf, caller: Manager
) -> JSONResponse:
    return command.run(
        caller,
        200,
        lambda tx: providers.change_status(
            command.parts, tx, caller, provider_id, body.status, body.reason
        ),
    )


@router.post("/providers/{provider_id}/facts", tags=["providers"])
def record_provider_facts(
    provider_id: str, body: ProviderFactsBody, command: CommandOf, caller: Manager
) -> JSONResponse:
    """Record what has become known: a paper that came, a date that was renewed."""
    return command.run(
        caller,
        200,
        lambda tx: providers.record_facts(command.parts, tx, caller, provider_id, body.given()),
    )
