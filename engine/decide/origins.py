"""Where a fact came from, in words. Origins are given by whoever stores decisions; the engine reads
of them that they are nested names and values, and nothing else."""

from collections.abc import Mapping


def origin_text(origin: object) -> str:
    """Where a fact came from: `record: agreement 01K...`; "" where nobody said."""
    if not isinstance(origin, Mapping):
        return _words(origin)
    rest = {key: value for key, value in origin.items() if key != "from"}
    return ": ".join(part for part in (_words(origin.get("from")), _words(rest)) if part)


def records_named(origin: object) -> list[str]:
    """A line for each record that an origin tells more of than its id: `hold 01K..., kind ...`."""
    if not isinstance(origin, Mapping):
        return []
    lists = [value for value in origin.values() if isinstance(value, list | tuple)]
    return [_words(one) for value in lists for one in value if isinstance(one, Mapping)]


def _words(value: object) -> str:
    """A stored origin has no more than a few levels: what is empty is left out."""
    if isinstance(value, Mapping):
        said = [(key.replace("_", " "), _words(inner)) for key, inner in value.items()]
        return ", ".join(f"{key} {text}" for key, text in said if text)
    if isinstance(value, list | tuple):
        return "; ".join(text for text in map(_words, value) if text)
    return "" if value is None else str(value)
