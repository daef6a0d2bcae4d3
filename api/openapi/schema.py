"""The words in which shapes are written: JSON Schema, of which few are needed."""

from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
WHOLE: Final[Schema] = {"type": "integer"}
DAY: Final[Schema] = {"type": "string", "format": "date"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
MONEY: Final[Schema] = {
    "type": "string",
    "pattern": r"^-?\d+\.\d\d$",
    "description": "dollars and cents",
}
ANYTHING: Final[Schema] = {"type": "object", "additionalProperties": True}
VERDICT: Final[Schema] = {"type": "string", "enum": ["deny", "incomplete", "review", "allow"]}


def maybe(schema: Schema) -> Schema:
    """The same, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def listed(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def named(name: str) -> Schema:
    """One of SHAPES, wherever it is used."""
    return {"$ref": f"#/components/schemas/{name}"}


def shape(keys: Schema, optional: Schema | None = None, **other: Any) -> Schema:
    """An object that always has these keys and may have the optional ones, and no more."""
    return {
        "type": "object",
        "required": list(keys),
        "properties": keys | (optional or {}),
        "additionalProperties": False,
        **other,
    }


def page(name: str) -> Schema:
    """A list of these. `next` is the cursor that goes on, null at the end."""
    return shape({"items": listed(named(name)), "next": maybe(TEXT)})


TEXTS: Final = listed(TEXT)
