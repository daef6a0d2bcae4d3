"""What tables are made of: one metadata that names constraints, and the kinds of columns."""

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, MetaData, String, Text

from api.store.columns import Json, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

IDENTIFIER: Final = String(64)
WORD: Final = String(64)
WHO: Final = String(512)
"""Who did something: a caller's id, or `issuer|sub` of a token."""


def identifier() -> Column[Any]:
    return Column("id", IDENTIFIER, primary_key=True)


def link(name: str, target: str, *, nullable: bool = False, index: bool = True) -> Column[Any]:
    return Column(name, IDENTIFIER, ForeignKey(target), nullable=nullable, index=index)


def word(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, WORD, nullable=nullable)


def cents(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, BigInteger, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Moment, nullable=nullable)


def json(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Json, nullable=nullable)


def flag(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Boolean, nullable=nullable)


def sealed(name: str, *, nullable: bool = False) -> Column[Any]:
    """Text about a person: an envelope of `api.privacy`, opened where it is needed and allowed."""
    return Column(name, Text, nullable=nullable)
