"""Whether a rule says what the absence of a fact means wherever absence could pass unseen (5.5).

A value that may be `none` is met by `is_not` and `not_in`, unmet by every order, and makes a
calculation `none`. So each such fact, and each step that can be `none` of itself, must have a
clause `is: none` or `is_not: none` somewhere in the rule.
"""

from collections.abc import Iterator

from engine.language.draft import Draft, Use


def report_unsaid(draft: Draft, answers: list[Use]) -> None:
    """rule.none_unsaid, once for each name, where it is read first.

    `answers` are the names that the rule answers with; what they calculate with counts, too.
    """
    found: dict[str, Use] = {}
    for test in draft.tests:
        for use in _unsaid(test.use, draft, set(), counts_itself=test.is_telling):
            found.setdefault(use.name, use)
    bounds = [bound for step in draft.bounds.values() for bound in step]
    for read in (*answers, *bounds):
        for use in _unsaid(read, draft, set(), counts_itself=False):
            found.setdefault(use.name, use)
    for use in found.values():
        draft.problems.add(
            use.place, "rule.none_unsaid",
            f"`{use.name}` may be none and this rule never says what that means",
            "add `is_not: none`, or a case for `is: none`", use.width,
        )  # fmt: skip


def _unsaid(use: Use, draft: Draft, seen: set[str], *, counts_itself: bool) -> Iterator[Use]:
    """What can make the name none without the rule ever saying so.

    counts_itself: false for a plain reading, such as `is` or a bound: there only what the step
    calculates with counts, since absence that is shown as such hides nothing. `seen` keeps steps
    that share their inputs from being walked again and again.
    """
    if use.name in draft.said or use.name in seen:
        return
    seen.add(use.name)
    if use.name not in draft.steps:
        fact = draft.scope.facts.get(use.name)
        if counts_itself and fact is not None and fact.type.may_be_none:
            yield use
        return
    if counts_itself and use.name in draft.may_add_none:
        yield use
    for source in draft.inputs.get(use.name, ()):
        yield from _unsaid(source, draft, seen, counts_itself=True)
