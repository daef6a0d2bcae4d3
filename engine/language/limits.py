"""Every bound of the language, in one place (language.md, section 9)."""

from datetime import date
from typing import Final

GROUP_DEPTH: Final = 2
CLAUSES_A_CONDITION: Final = 12
ENTRIES_A_GROUP: Final = 12
CASES_A_RULE: Final = 12
STEPS_A_RULE: Final = 24
ANSWERS_A_RULE: Final = 12
RULES_A_DECISION: Final = 64
RULES_A_SUBJECT: Final = 200
RULES_A_RELEASE: Final = 1_000
FILES_A_RELEASE: Final = 4_000
PARAMETERS: Final = 2_000
DATED_VALUES: Final = 100
LIST_MEMBERS: Final = 500
TABLE_ROWS: Final = 1_000
NAME_LENGTH: Final = 64
TITLE_LENGTH: Final = 120
TEXT_LENGTH: Final = 400
FILE_BYTES: Final = 256 * 1024
RELEASE_BYTES: Final = 8 * 1024 * 1024
YAML_DEPTH: Final = 12
CONCLUSION_CHAIN: Final = 8

MONEY_CENTS: Final = 1_000_000_000_000
"""Largest money, either sign: $10,000,000,000.00."""
SHARE_POINTS: Final = 1_000_000
"""Largest share: 10,000 %. A share of the largest money still fits 63 bits."""
INTEGER: Final = 1_000_000_000
DAYS: Final = 40_000
YEARS: Final = 110
FIRST_DAY: Final = date(1990, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
TEXT_FACT_LENGTH: Final = 4_000
LIST_FACT_LENGTH: Final = 500

REMEDY_FACTS: Final = 3
"""Facts that one remedy may change."""
REMEDY_DECISIONS: Final = 500
REMEDY_MILLISECONDS: Final = 100
"""What looking for remedies may cost; after either, what was found so far is all there is."""
REMEDIES_SHOWN: Final = 12
