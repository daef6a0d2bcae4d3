"""Papers: their type is told by their content, never by their name or by who sends them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from api.errors import Refusal, problem
from api.privacy.boxes import Gone
from api.privacy.envelope import Place
from api.service import people
from api.service.parts import Caller, Parts
from api.service.reading import NAME_LENGTH, Reading
from api.store.records import Attachment, Purchase
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
    parts: Parts, tx: Transaction, caller: Caller, purchase: Purchase, papers: Sequence[Paper]
) -> None:
    """Stores papers, sealed for the purchase's student.

    Refusal INVALID_REQUEST when the purchase has too many already.
    """
    if papers and len(tx.attachments.of(purchase.id)) + len(papers) > PAPERS_A_PURCHASE:
        raise Refusal("INVALID_REQUEST", f"a purchase has at most {PAPERS_A_PURCHASE} papers")
    boxes, subject = tx.boxes, people.of_student(purchase.student_id)
    for paper in papers:
        id = parts.new_id()
        digest = hashlib.sha256(paper.content).hexdigest()
        tx.attachments.add(
            Attachment(
                id=id,
                purchase_id=purchase.id,
                kind=paper.kind,
                name=boxes.seal(subject, _place(id, "name"), paper.name),
                media_type=paper.media_type,
                size=len(paper.content),
                sha256=boxes.seal(subject, _place(id, "sha256"), digest),
                content=boxes.seal_bytes(subject, _place(id, "content"), paper.content),
                added_by=caller.id,
                added_at=parts.clock(),
                content_mark=boxes.vault.paper_mark(paper.content),
            )
        )


def opened(tx: Transaction, caller: Caller, paper: Attachment) -> tuple[str, bytes]:
    """The paper's name and what is in it.

    Refusal FORBIDDEN where the caller's scopes do not cover it, NOT_FOUND where it was erased.
    """
    if not people.may_see(caller, people.ON_PURCHASES):
        help = f"one of {', '.join(sorted(people.ON_PURCHASES))}"
        raise Refusal(
            "FORBIDDEN", "papers are about people", [problem("scope", "is missing", help)]
        )
    try:
        name = tx.boxes.open(_place(paper.id, "name"), paper.name)
        return name, tx.boxes.open_bytes(_place(paper.id, "content"), paper.content)
    except Gone:
        raise Refusal("NOT_FOUND", "this paper was erased") from None


def _place(paper_id: str, column: str) -> Place:
    return Place("attachments", paper_id, column)


def view(tx: Transaction, caller: Caller, paper: Mapping[str, Any]) -> dict[str, Any]:
    """A stored paper as this caller reads it, without its content."""

    def told(column: str) -> str | None:
        place = _place(paper["id"], column)
        return people.shown(tx, caller, place, paper[column], people.ON_PURCHASES)

    return {
        "id": paper["id"],
        "kind": paper["kind"],
        "name": told("name"),
        "media_type": paper["media_type"],
        "size": paper["size"],
        "sha256": told("sha256"),
        "added_by": paper["added_by"],
        "added_at": paper["added_at"].isoformat(),
    }
