"""Medians and ratios from one run on this machine: numbers to compare, never a test.

The only thing that can fail is agreement: where a peer answers a purchase otherwise than we do, the
run ends with 1, since times of different answers must not be compared.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench import byte_level, report
from bench.case_file import CASES, write_cases
from bench.growth import lifted, multiplied
from bench.memory import decide_many
from bench.peers.contest import Agreement, compare, contenders, policy_of
from bench.peers.peer import Peer
from bench.service import asking, served
from bench.throughput import throughput
from bench.timing import Contestant, Timing, measure, timing
from bench.workload import (
    ROOT,
    SEED,
    Question,
    last_change,
    other_questions,
    purchase_question,
    size_of,
)
from support.purchases import purchases

from engine.decide.decider import Decider
from engine.decide.facts import facts_from_nodes
from engine.language import limits
from engine.language.loader import load_files, load_release
from engine.language.model import Release
from engine.language.values import Value
from engine.rehearse.cases import load_cases
from engine.rehearse.runner import Parts, run_file
from engine.watch.watcher import Watcher

AGREED: Final = 1_000
TIMES: Final = 10
OURS: Final = "ours, verdict, findings and clause record"
AIMS: Final = {"decide": 15e-6, "verdict": 30e-6, "trace": 60e-6, "load": 0.3}


def main() -> int:
    options = _options()
    decider = Decider(load_release(ROOT))
    print(
        f"Python {platform.python_version()} on {platform.machine()}, "
        f"release {decider.release.short}, {len(decider.release.rules)} rules; medians of "
        f"{options.rounds} rounds in turns (quartiles); ratios are medians within the rounds"
    )
    began = time.perf_counter()
    agree = peers(decider, options.rounds)
    decisions(decider, options.rounds)
    starts(options.rounds)
    more_rules(decider, options.rounds)
    case_file(decider)
    http(decider, options.requests)
    throughput(decider, options.load)
    memory(decider, options.decisions)
    print(f"\nall of it took {time.perf_counter() - began:.0f} s")
    return 0 if agree else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="turns of each contender")
    parser.add_argument("--requests", type=int, default=300, help="HTTP requests of each kind")
    parser.add_argument(
        "--load", type=float, default=1.0, help="how much to ask under load; 1.0 = 20,000 questions"
    )
    parser.add_argument(
        "--decisions", type=int, default=300_000, help="decisions over which memory is watched"
    )
    return parser.parse_args()


# --- beside the peers -----------------------------------------------------------------------------


def peers(decider: Decider, rounds: int) -> bool:
    """The purchase rules in each peer, from a ready dict; True where all of them agree with us."""
    report.heading("The purchase rules beside other engines, from a ready dict to the findings")
    day = last_change(decider.release, "purchase")
    found, missing = contenders(decider, "purchase", day)
    if missing:
        print(f"not installed, so left out: {', '.join(missing)} (`make bench` installs them)")
    question = purchase_question(decider)
    agreement = compare(decider, "purchase", purchases(decider.release, AGREED, SEED))
    entered = [
        Contestant(OURS, partial(decider.decide, "purchase"), question.facts),
        *(
            Contestant(each.peer.name, each.peer.judge, [each.ready(f) for f in question.facts])
            for each in found
        ),
    ]
    timings = measure(entered, rounds)
    report.row(OURS, timings[OURS], report.aimed(timings[OURS], AIMS["decide"]))
    notes = {
        each.peer.name: f"{'a trace: ' if each.peer.returns_trace else ''}{each.peer.keeps}"
        for each in found
    }
    report.against(timings[OURS], list(notes), timings, notes)
    _print_lead(timings, [each.peer for each in found])
    policy = policy_of(decider, "purchase", day)
    print(
        f"\nevery policy is written from the release: {len(policy.rules)} rules, "
        f"{len(policy.clauses())} clauses, {len(policy.lines())} findings, "
        f"{len(policy.fields)} fields\n"
        f"worked out before the clock starts, for all peers: {', '.join(policy.before)}\n"
        "for clipspy and durable_rules also: what asks about lists; for durable_rules also: what "
        "asks about absence or two fields\n"
        "left out: dated law (one policy a stretch), unknown facts, missing facts, standing of "
        "findings; the two answers in Cedar, clipspy and durable_rules"
    )
    return _told(agreement)


def _print_lead(timings: Mapping[str, Timing], found: Sequence[Peer]) -> None:
    """How far ahead of the nearest peer, paired in the same rounds."""
    ours = timings[OURS]
    tracing = [timings[each.name].ratio_to(ours) for each in found if each.returns_trace]
    others = [timings[each.name].ratio_to(ours) for each in found if not each.returns_trace]
    print()
    if tracing:
        print(f"{min(tracing):.1f} times ahead of the nearest peer with a trace (aim: 5)")
    print(f"{min(others):.1f} times ahead of the nearest peer without one")


def _told(agreement: Agreement) -> bool:
    verdicts = ", ".join(f"{count} {name}" for name, count in agreement.verdicts.most_common())
    print(f"\n{agreement.asked:,} purchases ({verdicts}; {agreement.reasons} reasons)", end=": ")
    wrong = {name: count for name, count in agreement.differing.items() if count}
    if not wrong:
        print(f"all {len(agreement.differing)} contenders give our verdicts and reasons")
        return True
    print("NOT ALL AGREE")
    for name, count in wrong.items():
        print(f"  {name}: {count} otherwise")
    print(f"  first: {agreement.first}")
    return False


# --- our own parts --------------------------------------------------------------------------------


def decisions(decider: Decider, rounds: int) -> None:
    questions = [purchase_question(decider), *other_questions(decider)]
    entered = [each for question in questions for each in _stages(decider, question)]
    unknown = purchase_question(decider, unknown_share=1.0)
    entered.append(
        Contestant("purchase, one to three facts unknown: decide",
                   partial(decider.decide, "purchase"), unknown.facts)
    )  # fmt: skip
    timings = measure(entered, rounds)
    for question in questions:
        report.heading(f"{question.decision} ({size_of(decider.release, question.decision)})")
        for stage in _stages(decider, question):
            kind = stage.name.rpartition(" ")[2]
            aim = report.aimed(timings[stage.name], AIMS[kind])
            is_purchase = question.decision == "purchase"
            report.row(_SAID[kind], timings[stage.name], aim if is_purchase else "")
        if question.decision == "purchase":
            report.row("the same, one to three facts unknown", timings[entered[-1].name])


_SAID: Final = {
    "decide": "decide, from checked facts",
    "verdict": "JSON bytes to verdict and findings as JSON bytes",
    "trace": "JSON bytes to the whole trace as JSON bytes",
}


def _stages(decider: Decider, question: Question) -> list[Contestant]:
    name = question.decision
    return [
        Contestant(f"{name} decide", partial(decider.decide, name), question.facts),
        Contestant(
            f"{name} verdict", partial(byte_level.verdict_of, decider, name), question.bodies
        ),
        Contestant(f"{name} trace", partial(byte_level.trace_of, decider, name), question.bodies),
    ]


def starts(rounds: int) -> None:
    report.heading("Starting")
    release = load_release(ROOT)
    facts = purchase_question(Decider(release)).facts[0]
    script = Path(sys.executable).with_name("esa-policy")
    command = [str(script)] if script.exists() else [sys.executable, "-m", "api.cli"]
    told = [*command, "decide", "purchase", "tests/bench/facts.yaml"]
    entered = [
        Contestant("load the release", lambda _: load_release(ROOT)),
        Contestant(
            "compile the purchase rules", lambda _: Decider(release).decide("purchase", facts)
        ),
        Contestant("compile all decisions", lambda _: _decide_all(release)),
        Contestant("`esa-policy decide`, from start to end", partial(_run, told)),
        Contestant("Python alone, from start to end", partial(_run, [sys.executable, "-c", ""])),
    ]
    timings = measure(entered, max(3, rounds // 3), 0.0)
    for each in entered:
        is_load = each.name == "load the release"
        aim = report.aimed(timings[each.name], AIMS["load"]) if is_load else ""
        report.row(each.name, timings[each.name], aim)


def _decide_all(release: Release) -> None:
    """Each decision's rules are compiled when it is first asked; without its facts it is asked
    about one day alone."""
    decider = Decider(release)
    day = last_change(release, "purchase")
    for name in release.decisions:
        decider.decide(name, {}, day)


def _run(command: list[str], _: object) -> None:
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)


def more_rules(decider: Decider, rounds: int) -> None:
    report.heading(f"{TIMES} times the deciding rules, in a generated release")
    names = ("RULES_A_DECISION", "RULES_A_RELEASE", "ANSWERS_A_RULE")
    bounds = {name: getattr(limits, name) * TIMES for name in names}
    files = multiplied(decider.release.files, TIMES)
    question = purchase_question(decider)
    with lifted(**bounds):
        large = Decider(load_files(files))
        entered = {
            "load the release": (
                Contestant("load", lambda _: load_files(decider.release.files)),
                Contestant("load more", lambda _: load_files(files)),
            ),
            "compile the purchase rules": (
                Contestant("compile", partial(_compile, decider.release), question.facts[:1]),
                Contestant("compile more", partial(_compile, large.release), question.facts[:1]),
            ),
        }
        slow = [each for pair in entered.values() for each in pair]
        timings = measure(slow, max(3, rounds // 5), 0.0)
    name = "decide a purchase from checked facts"
    entered[name] = (
        Contestant("decide", partial(decider.decide, "purchase"), question.facts),
        Contestant("decide more", partial(large.decide, "purchase"), question.facts),
    )
    timings |= measure(list(entered[name]), rounds)
    print(f"{len(decider.release.rules)} rules and {len(large.release.rules)} rules")
    for what, (one, more) in entered.items():
        ratio = timings[more.name].ratio_to(timings[one.name])
        said = f"{ratio:.1f} x of {report.time_of(timings[one.name].median)}"
        report.row(what, timings[more.name], said)


def _compile(release: Release, facts: Mapping[str, Value]) -> None:
    Decider(release).decide("purchase", facts)


def case_file(decider: Decider) -> None:
    report.heading(f"A case file of {CASES:,} purchases")
    watcher = Watcher(decider.release, decider)
    parts = Parts(decider.release, decider, watcher, facts_from_nodes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.yaml"
        write_cases(decider, path)
        size = path.stat().st_size
        with lifted(**_file_bounds(size)):
            began = time.perf_counter()
            loaded = load_cases(path, decider.release, facts_from_nodes)
            read = time.perf_counter() - began
        began = time.perf_counter()
        failed = sum(not result.passed for result in run_file(loaded, parts))
        ran = time.perf_counter() - began
    watcher.close()
    print(f"the limit of a file's size is lifted for these {size // 1024:,} KB")
    report.row("read and check the file", timing([read]),
               f"{report.time_of(read / CASES)} a case")  # fmt: skip
    report.row("run and compare", timing([ran]), f"{report.time_of(ran / CASES)} a case")
    print(f"{failed} failed")


def _file_bounds(size: int) -> dict[str, int]:
    return {"FILE_BYTES": size + 1}


def http(decider: Decider, requests: int) -> None:
    """One client on one connection; each answer is on disk before it is given."""
    report.heading("Through HTTP (uvicorn on loopback, SQLite, every decision recorded)")
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as connection:
        entered = []
        for question in (purchase_question(decider), *other_questions(decider)):
            name, bodies = question.decision, question.bodies[:1]
            entered.append(asking(connection, f"{name}, verdict", name, bodies, trace=False))
            entered.append(asking(connection, f"{name}, whole trace", name, bodies, trace=True))
        timings = measure(entered, requests, 0.0)
        for each in entered:
            report.row(each.name, timings[each.name])


def memory(decider: Decider, decisions: int) -> None:
    report.heading("Memory")
    facts = purchases(decider.release, 1_000, SEED, unknown_share=0.1)
    growth = decide_many(decider, "purchase", facts, decisions)
    print(
        f"{growth.decisions:,} decisions in {growth.seconds:.1f} s: {growth.first_kb:,} KB after "
        f"the first tenth, {growth.last_kb:,} KB at the end "
        f"({growth.last_kb - growth.first_kb:+,} KB)"
    )
