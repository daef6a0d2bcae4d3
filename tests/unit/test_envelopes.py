"""Sealed values open where they were put, whole and untouched, and nowhere else."""

import secrets

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.privacy import masters, vault

from api.privacy import envelope as forms
from api.privacy.envelope import Broken, Place, Sealed
from api.privacy.vault import DataKey, joint_cipher

KEY = vault().new_key()
parts = st.text(st.characters(codec="utf-8"), max_size=30)
places = st.builds(Place, parts, parts, parts)


def seal(key: DataKey, place: Place, content: bytes) -> Sealed:
    body = forms.encrypt(key.cipher, secrets.token_bytes(12), place, forms.VERSION, key.id, content)
    return forms.as_text(forms.VERSION, key.id, body)


def unseal(key: DataKey, place: Place, envelope: str) -> bytes:
    version, id, body = forms.read_text(envelope)
    return forms.decrypt(key.cipher, place, version, id, body)


def unseal_bytes(key: DataKey, place: Place, envelope: bytes) -> bytes:
    id, body = forms.read_bytes(envelope)
    return forms.decrypt(key.cipher, place, forms.VERSION, id, body)


@given(st.binary(max_size=300), places)
def test_what_is_sealed_comes_back(content: bytes, place: Place) -> None:
    envelope = seal(KEY, place, content)
    assert unseal(KEY, place, envelope) == content
    as_bytes = forms.as_bytes(KEY.id, forms.read_text(envelope)[2])
    assert unseal_bytes(KEY, place, as_bytes) == content


@given(places, places)
def test_an_envelope_opens_at_its_own_place_alone(place: Place, other: Place) -> None:
    assume(place != other)
    with pytest.raises(Broken):
        unseal(KEY, other, seal(KEY, place, b"Maya"))


def test_parts_of_a_place_cannot_be_shifted_into_one_another() -> None:
    with pytest.raises(Broken):
        unseal(
            KEY, Place("students", "1", "2name"), seal(KEY, Place("students", "12", "name"), b"x")
        )


def test_equal_texts_have_unequal_envelopes() -> None:
    place = Place("students", "1", "name")
    assert len({seal(KEY, place, b"Maya") for _ in range(50)}) == 50


def test_every_flipped_bit_and_every_shorter_text_is_refused() -> None:
    place = Place("students", "1", "name")
    envelope = seal(KEY, place, b"Maya Example")
    raw = envelope.encode()
    changed = [
        raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]
        for at in range(len(raw))
        for bit in range(8)
    ]
    cut = [raw[:length] for length in range(len(raw))]
    for broken in (*changed, *cut):
        with pytest.raises(Broken):
            unseal(KEY, place, broken.decode("latin-1"))


def test_the_byte_form_is_refused_where_it_is_changed_or_cut() -> None:
    place = Place("attachments", "1", "content")
    envelope = forms.as_bytes(KEY.id, forms.read_text(seal(KEY, place, b"paper"))[2])
    texts = [*(envelope[:n] for n in range(len(envelope))), b"%PDF-1.7 a paper of old"]
    for broken in texts:
        with pytest.raises(Broken):
            unseal_bytes(KEY, place, broken)


def test_another_key_opens_nothing() -> None:
    place = Place("students", "1", "name")
    other = DataKey.of(KEY.id, secrets.token_bytes(32))
    with pytest.raises(Broken, match="another key"):
        unseal(other, place, seal(KEY, place, b"Maya"))


def test_a_joint_envelope_needs_each_of_its_keys() -> None:
    made = [vault().new_key() for _ in range(3)]
    place, name = Place("idempotency_keys", "1", "body"), "a,b,c"
    body = forms.encrypt(
        joint_cipher(made), secrets.token_bytes(12), place, forms.JOINT_VERSION, name, b"reply"
    )
    whole = joint_cipher(reversed(made))
    assert forms.decrypt(whole, place, forms.JOINT_VERSION, name, body) == b"reply"
    for missing in range(3):
        fewer = joint_cipher(key for number, key in enumerate(made) if number != missing)
        with pytest.raises(Broken):
            forms.decrypt(fewer, place, forms.JOINT_VERSION, name, body)


def test_only_what_we_write_is_taken_for_an_envelope_inside_json() -> None:
    envelope = seal(KEY, Place("decisions", "1", "facts.student.age"), b"9")
    assert forms.from_json(forms.in_json(envelope)) == envelope
    likes = [{"sealed": 9}, {"sealed": "no"}, {"sealed": envelope, "x": 1}]
    for plain in (None, 9, "e1.x.y", [envelope], *likes):
        assert forms.from_json(plain) is None


# --- data keys under master keys --------------------------------------------------------------


def test_a_wrapped_key_opens_under_its_master_key_and_id_alone() -> None:
    old, new = vault(1), vault(1, 2)
    key = old.new_key()
    wrapped = old.wrap(key)
    assert new.unwrap(key.id, wrapped, "2026-01-01").secret == key.secret
    assert new.wrap(key) != wrapped
    with pytest.raises(Broken, match="not among those loaded"):
        old.unwrap(key.id, new.wrap(key), "2026-01-02")
    with pytest.raises(Broken, match="another key"):
        new.unwrap(key.id, wrapped, "2026-01-02")
    with pytest.raises(Broken):
        old.unwrap(old.new_key().id, wrapped, "2026-01-01")
    with pytest.raises(Broken, match="cut short"):
        old.unwrap(key.id, wrapped[:20], "2026-01-01")


def test_no_secret_shows_where_keys_are_printed() -> None:
    held = vault(1)
    key = held.new_key()
    shown = f"{held!r} {key!r} {masters(1)!r} {held.masters.active!r}"
    assert key.secret.hex() not in shown
    assert repr(key.secret) not in shown
    assert repr(bytes([1]) * 32) not in shown
    assert "2026-01-01" in shown
