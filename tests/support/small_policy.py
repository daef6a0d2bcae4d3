"""Small releases for tests: one world of facts and parameters, rules written as the test needs.

`release(first="...", second="...")` holds the decision `ask` with the rules `ask.first` and
`ask.second`; each text is what stands below the head of a rule file.
"""

import re
from collections.abc import Mapping
from datetime import date
from textwrap import dedent

from engine.language.loader import load_files
from engine.language.model import Release

POLICIES = """
fiscal_year: { begins: July 1, named_by: end, time_zone: America/New_York }
sources:
  law: { title: The statute, address: "https://www.ncleg.gov/", standing: official }
  older: { title: An older page, address: "https://www.ncseaa.edu/", standing: older }
  told: { title: What somebody said, address: "https://k12.ncseaa.edu/", standing: unconfirmed }
decisions:
  ask:
    question: May this be?
    anchor: asked.on
@answers    rules: [@rules]
@standingparameters:
  cap:
    title: Most that may be asked for
    unit: money
    sources: [law]
    values:
      2022-07-01: $100
      2026-01-01: { value: $200, standing: unconfirmed, note: By letter. }
  floor: { title: Least, unit: money, sources: [older], values: { 2022-07-01: $10 } }
  window: { title: Days of the window, unit: days, sources: [law], values: { 2022-07-01: 30 } }
  ages: { title: Grades apart, unit: integer, sources: [law], values: { 2022-07-01: 3 } }
  again: { title: Years to wait, unit: years, sources: [told], values: { 2022-07-01: 3 } }
  part: { title: Part paid, unit: share, sources: [law], values: { 2022-07-01: 12.5 % } }
  open: { title: Whether it is open, unit: boolean, sources: [law], values: { 2022-07-01: true } }
  deadline:
    title: Last day
    unit: day_of_year
    sources: [law]
    values: { 2022-07-01: April 15 }
  late: { title: Late day, unit: day_of_year, sources: [law], values: { 2022-07-01: August 20 } }
  summer:
    title: Summer
    unit: period
    sources: [law]
    values: { 2022-07-01: { from: June 15, to: June 30 } }
  new_year:
    title: New year
    unit: period
    sources: [told]
    values: { 2022-07-01: { from: December 20, to: January 6 } }
  kinds:
    title: Kinds allowed
    list_of: it.kind
    sources: [law]
    values: { 2022-07-01: [red, green] }
  proofs:
    title: Proofs
    list_of: it.papers
    sources: [law]
    values: { 2022-07-01: [receipt, quote] }
  future: { title: Set later, unit: money, sources: [law], values: { 2027-01-01: $5 } }
  tiers:
    title: Limits by kind
    rows_by: it.kind
    columns: { day: money, count: integer }
    sources: [older]
    values:
      2022-07-01:
        red: { day: $50, count: 1 }
        green: { day: none, count: 2 }
        blue: { day: $70, count: 3 }
  weeks:
    title: Share by weeks
    rows_by: it.count
    columns: { share: share }
    sources: [law]
    values:
      2022-07-01:
        - { up_to: 2, share: 100 % }
        - { up_to: 7, share: 50 % }
        - { above: 7, share: 0 % }
"""

FACTS = """
facts:
  asked.on: { title: Day asked about, type: date }
  it.flag: { title: Flag, type: boolean }
  it.other: { title: Other flag, type: boolean }
  it.maybe: { title: Flag that may be absent, type: boolean, may_be_none: true }
  it.amount: { title: Amount, type: money, smallest: $0 }
  it.spent: { title: Spent, type: money }
  it.rest: { title: Rest, type: money, may_be_none: true }
  it.count: { title: Count, type: integer, smallest: 0, largest: 30 }
  it.year: { title: Year, type: integer }
  it.days: { title: Days, type: days }
  it.part: { title: Part, type: share }
  it.day: { title: Day, type: date }
  it.last: { title: Last day, type: date, may_be_none: true }
  it.kind: { title: Kind, type: one_of, members: [red, green, blue] }
  it.shade: { title: Shade, type: one_of, members: [red, green, blue], may_be_none: true }
  it.papers: { title: Papers, type: list, members: [invoice, receipt, quote] }
  it.paper: { title: Paper, type: one_of, members: [invoice, other], may_be_none: true }
  it.word: { title: Word, type: text, may_be_none: true }
  it.code: { title: Code, type: text, form: code, may_be_none: true }
  it.mark: { title: Mark, type: text, form: code, personal: true }
  it.secret: { title: Secret, type: text, personal: true }
  it.born_on: { title: Birthday, type: date, personal: true }
conclusions:
  hold.first: { title: The first hold, kind: hold }
  hold.second: { title: The second hold, kind: hold }
"""

TEXT = (
    '{ parent: { en: "%s for you.", es: "%s para usted." }, '
    'staff: { en: "%s for staff.", es: "%s para el equipo." } }'
)


def files(
    rules: Mapping[str, str],
    answers: str = "",
    texts: Mapping[str, str] | None = None,
    standing: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """The files of the policy; `answers` as in `{ total: money }`."""
    watching = dict(standing or {})
    listed = ", ".join(f"holds.{name}" for name in watching)
    subject = f"standing:\n  account: {{ key: it.secret, rules: [{listed}] }}\n"
    policies = (
        POLICIES.replace("@answers", f"    answers: {answers}\n" if answers else "")
        .replace("@rules", ", ".join(f"ask.{name}" for name in rules))
        .replace("@standing", subject if watching else "")
    )
    found = {"policies.yaml": policies, "rules/facts.yaml": FACTS}
    for name, body in rules.items():
        found[f"rules/ask/{name}.yaml"] = rule_file(f"ask.{name}", "decides: ask", body)
    for name, body in watching.items():
        found[f"rules/holds/{name}.yaml"] = rule_file(f"holds.{name}", "watches: account", body)
    found |= _texts(rules, watching, texts or {})
    return {path: text.encode() for path, text in found.items()}


def rule_file(name: str, relation: str, body: str) -> str:
    """One rule file: a head, and sources unless the body names its own."""
    own = dedent(body).strip("\n")
    sources = "" if re.search(r"^sources:", own, re.MULTILINE) else "sources: [law]\n"
    return f"rule: {name}\ntitle: Rule {name}\n{relation}\n{sources}{own}\n"


def _texts(
    rules: Mapping[str, str], watching: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str]:
    reasons = sorted(set(re.findall(r"\b[A-Z][A-Z_]*\b", "\n".join(rules.values()))))
    lines = [f"{name}: {own.get(name) or TEXT.replace('%s', name.title())}" for name in reasons]
    found = {"rules/ask/texts.yaml": "\n".join(lines) + "\n"} if lines else {}
    holds = sorted(set(re.findall(r"conclude: ([a-z_.]+)", "\n".join(watching.values()))))
    if holds:
        found["rules/holds/texts.yaml"] = "".join(
            f"{name}: {TEXT.replace('%s', name)}\n" for name in holds
        )
    return found


def release(
    *,
    answers: str = "",
    texts: Mapping[str, str] | None = None,
    standing: Mapping[str, str] | None = None,
    **rules: str,
) -> Release:
    """The release with these rules of the decision `ask`."""
    return load_files(files(rules, answers, texts, standing))


TODAY = date(2026, 9, 20)
"""A day on which every parameter but `future` has a value."""
