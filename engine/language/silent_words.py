"""Plain words that YAML 1.1 reads as something else than what is written: `no`, `14:30`, `010`."""

import re
from functools import lru_cache
from typing import Final

_BOOLEAN_WORD = re.compile(r"(?i:yes|no|on|off|y|n)|True|TRUE|False|FALSE")
_READ_AS_TRUE = {"yes", "on", "y", "true"}
_SEXAGESIMAL = re.compile(r"[-+]?[1-9]\d*(:[0-5]?\d)+(\.\d*)?")
_FLOAT = re.compile(r"[-+]?(\.\d+|\d[\d_]*\.[\d_]*)([eE][-+]?\d+)?|[-+]?\d+[eE][-+]?\d+")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?i:inf|nan)")
_NULL_WORD = re.compile(r"~|null|Null|NULL")
_OTHER_BASE = re.compile(r"[-+]?(0[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+)")
_UNDERSCORED = re.compile(r"[-+]?\d+(_\d+)+")

SUSPECT: Final = frozenset("-+.~0123456789yYnNoOtTfF")
"""How a word begins that YAML may read as something else, or with a digit of another script."""
SHOWN: Final = 40


def silent_reading(text: str) -> tuple[str, str, str] | None:
    """Code, message and advice for a plain word that YAML 1.1 reads as something else."""
    shown = text[:SHOWN]
    if _BOOLEAN_WORD.fullmatch(text):
        word = "true" if text.lower() in _READ_AS_TRUE else "false"
        return (
            "yaml.boolean_word",
            f"`{shown}` is read as {word} by YAML",
            f"write `{word}`, or quote it",
        )
    if _NULL_WORD.fullmatch(text):
        return (
            "yaml.null_word",
            f"`{shown}` is read as nothing by YAML",
            "write `none`, or quote it",
        )
    if _SEXAGESIMAL.fullmatch(text) and len(text) <= SHOWN:
        number = 0
        for part in text.lstrip("+-").split(".")[0].split(":"):
            number = number * 60 + int(part)
        return "yaml.sexagesimal", f"`{shown}` is read as {number} by YAML", "quote it"
    if (_OTHER_BASE.fullmatch(text) or _UNDERSCORED.fullmatch(text)) and len(text) <= SHOWN:
        number = int(text.replace("_", ""), 0 if "x" in text or "b" in text else _base(text))
        return (
            "yaml.other_number",
            f"`{shown}` is read as {number} by YAML",
            "write it in plain digits, or quote it",
        )
    if _FLOAT.fullmatch(text) or _NOT_A_NUMBER.fullmatch(text):
        return (
            "yaml.float",
            f"`{shown}` is a fraction",
            "write a share as `50 %`, money as `$0.50`, a count without a fraction",
        )
    return None


known_reading: Final = lru_cache(maxsize=4_096)(silent_reading)
"""The same for short words, of which case files repeat the same few."""


def _base(text: str) -> int:
    """A leading zero makes YAML count in eights."""
    return 8 if text.lstrip("+-").startswith("0") else 10
