"""The verifier's own Ed25519: the vectors of RFC 8032, and the same verdicts as `cryptography`."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given, settings
from hypothesis import strategies as some

from api.record.verifier.ed25519 import ORDER, PublicKey

# RFC 8032, section 7.1: secret key, public key, message, signature. TEST 1, 2, 3 and SHA(abc).
VECTORS = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
        "f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
        "4dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
        "feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
        "31e0303dca179c138ac17ad9bef1177331a704",
    ),
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
OURS = PublicKey(PUBLIC)


def theirs(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_rfc_verify_and_their_neighbours_do_not(
    secret: str, public: str, message: str, signature: str
) -> None:
    key, signed, made = (bytes.fromhex(text) for text in (public, message, signature))
    assert Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)).sign(signed) == made
    ours = PublicKey(key)
    assert ours.verifies(signed, made)
    assert not ours.verifies(signed + b"\x00", made)
    assert not ours.verifies(signed, made[:-1])
    assert not ours.verifies(signed, made + b"\x00")
    for place in (0, 31, 32, 63):
        wrong = bytearray(made)
        wrong[place] ^= 1
        assert not ours.verifies(signed, bytes(wrong))


@settings(max_examples=60, deadline=None)
@given(some.binary(max_size=200), some.integers(0, 511), some.booleans())
def test_verdicts_are_those_of_cryptography(message: bytes, bit: int, flipped: bool) -> None:
    signature = bytearray(KEY.sign(message))
    if flipped:
        signature[bit // 8] ^= 1 << bit % 8
    made = bytes(signature)
    assert OURS.verifies(message, made) is theirs(PUBLIC, message, made) is not flipped


@settings(max_examples=25, deadline=None)
@given(some.binary(min_size=32, max_size=32), some.binary(max_size=64))
def test_every_key_verifies_its_own_signatures_alone(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = PublicKey(key.public_key().public_bytes_raw())
    assert public.verifies(message, key.sign(message))
    if seed != bytes(range(32)):
        assert not public.verifies(message, KEY.sign(message))


def test_a_second_signature_cannot_be_made_out_of_a_first_one() -> None:
    signature = KEY.sign(b"seal")
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    other = signature[:32] + scalar.to_bytes(32, "little")
    assert not OURS.verifies(b"seal", other)
    assert not theirs(PUBLIC, b"seal", other)


@pytest.mark.parametrize(
    "encoded",
    [
        b"", bytes(31), bytes(33), b"\xff" * 32,
        (2).to_bytes(32, "little"),  # no x belongs to this y
        (2**255 - 19).to_bytes(32, "little"),  # zero, spelled as the prime
        (1 | 1 << 255).to_bytes(32, "little"),  # x is zero and said to be odd
    ],
)  # fmt: skip
def test_bytes_that_are_no_point_are_no_key(encoded: bytes) -> None:
    with pytest.raises(ValueError, match="no Ed25519 public key"):
        PublicKey(encoded)
