"""/docs: the same document as a page, made here. No script, nothing from another server."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_templates = Jinja2Templates(directory=Path(__file__).parent)


def install(app: FastAPI) -> None:
    """Serves the page; it looks like the console and uses its style sheet."""
    app.state.docs = None
    app.add_route("/docs", show, include_in_schema=False)


def show(request: Request) -> HTMLResponse:
    """The page of the whole document; written once for each release, since anybody may ask."""
    document, kept = request.app.openapi(), request.app.state.docs
    if kept is None or kept[0] is not document:
        context = {"document": document, "operations": list(_operations(document))}
        text = _templates.get_template("docs.html").render(context | {"pretty": _pretty})
        kept = request.app.state.docs = document, text
    return HTMLResponse(kept[1], headers={"Content-Security-Policy": _POLICY})


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            replies = {
                status: document["components"]["responses"][status] if "$ref" in reply else reply
                for status, reply in operation["responses"].items()
            }
            yield operation | {
                "method": method.upper(),
                "path": path,
                "replies": replies,
                "body": _first_content(operation.get("requestBody", {})),
            }


def _first_content(part: Mapping[str, Any]) -> Any:
    return next(iter(part.get("content", {}).values()), None)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
