"""The HTTP app: routes, console, middleware, error replies. Parts come from wiring."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from api import replies
from api.auth import Access
from api.console import pages
from api.current import follow
from api.middleware import BoundedBody, BoundedStrangers, RequestId
from api.openapi import document, page
from api.plain_questions import PlainQuestions
from api.rate_limit import RateLimiter
from api.routes import (
    asking as asking_routes,
)
from api.routes import (
    compliance,
    decisions,
    explanations,
    operations,
    people,
    policies,
    purchases,
    records,
)
from api.service import asking, releases
from api.service.parts import Parts
from api.store.group_commit import GroupCommit

_ROUTES = (
    asking_routes, decisions, explanations, purchases, people, records, compliance, policies,
    operations,
)  # fmt: skip
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
    access: Access | None = None,
) -> FastAPI:
    """The app over these parts. `session_key` signs the console's cookies.

    access: None = API keys alone, and no limit on how much anybody asks.
    """
    app = FastAPI(
        title="Education-account policy service",
        version="1",
        description=_DESCRIPTION,
        docs_url=None,  # ours needs no script, and nothing from elsewhere
        redoc_url=None,
        # They would lead wherever the Host header says.
        redirect_slashes=False,
        # What says nothing is read as JSON; what says something else, the middleware refuses.
        strict_content_type=False,
        dependencies=[Depends(follow)],
        lifespan=_finish_writes,
    )
    app.state.parts = parts
    app.state.asked = GroupCommit(parts.database, partial(asking.store, parts))
    app.state.access = access or Access(RateLimiter.off())
    app.state.follower = releases.Follower(parts)
    replies.install(app)
    document.install(app)
    page.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    pages.install(app, session_key=session_key, secure_cookies=is_production)
    app.add_middleware(PlainQuestions)
    if allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(allowed_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key"],
        )
    app.add_middleware(BoundedBody)
    app.add_middleware(BoundedStrangers, limiter=app.state.access.limiter)
    app.add_middleware(RequestId, new_id=parts.new_id)
    return app


@asynccontextmanager
async def _finish_writes(app: FastAPI) -> AsyncIterator[None]:
    """At the end, what was accepted is written before the process goes."""
    yield
    app.state.asked.close()
