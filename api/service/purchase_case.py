"""One request as its decisions see it: the account, its lines, who reviews it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from api.store.records import Account, Hold, Line, Purchase


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who reviews, and what they say: facts by full name."""

    caller_id: str
    said: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one request that its lines share.

    main_devices: the kinds of item that the policy calls main devices on the day of the purchase;
    None where it does not say.
    """

    account: Account
    purchase: Purchase
    lines: Sequence[Line]
    holds: list[Hold]
    main_devices: frozenset[str] | None
    reviewer: Reviewer | None = None
