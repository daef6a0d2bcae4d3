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
    app.add_api_route("/docs", show, include_in_schema=False, response_class=HTMLResponse)


def show(request: Request) -> HTMLResponse:
    """The page of the whole document."""
    document = request.app.openapi()
    context = {"document": document, "operations": list(_operations(document)), "pretty": _pretty}
    page = _templates.TemplateResponse(request, "docs.html", context)
    page.headers["Content-Security-Policy"] = _POLICY
    return page


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
