"""What stands behind the question mark of an address: only names that its route knows."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from api.errors import Refusal, problem
from engine.language.problems import did_you_mean


def refuse_unknown(request: Request) -> None:
    """Refusal INVALID_REQUEST for names that the route does not know: a misspelt filter would
    otherwise answer another question than the one that was asked."""
    if not request.scope["query_string"]:
        return
    known = list(_names(request.scope["route"].dependant))
    details = []
    for name in request.query_params:
        if name not in known:
            listed = f"known are {', '.join(known)}" if known else "this address takes none"
            help = did_you_mean(name, known) or listed
            details.append(problem(name[:64], "is no query parameter of this address", help))
    if details:
        names = ", ".join(f"`{one['path']}`" for one in details)
        raise Refusal("INVALID_REQUEST", f"{names}: no such query parameter here", details)


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
