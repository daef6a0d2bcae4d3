"""Applies what the standing rules conclude: holds are placed and released with their grounds."""

from collections.abc import Mapping
from typing import Any, Final

from api.service import holding, people
from api.service.account_facts import state_account, state_compliance, state_family
from api.service.dossier import Dossier
from api.service.parts import Caller, Parts
from api.store.records import Account, Hold
from api.store.transaction import Transaction
from engine.language.values import parse_decimal_money
from engine.watch.watcher import Concluded, transitions

SUBJECT: Final = "account"
_PREFIX: Final = "hold."
_AMOUNTS: Final[Mapping[str, str]] = {"hold.chargeback": "chargeback.disputed_amount"}
"""Conclusions that hold an amount, and the fact that names it. Every other one holds all."""


def judge(parts: Parts, tx: Transaction, account: Account, actor: Caller) -> list[Hold]:
    """Judges the account's standing rules and brings its holds in line; the holds in force.

    The account is locked by the caller of this. What cannot be told (a fact is unknown) neither
    places a hold nor releases one. A failure of the watch reading is raised: whoever asked must
    not go on.
    """
    dossier = _gather(tx, account)
    release = parts.watcher.release
    standing = parts.watcher.watch(SUBJECT, dossier.values(release), parts.today())
    in_force = tx.holds.in_force(account.id)
    by_conclusion = {hold.conclusion: hold for hold in in_force if hold.conclusion}
    changes = transitions(by_conclusion, standing)
    for name in changes.released:
        why = f"{name} is no longer concluded"
        holding.release(parts, tx, by_conclusion[name], actor, why)
    for name in changes.placed:
        grounds = [one for one in standing.concluded if one.name == name and one.kind == "hold"]
        if grounds:
            holding.place(parts, tx, _hold(parts, tx, account, dossier, grounds[0]), actor)
    return tx.holds.in_force(account.id) if changes.placed or changes.released else in_force


def judge_student(parts: Parts, tx: Transaction, student_id: str, actor: Caller) -> None:
    """Judges every account of a student, after a record of theirs has changed."""
    for account_id in tx.accounts.ids_of(frozenset({student_id})):
        account = tx.accounts.lock(account_id)
        if account is not None:
            judge(parts, tx, account, actor)


def _gather(tx: Transaction, account: Account) -> Dossier:
    dossier = Dossier()
    state_account(tx, account, dossier)
    state_family(tx, account, dossier)
    state_compliance(tx, account, dossier)
    return dossier


def _hold(
    parts: Parts, tx: Transaction, account: Account, dossier: Dossier, ground: Concluded
) -> Hold:
    id, facts = parts.new_id(), parts.watcher.release.facts
    personal = [name for name in ground.facts if name in facts and facts[name].personal]
    subject = people.of_student(account.student_id)
    rests_on = holding.seal_grounds(tx, subject, id, _grounds(dossier, ground), personal)
    amount = dossier.get(_AMOUNTS.get(ground.name, ""))
    return Hold(
        id=id,
        account_id=account.id,
        kind=ground.name.removeprefix(_PREFIX),
        is_total=amount is None,
        amount_cents=None if amount is None else parse_decimal_money(amount),
        reason=parts.watcher.release.conclusions[ground.name].title,
        conclusion=ground.name,
        rests_on=rests_on,
        purchase_id=None,
        placed_at=parts.clock(),
    )


def _grounds(dossier: Dossier, ground: Concluded) -> dict[str, Any]:
    """Rule, clauses and facts with their origins, and every finding among those origins."""
    facts = {
        name: {"value": dossier.get(name), "origin": dossier.origins.get(name)}
        for name in ground.facts
    }
    origins = [dossier.origins.get(name, {}) for name in ground.facts]
    findings = sorted({finding for one in origins for finding in one.get("findings", [])})
    return {
        "rule": ground.rule,
        "clauses": list(ground.clauses),
        "facts": facts,
        "conclusions": list(ground.conclusions),
        "findings": findings,
        "standing": ground.standing,
    }
