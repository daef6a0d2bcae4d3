"""Spans of whole numbers, held to plain sets over a small stretch of numbers."""

from hypothesis import given
from hypothesis import strategies as st

from engine.decide import remedy_spans as spans
from engine.decide.remedy_spans import FAR, Spans

NUMBERS = range(-30, 31)

pairs = st.tuples(st.integers(-25, 25), st.integers(0, 8)).map(lambda p: (p[0], p[0] + p[1]))
ends = st.sampled_from([(), ((-FAR, -20),), ((20, FAR),), ((-FAR, FAR),)])
sets = st.builds(spans.join, st.lists(pairs, max_size=4), ends)
small = st.integers(-5, 5)


def members(found: Spans) -> set[int]:
    return {number for number in NUMBERS if spans.holds(found, number)}


@given(sets, sets)
def test_joining_meeting_and_inverting_are_those_of_sets(one: Spans, other: Spans) -> None:
    assert members(spans.join(one, other)) == members(one) | members(other)
    assert members(spans.meet(one, other)) == members(one) & members(other)
    assert members(spans.invert(one)) == set(NUMBERS) - members(one)
    assert spans.invert(spans.invert(one)) == one


@given(sets, small)
def test_shifting_and_mirroring_move_each_number(one: Spans, by: int) -> None:
    inner = range(-25, 26)
    shifted, mirrored = spans.shift(one, by), spans.mirror(one, by)
    assert all(spans.holds(shifted, each + by) == spans.holds(one, each) for each in inner)
    assert all(spans.holds(mirrored, by - each) == spans.holds(one, each) for each in inner)
    assert members(spans.invert(shifted)) == set(NUMBERS) - members(shifted)


@given(sets, small)
def test_the_least_and_the_greatest_are_undone(one: Spans, other: int) -> None:
    least, greatest = spans.undo_least(one, other), spans.undo_greatest(one, other)
    for number in NUMBERS:
        assert spans.holds(least, number) == spans.holds(one, min(number, other))
        assert spans.holds(greatest, number) == spans.holds(one, max(number, other))


@given(sets, st.integers(1, 4))
def test_a_bending_function_is_undone_by_bisection(one: Spans, by: int) -> None:
    rising = spans.undo_rising(lambda x: x // by, one, -30, 30)
    falling = spans.undo_falling(lambda x: -(x // by), one, -30, 30)
    for number in NUMBERS:
        assert spans.holds(rising, number) == spans.holds(one, number // by)
        assert spans.holds(falling, number) == spans.holds(one, -(number // by))


@given(sets, small)
def test_the_nearest_member_is_found_on_either_side(one: Spans, start: int) -> None:
    above = [each for each in sorted(members(one)) if each >= start]
    below = [each for each in sorted(members(one)) if each <= start]
    if above:
        assert spans.first_from(one, start) == above[0]
    if below:
        assert spans.last_to(one, start) == below[-1]
