"""Plain lines that fit a terminal."""

from collections.abc import Mapping, Sequence

from bench.timing import Timing


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def time_of(seconds: float) -> str:
    """`12.3 us`, `45.6 ms` or `1.23 s`."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} us"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def row(what: str, timing: Timing, note: str = "") -> None:
    spread = f"({time_of(timing.lower)} to {time_of(timing.upper)})"
    print(f"{what:<52} {time_of(timing.median):>10} {spread:<24} {note}".rstrip(), flush=True)


def aimed(timing: Timing, aim: float) -> str:
    """Whether the aim is reached, and by how much."""
    share = timing.median / aim
    return f"aim {time_of(aim)}: {'reached' if share <= 1 else f'{share:.1f} times too slow'}"


def against(ours: Timing, names: Sequence[str], timings: Mapping[str, Timing],
            notes: Mapping[str, str]) -> None:  # fmt: skip
    """Rows with each median's ratio to ours, the fastest first."""
    for name in sorted(names, key=lambda each: timings[each].median):
        ratio = timings[name].ratio_to(ours)
        row(name, timings[name], f"{ratio:5.1f} x   {notes[name]}")
