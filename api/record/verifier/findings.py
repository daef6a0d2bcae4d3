"""What a check finds, each with the place where it was found."""

SHOWN = 50
"""Findings told one by one; of the rest only the number is told."""


class Findings:
    """Collects findings and notes. A finding breaks the export, a note limits what it proves."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def add(self, place: str, message: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.shown.append((place, message))

    def note(self, message: str) -> None:
        self.notes.append(message)
