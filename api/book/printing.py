"""The book as one HTML file: the template, with everything from a policy escaped."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.book.contents import gather_book
from api.book.exhibits import NONE, Exhibits
from engine.language.model import Release

_HERE: Final = Path(__file__).parent


def print_book(release: Release, exhibits: Exhibits = NONE, language: str = "en") -> str:
    """The HTML of the whole book; the same release and cases give the same text.

    language: of what families and staff are told, `en` or `es`.
    """
    pages = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return pages.get_template("book.html").render(book=gather_book(release, exhibits, language))
