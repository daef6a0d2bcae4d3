"""Papers: their type is told by their content, never by their name or by who sends them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.errors import Refusal
from api.service.parts import Caller, Parts
from api.service.reading import NAME_LENGTH, Reading
from api.store.records import Attachment
from api.store.transaction import Transaction

PAPER_BYTES: Final = 5 * 1024 * 1024
PAPERS_A_REQUEST: Final = 20
PAPERS_A_PURCHASE: Final = 60
_SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as sent, of a type that was recognised."""

    kind: str
    name: str
    media_type: str
    content: bytes


def read_papers(
    given: object, kinds: Iterable[str], problems: list[dict[str, object]]
) -> list[Paper]:
    """The papers of a request: [{kind, name, content: bytes}]; what is wrong goes to `problems`."""
    if given is None:
        return []
    top = Reading({}, (), "", problems)
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        top.wrong("documents", "is no list", "a list of {kind, name, content}")
        return []
    if len(given) > PAPERS_A_REQUEST:
        top.wrong("documents", f"has {len(given)} papers", f"at most {PAPERS_A_REQUEST}")
        return []
    known = list(kinds)
    read = [_read_paper(one, known, place, problems) for place, one in enumerate(given)]
    return [paper for paper in read if paper is not None]


def _read_paper(
    given: object, kinds: list[str], place: int, problems: list[dict[str, object]]
) -> Paper | None:
    path = f"documents.{place}."
    entry = given if isinstance(given, Mapping) else {}
    reading = Reading(entry, ("kind", "name", "content"), path, problems)
    kind, name = reading.one_of("kind", kinds), reading.text("name", NAME_LENGTH)
    content = entry.get("content")
    if not isinstance(content, bytes) or not content:
        reading.wrong("content", "is empty", "send the paper itself")
        return None
    if len(content) > PAPER_BYTES:
        limit = f"at most {PAPER_BYTES // 1024 // 1024} MB"
        reading.wrong("content", f"has {len(content):,} bytes", limit)
        return None
    media_type = sniff(content)
    if media_type is None:
        reading.wrong("content", "is of no type that we take", "send a PDF, PNG, JPEG or text")
        return None
    return Paper(kind, name, media_type, content)


def sniff(content: bytes) -> str | None:
    """The media type that the content itself shows; None for anything but PDF, PNG, JPEG, text."""
    for signature, media_type in _SIGNATURES:
        if content.startswith(signature):
            return media_type
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    # Markup would be text to us and a page to a browser.
    plain = all(sign.isprintable() or sign in "\r\n\t" for sign in text)
    return "text/plain" if plain and not text.lstrip().startswith("<") else None


def keep(
    parts: Parts, tx: Transaction, caller: Caller, purchase_id: str, papers: Sequence[Paper]
) -> None:
    """Stores papers; Refusal INVALID_REQUEST when the purchase has too many already."""
    if papers and len(tx.attachments.of(purchase_id)) + len(papers) > PAPERS_A_PURCHASE:
        raise Refusal("INVALID_REQUEST", f"a purchase has at most {PAPERS_A_PURCHASE} papers")
    for paper in papers:
        tx.attachments.add(
            Attachment(
                id=parts.new_id(),
                purchase_id=purchase_id,
                kind=paper.kind,
                name=paper.name,
                media_type=paper.media_type,
                size=len(paper.content),
                sha256=hashlib.sha256(paper.content).hexdigest(),
                content=paper.content,
                added_by=caller.id,
                added_at=parts.clock(),
            )
        )


def view(paper: Mapping[str, Any]) -> dict[str, Any]:
    """A stored paper as callers read it, without its content."""
    return {
        "id": paper["id"],
        "kind": paper["kind"],
        "name": paper["name"],
        "media_type": paper["media_type"],
        "size": paper["size"],
        "sha256": paper["sha256"],
        "added_by": paper["added_by"],
        "added_at": paper["added_at"].isoformat(),
    }
