"""A small policy as text: one decision with amounts, one subject with a chain of conclusions."""

from collections.abc import Mapping

from engine.language.loader import load_files
from engine.language.model import Release

POLICIES = """\
fiscal_year: { begins: July 1, named_by: end, time_zone: America/New_York }
sources:
  statute: { title: "The statute", address: "https://example.org/statute", standing: official }
  page: { title: "A web page", address: "https://example.org/page", standing: unconfirmed }
decisions:
  loan:
    question: "May this book be lent?"
    anchor: loan.on
    answers: { deposit: money }
    rules: [loan.age, loan.deposit]
standing:
  reader: { key: reader.number, rules: [holds.blocked, holds.fees, holds.late, holds.notice] }
parameters:
  loan.smallest_age:
    { title: Youngest reader, unit: integer, sources: [statute], values: { 2022-07-01: 12 } }
  loan.days:
    { title: Days a book is lent, unit: days, sources: [page], values: { 2022-07-01: 30 } }
  loan.deposit_share:
    { title: Share of the price, unit: share, sources: [statute], values: { 2022-07-01: 10 % } }
  fees.suspend_from:
    { title: Fees that suspend, unit: money, sources: [page], values: { 2022-07-01: $20.00 } }
"""

FACTS = """\
facts:
  loan.on: { title: Day of the loan, type: date, from: clock }
  loan.returned_on: { title: Day it came back, type: date, may_be_none: true, from: record }
  loan.price: { title: Price of the book, type: money, from: catalog }
  loan.kind: { title: Kind of book, type: one_of, members: [novel, atlas, comic], from: catalog }
  reader.number: { title: Reader, type: text, personal: true, from: record }
  reader.age: { title: Age, type: integer, smallest: 0, largest: 130, from: record }
  reader.fees: { title: Fees open, type: money, from: record }
  reader.late_since: { title: Late since, type: date, may_be_none: true, from: record }
  reader.moved: { title: Has moved away, type: boolean, from: record }
  reader.pardoned: { title: Was pardoned, type: boolean, from: record }
conclusions:
  state.late: { title: A book is late, kind: state }
  hold.fees: { title: Fees are open, kind: hold }
  hold.blocked: { title: No loans, kind: hold }
  alert.notice: { title: Write to the reader, kind: alert }
"""

RULES: Mapping[str, str] = {
    "rules/loan/age.yaml": """\
rule: loan.age
title: Young readers borrow comics and novels
decides: loan
sources: [statute]
when: { loan.kind: { is_not: comic } }
cases:
  - case: too_young
    if: { reader.age: { below: $loan.smallest_age }, loan.kind: { is: atlas } }
    then: { deny: TOO_YOUNG }
  - case: moved
    if:
      any_of:
        - { reader.moved: { is: true } }
        - { reader.pardoned: { is: false }, reader.fees: { above: zero } }
    then: { review: ASK_STAFF }
otherwise: allow
""",
    "rules/loan/deposit.yaml": """\
rule: loan.deposit
title: A tenth of the price is kept
decides: loan
sources: [statute]
steps:
  deposit: { share: $loan.deposit_share, of: loan.price, round: half_up }
answers: { deposit: deposit }
""",
    "rules/holds/late.yaml": """\
rule: holds.late
title: A book is late when its days are over
watches: reader
sources: [statute]
steps:
  days_late: { days_from: reader.late_since, to: decision.day }
when: { reader.late_since: { is_not: none }, days_late: { above: $loan.days } }
then: { conclude: state.late }
""",
    "rules/holds/fees.yaml": """\
rule: holds.fees
title: High fees are held
watches: reader
sources: [statute]
when:
  reader.fees: { at_least: $fees.suspend_from }
  none_of: [ { reader.pardoned: { is: true } } ]
then: { conclude: hold.fees }
""",
    "rules/holds/blocked.yaml": """\
rule: holds.blocked
title: A late reader who owes or has moved gets no more loans
watches: reader
sources: [statute]
when:
  state.late: { is: true }
  any_of: [ { hold.fees: { is: true } }, { reader.moved: { is: true } } ]
then: { conclude: hold.blocked }
""",
    "rules/holds/notice.yaml": """\
rule: holds.notice
title: A blocked reader is told
watches: reader
sources: [statute]
when: { hold.blocked: { is: true } }
then: { conclude: alert.notice }
""",
}

LOAN_TEXTS = """\
TOO_YOUNG:
  parent: { en: "Your child is too young for this book." }
  staff: { en: "Check the age." }
ASK_STAFF:
  parent: { en: "A person will look at this loan." }
  staff: { en: "Ask where the reader lives." }
"""


def library_files(**changed: str) -> dict[str, bytes]:
    """The policy's files by path; `changed` replaces rule files by `folder__name`."""
    texts = {
        "policies.yaml": POLICIES,
        "rules/facts.yaml": FACTS,
        "rules/loan/texts.yaml": LOAN_TEXTS,
        **RULES,
        **{f"rules/{name.replace('__', '/')}.yaml": text for name, text in changed.items()},
    }
    return {path: text.encode() for path, text in texts.items()}


def library_release(**changed: str) -> Release:
    """The policy, loaded."""
    return load_files(library_files(**changed))
