"""Records against seals: each line hashes to a leaf, and the leaves of a seal give its root."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from api.record.verifier.chain import SealedRange
from api.record.verifier.contents import RECORDS, Contents, id_of
from api.record.verifier.findings import Findings
from api.record.verifier.folder import lines_of, objects_of
from api.record.verifier.json_form import shaped
from api.record.verifier.tree import leaf_hash, root_by_path, root_of

LEAVES = "leaves.txt"
PROOFS = "proofs.jsonl"
PROOF_SHAPE: dict[str, type | tuple[type, ...]] = {
    "leaf": str, "path": list, "seal": int, "sequence": int,
}  # fmt: skip
Place = tuple[int, bytes]
"""The sequence and the leaf hash of a record."""
Progress = Callable[[int], None]


# --- an export of everything ------------------------------------------------------------------


def check_whole(
    folder: Path, seals: list[SealedRange], contents: Contents, found: Findings, tell: Progress
) -> None:
    """Every record of every seal, in order and nothing else."""
    records = contents.leaves()
    leaves = lines_of(folder / LEAVES, found)
    is_sound = True
    for seal in seals:
        size = seal.last - seal.first + 1
        hashes = list(islice(records, size))
        fits = len(hashes) == size and root_of(hashes) == seal.root
        listed = list(islice(leaves, size))
        if [text for _, text in listed] != [leaf.hex().encode() for leaf in hashes] or not fits:
            _tell_leaves(listed, seal, found, fits=fits)
        is_sound &= fits
        tell(contents.count)
    is_sound &= not list(islice(records, 1))
    for _ in records:
        pass  # counted, and told where they are wrong in themselves
    for number, _ in leaves:
        found.add(f"{LEAVES}:{number}", "the leaf belongs to no seal")
    if is_sound:
        contents.tell_repeats()
    else:
        diagnose(folder, list(_sound_leaves(folder, seals)), found)


def _tell_leaves(
    listed: list[tuple[int, bytes]], seal: SealedRange, found: Findings, *, fits: bool
) -> None:
    """Tells where the list of leaves is wrong. Where it is right, it says later what is wrong
    with the records."""
    is_right = root_of([_leaf(text) for _, text in listed]) == seal.root
    where = f"{LEAVES}:{listed[0][0]}" if listed else LEAVES
    if not is_right or fits:
        found.add(where, f"the leaves of seal {seal.number} are not those that were sealed")
    if not is_right and not fits:
        span = _span(seal.first, seal.last)
        found.add(RECORDS, f"{span} of seal {seal.number} do not give its root")


def _sound_leaves(folder: Path, seals: list[SealedRange]) -> Iterator[Place]:
    """The leaves that are listed, of the seals whose root they give."""
    leaves = lines_of(folder / LEAVES, Findings())
    for seal in seals:
        given = [_leaf(text) for _, text in islice(leaves, seal.last - seal.first + 1)]
        if root_of(given) == seal.root:
            yield from enumerate(given, seal.first)


def _leaf(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode())
    except ValueError:
        return b""


# --- an export of a part ----------------------------------------------------------------------


def check_part(
    folder: Path, seals: list[SealedRange], contents: Contents, found: Findings, tell: Progress
) -> list[list[int]]:
    """Every record with its path; gives the ranges of seals whose records are all here."""
    counts: Counter[int] = Counter()
    is_sound = True
    for leaf, proven in zip_longest(contents.leaves(), _proven_places(folder, seals, found)):
        if proven is not None:
            counts[proven[0]] += 1
        is_sound &= proven is not None and leaf == proven[2]
        if contents.count % 4096 == 0:
            tell(contents.count)
    if is_sound:
        contents.tell_repeats()
    else:
        again = _proven_places(folder, seals, Findings())
        diagnose(folder, [(sequence, leaf) for _, sequence, leaf in again], found)
    whole = [seal.number for seal in seals if counts[seal.number] == seal.last - seal.first + 1]
    return ranges_of(whole)


def _proven_places(
    folder: Path, seals: list[SealedRange], found: Findings
) -> Iterator[tuple[int, int, bytes]]:
    """(seal, sequence, leaf) of each proof whose path leads to the root of its seal."""
    before = 0
    for where, _, entry in objects_of(folder / PROOFS, found):
        try:
            proof = shaped(entry, PROOF_SHAPE)
            leaf = _check_path(proof, seals)
            if proof["sequence"] <= before:
                raise ValueError(f"stands behind record {before}")
        except ValueError as error:
            found.add(where, f"record {str(entry.get('sequence'))[:20]} {error}")
            continue
        before = proof["sequence"]
        yield proof["seal"], before, leaf


def _check_path(proof: Mapping[str, Any], seals: list[SealedRange]) -> bytes:
    if not 1 <= proof["seal"] <= len(seals):
        raise ValueError("names a seal that is not here")
    seal = seals[proof["seal"] - 1]
    size, index = seal.last - seal.first + 1, proof["sequence"] - seal.first
    hashes = [proof["leaf"], *proof["path"]]
    if any(type(text) is not str or len(text) != 64 for text in hashes):
        raise ValueError("has a hash in its path that is none")
    leaf, *path = [bytes.fromhex(text) for text in hashes]
    if [leaf.hex(), *(step.hex() for step in path)] != hashes:
        raise ValueError("has a hash in its path that is not in canonical form")
    if root_by_path(leaf, index, size, path) != seal.root:
        raise ValueError(f"has a path that does not lead to the root of seal {seal.number}")
    return leaf


def ranges_of(numbers: Sequence[int]) -> list[list[int]]:
    """Rising numbers as [first, last] of each run without a gap."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


# --- what exactly is wrong --------------------------------------------------------------------


def diagnose(folder: Path, places: list[Place], found: Findings) -> None:
    """Tells the changed, removed, added, repeated and reordered records one by one.

    places: the sequence and leaf of each record that should be here, rising.
    """
    sequence_of = {leaf: sequence for sequence, leaf in places}
    met: dict[int, int] = {}
    strangers: list[tuple[int, int, bytes]] = []
    highest = 0
    for number, line in lines_of(folder / RECORDS, Findings()):
        sequence = sequence_of.get(leaf_hash(line))
        where = f"{RECORDS}:{number}"
        if sequence is None:
            strangers.append((number, highest, line))
        elif sequence in met:
            found.add(where, f"record {sequence} stands here again, after line {met[sequence]}")
        else:
            met[sequence] = number
            if sequence < highest:
                found.add(where, f"record {sequence} is out of order, behind record {highest}")
            highest = max(highest, sequence)
    missing = [sequence for sequence, _ in places if sequence not in met]
    changed = _tell_strangers(strangers, [sequence for sequence, _ in places], set(missing), found)
    for first, last in ranges_of([sequence for sequence in missing if sequence not in changed]):
        found.add(RECORDS, f"missing: {_span(first, last)}")


def _tell_strangers(
    strangers: list[tuple[int, int, bytes]], order: list[int], missing: set[int], found: Findings
) -> set[int]:
    """A strange line where a record is missing is that record, changed; any other was added."""
    changed: set[int] = set()
    latest = 0
    for number, before, line in strangers:
        place = bisect_right(order, max(before, latest))
        wanted = order[place] if place < len(order) else None
        if wanted in missing:
            latest = wanted
            changed.add(wanted)
            message = f"record {wanted} was changed: it no longer gives the hash that was sealed"
        else:
            message = "this record was added or changed: no seal knows it"
        found.add(f"{RECORDS}:{number}", f"{message} ({name_of(line)})")
    return changed


def name_of(line: bytes) -> str:
    """The id that a line claims, for people."""
    id = id_of(line)
    return f"decision {id[:64]}" if id else "unreadable"


def _span(first: int, last: int) -> str:
    return f"record {first}" if first == last else f"records {first} to {last}"
