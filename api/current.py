"""The parts that a request works with: those of the release that is in force when it begins."""

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.auth import parts_of
from api.service.parts import Parts


async def follow(request: Request) -> Parts:
    """Looks for a newer publication when that is due, and gives the parts of the newest."""
    state = request.app.state
    if state.follower.is_due():
        await run_in_threadpool(state.follower.look)
    state.parts = state.follower.parts
    return parts_of(request)
