"""Seals and opens values inside one transaction: finds, makes and remembers data keys."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection

from api.errors import Refusal, problem
from api.privacy import envelope as forms
from api.privacy.envelope import Broken, Place, Sealed, SealedBytes
from api.privacy.vault import DataKey, Vault, joint_cipher
from api.store.data_keys import DataKeys
from api.store.records import DataKeyRow

T = TypeVar("T")

ERASED: Final = "(erased)"
"""Stands where the key of what was there has been destroyed."""

NEW_SUBJECT: Final = "decision:"
"""How the subject of a decision about nobody named begins; such a subject is used once."""

_OWNER: Final = "owner"
_log = structlog.get_logger("privacy")


class Gone(Exception):
    """The key was destroyed: nobody can read the value any more."""


class Boxes:
    """What a transaction seals and opens with. Keys that it makes are shared once it commits."""

    def __init__(self, connection: Connection, vault: Vault | None) -> None:
        self._rows = DataKeys(connection)
        self._vault = vault
        self._own: dict[str, DataKey] = {}
        self._own_subjects: dict[str, str] = {}
        self._once: dict[str, DataKey] = {}
        self._destroyed: list[str] = []
        self._watchers: list[dict[str, None]] = []

    @property
    def vault(self) -> Vault:
        """The vault; Refusal RECORD_UNAVAILABLE where the service was started without one."""
        if self._vault is None:
            raise Refusal("RECORD_UNAVAILABLE", "no master key is loaded; see MASTER_KEY_FILE")
        return self._vault

    # --- sealing --------------------------------------------------------------------------------

    def seal(self, subject: str, place: Place, text: str) -> Sealed:
        """A text about a subject, such as `student:<id>`, bound to its place."""
        key, body = self._sealed(subject, place, text.encode())
        return forms.as_text(forms.VERSION, key.id, body)

    def seal_all(self, subject: str, texts: Iterable[tuple[Place, str]]) -> list[Sealed]:
        """Several texts about one subject; its key is looked for once."""
        key = self._key_of(subject)
        self._note(key.id)
        return [
            forms.as_text(forms.VERSION, key.id, self._encrypted(key, place, text.encode()))
            for place, text in texts
        ]

    def seal_optional(self, subject: str, place: Place, text: str | None) -> Sealed | None:
        """The same; nothing stays nothing."""
        return None if text is None else self.seal(subject, place, text)

    def seal_bytes(self, subject: str, place: Place, content: bytes) -> SealedBytes:
        """Bytes about a subject, bound to their place."""
        key, body = self._sealed(subject, place, content)
        return forms.as_bytes(key.id, body)

    def _sealed(self, subject: str, place: Place, content: bytes) -> tuple[DataKey, bytes]:
        key = self._key_of(subject)
        self._note(key.id)
        return key, self._encrypted(key, place, content)

    def _encrypted(self, key: DataKey, place: Place, content: bytes) -> bytes:
        nonce = self.vault.nonce()
        return forms.encrypt(key.cipher, nonce, place, forms.VERSION, key.id, content)

    def seal_jointly(self, key_ids: Iterable[str], place: Place, text: str) -> Sealed:
        """A text about several: it opens only while the key of every one of them is there."""
        ids = sorted(set(key_ids))
        cipher, name = joint_cipher(self._key(id) for id in ids), ",".join(ids)
        nonce = self.vault.nonce()
        body = forms.encrypt(cipher, nonce, place, forms.JOINT_VERSION, name, text.encode())
        return forms.as_text(forms.JOINT_VERSION, name, body)

    # --- opening --------------------------------------------------------------------------------

    def open(self, place: Place, envelope: Sealed) -> str:
        """The text. Gone where its key was destroyed, Refusal RECORD_UNAVAILABLE where it cannot
        be read: then nothing of it is shown, and operations are told which record it is."""
        return self._told(place, lambda: self._open_text(place, envelope)).decode()

    def open_bytes(self, place: Place, envelope: SealedBytes) -> bytes:
        """The bytes, with the same failures."""
        return self._told(place, lambda: self._open_bytes(place, envelope))

    def shown(self, place: Place, envelope: Sealed | None) -> str | None:
        """The text as views show it: ERASED where its key was destroyed, None where there is none.

        Whoever calls this has seen that the caller may read it.
        """
        if envelope is None:
            return None
        try:
            return self.open(place, envelope)
        except Gone:
            return ERASED

    def _open_text(self, place: Place, envelope: Sealed) -> bytes:
        version, id, body = forms.read_text(envelope)
        if version == forms.VERSION:
            return forms.decrypt(self._key(id).cipher, place, version, id, body)
        cipher = joint_cipher(self._key(one) for one in id.split(","))
        return forms.decrypt(cipher, place, version, id, body)

    def _open_bytes(self, place: Place, envelope: SealedBytes) -> bytes:
        id, body = forms.read_bytes(envelope)
        return forms.decrypt(self._key(id).cipher, place, forms.VERSION, id, body)

    def _told(self, place: Place, opened: Callable[[], T]) -> T:
        try:
            return opened()
        except Broken as broken:
            _log.error("a sealed value does not open", alert=True, place=str(place),
                       why=str(broken))  # fmt: skip
            raise _unreadable(place) from None

    # --- keys -----------------------------------------------------------------------------------

    def prefetch(self, envelopes: Iterable[Sealed]) -> None:
        """Loads the keys of many envelopes in one query; what is wrong with one shows later."""
        wanted = set()
        for envelope in envelopes:
            try:
                wanted.update(forms.read_text(envelope)[1].split(","))
            except Broken:
                continue
        missing = [id for id in wanted if id not in self._own and not self.vault.known_key(id)]
        for row in self._rows.named(missing) if missing else ():
            if row.wrapped is not None:
                self._learn(row)

    def _key(self, id: str) -> DataKey:
        """The data key; Gone where it was destroyed, Broken where it is not there or not ours."""
        key = self._own.get(id) or self.vault.known_key(id)
        if key is None:
            row = self._rows.get(id)
            if row is None:
                raise Broken("its key is not in the database")
            if row.wrapped is None:
                raise Gone
            key = self._learn(row)
        self._note(id)
        return key

    def _learn(self, row: DataKeyRow) -> DataKey:
        assert row.wrapped is not None  # noqa: S101 - every caller has looked
        key = self.vault.unwrap(row.id, row.wrapped, row.master_key)
        self._own[key.id] = key
        if row.id not in self._own_subjects.values():
            self.vault.remember([key])
        return key

    def _key_of(self, subject: str) -> DataKey:
        """The subject's key, made at its first use."""
        indexes = self.vault.subject_indexes(subject)
        once = self._once.get(indexes[0])
        if once is not None:
            return once
        id = self._own_subjects.get(indexes[0]) or self.vault.known_subject(indexes[0])
        known = (self._own.get(id) or self.vault.known_key(id)) if id else None
        if known is not None:
            return known
        # A decision is new when it is sealed, so nobody has looked for its key before.
        rows = [] if subject.startswith(NEW_SUBJECT) else self._rows.of_subject(indexes)
        return self._live(indexes, rows) or self._make(subject, indexes, rows)

    def _live(self, indexes: list[str], rows: list[DataKeyRow]) -> DataKey | None:
        """The first of a subject's keys that was not destroyed."""
        for row in rows:
            if row.wrapped is not None:
                key = self._told(_row_place(row), partial(self._learn, row))
                self.vault.remember([key], [(indexes[0], key.id)])
                return key
        return None

    def _make(self, subject: str, indexes: list[str], rows: list[DataKeyRow]) -> DataKey:
        """A new key. Of two transactions that come here at once, one waits and takes the other's.

        A subject whose key was destroyed gets another one: what is told of them from then on is
        nothing that was erased.
        """
        while True:
            key = self.vault.new_key()
            copy = max((row.copy for row in rows), default=-1) + 1
            if self._rows.add_new(self._row_of(key, subject, indexes[0], copy)):
                self._own[key.id], self._own_subjects[indexes[0]] = key, key.id
                return key
            rows = self._rows.of_subject(indexes)
            found = self._live(indexes, rows)
            if found is not None:
                return found

    def make_new(self, subjects: Iterable[str]) -> None:
        """Makes the keys of subjects that are used for the first and only time (NEW_SUBJECT), in
        one statement. Nobody is likely to look for them soon, so they are not shared."""
        rows = []
        for subject in subjects:
            index = self.vault.subject_indexes(subject)[0]
            key = self.vault.new_key()
            rows.append(self._row_of(key, subject, index, copy=0))
            self._own[key.id] = self._once[index] = key
        self._rows.add_all(rows)

    def _row_of(self, key: DataKey, subject: str, index: str, copy: int) -> DataKeyRow:
        owner = self._encrypted(key, owner_place(key.id), subject.encode())
        return DataKeyRow(
            id=key.id,
            subject=index,
            copy=copy,
            master_key=self.vault.masters.active.name,
            wrapped=self.vault.wrap(key),
            owner=forms.as_text(forms.VERSION, key.id, owner),
            created_at=self.vault.clock(),
        )

    def owner(self, row: DataKeyRow) -> str:
        """Whom a key is about. Gone and Refusal as for `open`."""
        if row.owner is None:
            raise Gone
        return self.open(owner_place(row.id), Sealed(row.owner))

    def rewrapped(self, row: DataKeyRow) -> DataKeyRow:
        """A live key as it is stored under the active master key."""
        assert row.wrapped is not None  # noqa: S101 - only live keys are asked for
        key = self._told(_row_place(row), partial(self._learn, row))
        return replace(
            row,
            subject=self.vault.subject_indexes(self.owner(row))[0],
            wrapped=self.vault.wrap(key),
            master_key=self.vault.masters.active.name,
        )

    def destroy(self, subject: str) -> int:
        """Destroys every key of a subject; how many there were that still opened something."""
        rows = self._rows.of_subject(self.vault.subject_indexes(subject))
        ids = [row.id for row in rows if row.wrapped is not None]
        self._rows.destroy(ids, self.vault.clock())
        self._destroyed += ids
        for id in ids:
            self._own.pop(id, None)
        self._own_subjects = {k: v for k, v in self._own_subjects.items() if v not in ids}
        self.vault.forget(ids)
        return len(ids)

    # --- the transaction ------------------------------------------------------------------------

    def committed(self) -> None:
        """The transaction is durable: what it made may be shared, what it destroyed is gone."""
        if self._vault is None:
            return
        made = self._own_subjects.items()
        self._vault.remember([self._own[id] for _, id in made], made)
        if self._destroyed:
            # Another thread may have looked a key up again before the commit.
            self._vault.forget(self._destroyed)

    @contextmanager
    def watching(self) -> Iterator[dict[str, None]]:
        """Collects the ids of the keys that are used inside the block."""
        used: dict[str, None] = {}
        self._watchers.append(used)
        try:
            yield used
        finally:
            self._watchers.remove(used)

    def _note(self, id: str) -> None:
        for used in self._watchers:
            used[id] = None


def owner_place(key_id: str) -> Place:
    """Where it is written whom a key is about."""
    return Place("data_keys", key_id, _OWNER)


def _row_place(row: DataKeyRow) -> Place:
    return Place("data_keys", row.id, "wrapped")


def _unreadable(place: Place) -> Refusal:
    message = "personal data of this record cannot be read; it has been reported"
    details: list[dict[str, Any]] = [
        problem(f"{place.table}.{place.field}", "does not open", f"record `{place.id[:64]}`")
    ]
    return Refusal("RECORD_UNAVAILABLE", message, details)
