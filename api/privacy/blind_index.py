"""One form of a name for all the ways of writing it, so that a search by index finds it."""

import unicodedata
from typing import Final

NAMES: Final = "students.name"
SUBJECTS: Final = "subject"
PAPERS: Final = "attachments.content"


def normalised(text: str) -> str:
    """Compatible forms are one form, case does not matter, runs of blanks are one blank."""
    # Casefolding can undo a composition, so the text is composed again after it.
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
