"""Keys, seals and checkpoints: one chain from the first seal on, each seal signed."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.record.verifier.ed25519 import PublicKey
from api.record.verifier.findings import Findings
from api.record.verifier.folder import Entry, objects_of
from api.record.verifier.json_form import compact, parse_pretty, shaped

GENESIS = "0" * 64
KEYS = "keys.json"
SEAL_TYPE = "esa-policy seal"
KEY_TYPE = "esa-policy seal key"
SEAL_SHAPE: dict[str, type | tuple[type, ...]] = {
    "type": str, "version": int, "number": int, "first": int, "last": int, "size": int,
    "root": str, "previous": str, "sealed_at": str, "key": str, "signature": str,
}  # fmt: skip
KEY_SHAPE: dict[str, type | tuple[type, ...]] = {
    "id": str, "name": str, "public": str, "added_at": str,
    "endorsed_by": (str, type(None)), "endorsement": (str, type(None)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SealedRange:
    """What the records need of a seal. hash: of its whole line."""

    number: int
    first: int
    last: int
    root: bytes
    hash: str


def fingerprint(public: bytes) -> str:
    """The id of a key: the first 32 hexadecimal digits of its SHA-256."""
    return sha256(public).hexdigest()[:32]


def signed_bytes(content: Mapping[str, Any]) -> bytes:
    """What a signature is over: the canonical object without the signature itself."""
    return compact({key: value for key, value in content.items() if key != "signature"})


def signature_of(content: Mapping[str, Any]) -> bytes:
    """The 64 bytes of its signature; ValueError for a text that is not exactly theirs."""
    return decoded(content["signature"], 64)


def decoded(text: str, size: int) -> bytes:
    """`size` bytes from Base64; ValueError for anything else."""
    data = b64decode(text.encode(), validate=True)
    if len(data) != size or len(text) != 4 * ((size + 2) // 3):
        raise ValueError(f"is not {size} bytes")
    return data


# --- keys -------------------------------------------------------------------------------------


def check_keys(
    entries: Iterable[Any], trusted: Iterable[str], found: Findings
) -> dict[str, PublicKey]:
    """The keys by id: each is what its id says, and follows from one before it."""
    keys: dict[str, PublicKey] = {}
    unendorsed = []
    for place, entry in enumerate(entries, 1):
        try:
            content = shaped(entry, KEY_SHAPE)
            public = decoded(content["public"], 32)
            if fingerprint(public) != content["id"]:
                raise ValueError("its id is not the fingerprint of its public key")
            if not _is_endorsed(content, keys):
                unendorsed.append(content["id"])
            keys[content["id"]] = PublicKey(public)
        except ValueError as error:
            found.add(f"{KEYS}: key {place}", str(error))
    _judge_trust(unendorsed, set(trusted), found)
    return keys


def read_keys(folder: Path, found: Findings) -> list[Any]:
    """What keys.json lists."""
    try:
        entries = parse_pretty((folder / KEYS).read_bytes())
        if isinstance(entries, list):
            return entries
        found.add(KEYS, "is no list of keys")
    except OSError:
        found.add(KEYS, "the file is missing")
    except ValueError as error:
        found.add(KEYS, str(error))
    return []


def _is_endorsed(content: Mapping[str, Any], keys: Mapping[str, PublicKey]) -> bool:
    """False for a key that none vouches for; ValueError where the vouching itself is wrong."""
    by, endorsement = content["endorsed_by"], content["endorsement"]
    if by is None and endorsement is None:
        return False
    if by not in keys or endorsement is None:
        raise ValueError("is endorsed by a key that does not come before it")
    if not keys[by].verifies(endorsed_bytes(content), decoded(endorsement, 64)):
        raise ValueError(f"the endorsement by key {by} is not valid")
    return True


def endorsed_bytes(content: Mapping[str, Any]) -> bytes:
    """What the key before signs in order to vouch for this one."""
    kept = {key: content[key] for key in ("id", "public", "endorsed_by")}
    return compact({"type": KEY_TYPE, "version": 1, **kept})


def _judge_trust(unendorsed: list[str], trusted: set[str], found: Findings) -> None:
    if trusted:
        for key in unendorsed:
            if key not in trusted:
                found.add(KEYS, f"key {key} is none that you trust, and none vouches for it")
    elif unendorsed:
        found.note(
            "The signatures fit the keys that are given here. That these are the program's keys "
            f"you must know from elsewhere: compare, or give --key with {', '.join(unendorsed)}"
        )


# --- seals ------------------------------------------------------------------------------------


def check_seals(
    entries: Iterable[Entry], keys: Mapping[str, PublicKey], found: Findings
) -> list[SealedRange]:
    """All seals in order: numbers and sequences without gap, each naming the one before it.

    A seal names the one before it by all its bytes, signature included, so a signature vouches for
    every seal before it by the same key. Checked are the last ones of each key, and both seals
    where one does not name the other: years of small seals would else take hours.
    """
    seals: list[SealedRange] = []
    number, last, previous = 0, 0, GENESIS
    signatures = _Signatures(keys, found)
    for where, line, entry in entries:
        try:
            seal = shaped(entry, SEAL_SHAPE)
            _check_place(seal, number + 1, last + 1, previous)
            signatures.follow(where, seal)
        except ValueError as error:
            found.add(where, f"seal {str(entry.get('number'))[:20]}: {error}")
            signatures.check_last()
            if not _can_follow(entry):
                continue
            signatures.follow(where, entry)
            signatures.check_last()
        number, last, previous = entry["number"], entry["last"], sha256(line).hexdigest()
        root = bytes.fromhex(entry["root"])
        seals.append(SealedRange(number, entry["first"], last, root, previous))
    signatures.check_last()
    return seals


class _Signatures:
    """Checks the signature of a seal where none by the same key follows it."""

    def __init__(self, keys: Mapping[str, PublicKey], found: Findings) -> None:
        self._keys, self._found = keys, found
        self._last: tuple[str, Mapping[str, Any]] | None = None

    def follow(self, where: str, seal: Mapping[str, Any]) -> None:
        """The next seal, which names the one before it."""
        if self._last is not None and self._last[1]["key"] != seal["key"]:
            self.check_last()
        self._last = where, seal

    def check_last(self) -> None:
        """No seal vouches for the last one: its own signature must."""
        if self._last is None:
            return
        where, seal = self._last
        self._last = None
        problem = signature_problem(seal, self._keys)
        if problem:
            self._found.add(where, f"seal {seal['number']}: {problem}")


def _check_place(seal: Mapping[str, Any], number: int, first: int, previous: str) -> None:
    if (seal["type"], seal["version"]) != (SEAL_TYPE, 1):
        raise ValueError("is of another type or version")
    if seal["number"] != number:
        raise ValueError(f"seal {number} should stand here")
    if seal["first"] != first:
        raise ValueError(f"begins with record {seal['first']}, though {first} is next")
    if seal["size"] < 1 or seal["last"] != first + seal["size"] - 1:
        raise ValueError("its first and last record do not fit its size")
    if seal["previous"] != previous:
        raise ValueError("does not name the seal before it: one of the two was changed")
    if len(seal["root"]) != 64 or bytes.fromhex(seal["root"]).hex() != seal["root"]:
        raise ValueError("its root is no SHA-256")


def _can_follow(entry: Mapping[str, Any]) -> bool:
    """Whether the check can go on from a seal that is wrong in itself."""
    try:
        seal = shaped(dict(entry), SEAL_SHAPE)
        bytes.fromhex(seal["root"])
    except ValueError:
        return False
    return bool(seal["size"] >= 1 and seal["last"] == seal["first"] + seal["size"] - 1)


def signature_problem(content: Mapping[str, Any], keys: Mapping[str, PublicKey]) -> str:
    """What is wrong with the signature of a seal or a manifest; empty where nothing is."""
    key = keys.get(content["key"])
    if key is None:
        return f"key {content['key'][:64]} is not among the keys"
    try:
        signature = signature_of(content)
    except ValueError as error:
        return f"its signature {error}"
    return "" if key.verifies(signed_bytes(content), signature) else "its signature is not valid"


# --- checkpoints ------------------------------------------------------------------------------


def check_checkpoints(
    entries: Iterable[Entry],
    seals: list[SealedRange],
    found: Findings,
    *,
    begins_at_one: bool = True,
) -> int:
    """Each checkpoint repeats one of the seals; gives the last one's number, 0 where there is none.

    begins_at_one: not so for files that somebody keeps, of which each takes up where another ends.
    """
    before = 0 if begins_at_one else None
    for where, _, entry in entries:
        try:
            shaped(entry, {"hash": str, "seal": dict})
            seal = shaped(entry["seal"], SEAL_SHAPE)
        except ValueError as error:
            found.add(where, str(error))
            continue
        number = seal["number"]
        if before is None and number > 0:
            before = number - 1
        before = before or 0
        if sha256(compact(seal)).hexdigest() != entry["hash"]:
            found.add(where, f"the hash of checkpoint {number} is not that of its seal")
        elif number != before + 1:
            found.add(where, f"checkpoint {before + 1} should stand here, not {number}")
        elif number > len(seals):
            lost = seal["last"] - (seals[-1].last if seals else 0)
            found.add(where, f"seal {number} is gone: {lost} records up to it are missing")
        elif seals[number - 1].hash != entry["hash"]:
            found.add(where, f"seal {number} is not the one that was made: the chain is another")
        before = number
    return before or 0


def check_kept(path: Path, seals: list[SealedRange], found: Findings) -> str:
    """A file of checkpoints that the auditor keeps; a sentence of how far it reaches."""
    last = check_checkpoints(objects_of(path, found), seals, found, begins_at_one=False)
    if not last:
        found.add(path.name, "holds no checkpoint, so nothing was compared with it")
    return f"the checkpoints of `{path.name}` reach to seal {last}"
