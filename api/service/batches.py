"""Many questions of one kind in one request: each is answered or refused for itself, and all
answers are stored in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from api.errors import Refusal, problem
from api.json_body import read_json, unreadable
from api.service import asking
from api.service.parts import Caller, Parts
from api.store.transaction import Transaction
from engine.decide.decider import AnyDecider
from engine.decide.strict_json import BodyRefused
from engine.decide.wire import Question, question_of

BATCH_LIMIT: Final = 1_000
"""Questions in one batch; the limit of a body's size is met first where they hold many facts."""

Outcome: TypeAlias = asking.Weighed | Refusal


@dataclass(frozen=True, slots=True)
class Batch:
    """The questions, none of which names a release, and the one that all are asked of."""

    questions: Sequence[Question]
    release: str | None


def read(body: bytes) -> Batch:
    """The batch in a body. Refusal INVALID_REQUEST with all that is wrong beside the facts, each
    with the place of its question: `items[3].as_of`."""
    asked = read_json(body)
    problems = [
        problem(key[:64], "is no key of this request", "keys are items and release")
        for key in asked
        if key not in ("items", "release")
    ]
    release, items = asked.get("release"), asked.get("items")
    if release is not None and not isinstance(release, str):
        problems.append(problem("release", "is no text", "send the release's hash"))
    if not isinstance(items, list) or not items:
        help = 'send `{"items": [{"facts": {...}}, ...]}`'
        problems.append(problem("items", "is missing, empty or no list", help))
        items = []
    elif len(items) > BATCH_LIMIT:
        message = f"has {len(items):,} questions, at most {BATCH_LIMIT:,} are answered at once"
        problems.append(problem("items", message, "send several batches"))
        items = []
    questions = [_question(item, f"items[{number}]", problems) for number, item in enumerate(items)]
    if problems:
        count = len(problems)
        raise Refusal(
            "INVALID_REQUEST",
            f"the request has {count} problem{'s' if count > 1 else ''}",
            problems,
        )
    return Batch(questions, release)


def _question(item: object, place: str, problems: list[dict[str, object]]) -> Question:
    nothing = Question({})
    if not isinstance(item, dict):
        problems.append(problem(place, "is no object", 'send `{"facts": {...}}`'))
        return nothing
    try:
        question = question_of(item)
    except BodyRefused as refused:
        problems += unreadable(refused, f"{place}.")
        return nothing
    if question.release is not None:
        help = "name the release once, beside `items`"
        problems.append(problem(f"{place}.release", "is no key of a question in a batch", help))
    return question


def weigh(decider: AnyDecider, caller: Caller, decision: str, batch: Batch) -> list[Outcome]:
    """An answer or a refusal for each question, in order; nothing is stored yet.

    Refusal NOT_FOUND where there is no such decision, since then no question can be answered.
    """
    outcomes: list[Outcome] = []
    for question in batch.questions:
        try:
            decided = asking.weigh(decider, decision, question.facts, question.as_of)
            outcomes.append(asking.Weighed(caller, decider, decided))
        except Refusal as refusal:
            if refusal.error_code == "NOT_FOUND":
                raise
            outcomes.append(refusal)
    return outcomes


def store(parts: Parts, tx: Transaction, outcomes: Sequence[Outcome]) -> bytes:
    """Stores the answers; the reply in JSON: {"items", "answered", "refused"}. Each item has a
    `status_code` and is an answer or a refusal, in the order asked."""
    weighed = [each for each in outcomes if isinstance(each, asking.Weighed)]
    answers = iter(asking.store(parts, tx, weighed))
    items = [
        _refused(each) if isinstance(each, Refusal) else _answered(next(answers))
        for each in outcomes
    ]
    return b'{"items":[%s],"answered":%d,"refused":%d}' % (
        b",".join(items), len(weighed), len(outcomes) - len(weighed),
    )  # fmt: skip


def _answered(answered: asking.Answered) -> bytes:
    return b'{"status_code":200,' + answered.reply()[1:]


def _refused(refusal: Refusal) -> bytes:
    told: dict[str, Any] = refusal.reply()
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
