"""Moments as the wallet keeps them: UTC, microseconds, text that sorts by time."""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """The stored form of an aware moment. Raises OverflowError at the ends of the calendar."""
    if moment.tzinfo is None:
        raise ValueError("a moment without an offset says nothing")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)
