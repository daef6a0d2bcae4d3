"""/openapi.json: what FastAPI knows of the routes, and what it cannot know: which scope each asks
for, the shapes of replies and errors, and examples that work on the demo's database."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.auth import SCOPES, Requires
from api.errors import STATUS, Refusal
from api.openapi.operations import REPLIES
from api.openapi.schema import named
from api.openapi.shapes import SHAPES

EXAMPLES: Final = Path(__file__).with_name("examples.json")
"""Written by tests/support/http_examples.py, which plays them."""
RELEASE: Final = "RELEASE-IN-FORCE"
"""What stands for its hash there."""
_JSON: Final = "application/json"
_SAYS: Final[Mapping[int, str]] = {
    400: "What is asked for may not be done, or not on that day",
    401: "No key or token, or one that is not good",
    403: "The caller may not do this",
    404: "Not here, or somebody else's",
    409: "It does not fit the state that things are in, or the key stood on another request",
    413: "The body is too large",
    422: "The request does not fit; every problem is named",
    429: "Too many requests: wait as `Retry-After` says",
    500: "A failure of ours: quote the request's id",
    503: "Not now: send it again after `Retry-After`",
}
_CODES: Final[Mapping[int, str]] = {
    400: "POLICY_NO_VALUE", 401: "UNAUTHENTICATED", 403: "FORBIDDEN", 404: "NOT_FOUND",
    409: "STATE_CONFLICT", 413: "PAYLOAD_TOO_LARGE", 422: "INVALID_REQUEST",
    429: "TOO_MANY_REQUESTS", 500: "INTERNAL", 503: "OVERLOADED",
}  # fmt: skip


def install(app: FastAPI) -> None:
    """Lets the app say of itself what `document` says of it, worked out when first asked for."""

    def openapi() -> dict[str, Any]:
        release = app.state.parts.decider.release.hash
        if app.openapi_schema is None or app.openapi_schema["x-release"] != release:
            app.openapi_schema = document(app, release)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def document(app: FastAPI, release: str) -> dict[str, Any]:
    """The whole document; examples name the release given, the one in force."""
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8").replace(RELEASE, release))
    scopes = {name: scope for route in every_route(app) for name, scope in _scope_of(route)}
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path.replace(':path', '')}"
            _complete(name, operation, scopes.get(name), examples.get(name, {}))
    components = found["components"]
    unused = ("HTTPValidationError", "ValidationError")  # FastAPI's own errors, which we never send
    for each in unused:
        components["schemas"].pop(each, None)
    components["schemas"] |= SHAPES
    components["responses"] = {str(status): _error(status) for status in _SAYS}
    return found | {"x-scopes": dict(SCOPES), "x-release": release}


def every_route(app: FastAPI) -> Iterable[APIRoute]:
    """The routes of the API, those of included routers too."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        for one in inner.routes if inner is not None else [route]:
            if isinstance(one, APIRoute) and one.include_in_schema:
                yield one


def _scope_of(route: APIRoute) -> Iterable[tuple[str, str]]:
    for method in route.methods or ():
        for scope in _scopes(route.dependant):
            yield f"{method} {route.path.replace(':path', '')}", scope


def _scopes(dependant: Dependant) -> Iterable[str]:
    if isinstance(dependant.call, Requires):
        yield dependant.call.scope
    for inner in dependant.dependencies:
        yield from _scopes(inner)


# --- one operation --------------------------------------------------------------------------------


def _complete(
    name: str, operation: dict[str, Any], scope: str | None, example: Mapping[str, Any]
) -> None:
    """Adds what FastAPI does not know of an operation."""
    if scope is not None:
        said = operation.get("description", operation["summary"]).rstrip()
        operation["description"] = f"{said}\n\nNeeds the scope `{scope}`: {SCOPES[scope]}."
        operation["x-scope"] = scope
        operation["security"] = [{each: [scope]} for one in operation["security"] for each in one]
    _add_reply(name, operation["responses"], example)
    for status in _errors_of(name, operation, scope):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in example.get("parameters", {}):
            parameter["example"] = example["parameters"][parameter["name"]]
        elif parameter["name"] == example.get("takes"):
            parameter["description"] = f"the `id` in the reply to `{example['after']}`"
    if "request" in example:
        content = operation["requestBody"]["content"][_JSON]
        content["examples"] = {"of the demo": {"value": example["request"]}}
    about = ("after", "takes", "reviewer", "alone")
    operation.update({f"x-{key}": example[key] for key in about if key in example})


def _add_reply(name: str, responses: dict[str, Any], example: Mapping[str, Any]) -> None:
    status = next(code for code in responses if code.startswith("2"))
    reply = responses[status]
    if name in REPLIES:
        reply.setdefault("content", {}).setdefault(_JSON, {})["schema"] = REPLIES[name]
    elif "type" in example:  # a file
        reply["content"] = {example["type"]: {"schema": {"type": "string"}}}
    if "reply" in example:
        reply["content"][_JSON]["examples"] = {"of the demo": {"value": example["reply"]}}


def _errors_of(name: str, operation: Mapping[str, Any], scope: str | None) -> Iterable[int]:
    """The statuses of the errors that an operation may reply."""
    if scope is not None:
        yield from (401, 403, 422)
    if "{" in name or "requestBody" in operation or name == "GET /v1/compliance":
        yield 404
    if "requestBody" in operation:
        yield from (400, 409, 413)
    elif name.endswith(("/proof", "/remedies", "/replay")):
        yield 409
    yield from (429, 500, 503)


def _error(status: int) -> dict[str, Any]:
    code = _CODES[status]
    codes = ", ".join(f"`{each}`" for each, of in STATUS.items() if of == status)
    example = Refusal(code, _SAYS[status].lower()).reply()
    content = {"schema": named("Error"), "examples": {code: {"value": example}}}
    return {"description": f"{_SAYS[status]}. Codes: {codes}", "content": {_JSON: content}}
