"""The HTTP app: routes, console, middleware, error replies. Parts come from wiring."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import replies
from api.console import pages
from api.middleware import BoundedBody, RequestId
from api.routes import compliance, decisions, operations, purchases, records
from api.service.parts import Parts

_DESCRIPTION = (
    "Decides, explains and applies the rules of an education-account program. "
    "A `deny` is an answer (200), not an error. Money is a decimal string, an absent fact is "
    "unknown, null is known to be absent. Writes take an `Idempotency-Key`."
)


def create_app(
    parts: Parts,
    *,
    session_key: str,
    is_production: bool = False,
    allowed_origins: Sequence[str] = (),
) -> FastAPI:
    """The app over these parts. `session_key` signs the console's cookies."""
    app = FastAPI(
        title="Education-account policy service",
        version="1",
        description=_DESCRIPTION,
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.parts = parts
    replies.install(app)
    for module in (decisions, purchases, records, compliance, operations):
        app.include_router(module.router)
    pages.install(app, session_key=session_key, secure_cookies=is_production)
    if allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        )
    app.add_middleware(BoundedBody)
    app.add_middleware(RequestId, new_id=parts.new_id)
    return app
