"""Merkle trees agree with RFC 6962 as it is written there, and no path proves anything else."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as some

from api.record.merkle import Tree
from api.record.verifier.tree import leaf_hash, root_by_path, root_of

LEAVES = some.lists(some.binary(max_size=8).map(leaf_hash), min_size=1, max_size=70)

# The test vectors that certificate transparency logs publish for RFC 6962.
INPUTS = [
    bytes.fromhex(digits) for digits in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word: split at the largest power of two below the size."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + defined_root(leaves[:split]) + defined_root(leaves[split:])).digest()


def defined_path(leaves: list[bytes], index: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*defined_path(leaves[:split], index), defined_root(leaves[split:])]
    return [*defined_path(leaves[split:], index - split), defined_root(leaves[:split])]


@pytest.mark.parametrize("size", ROOTS)
def test_the_published_roots_are_met(size: int) -> None:
    assert root_of([leaf_hash(data) for data in INPUTS[:size]]).hex() == ROOTS[size]


def test_the_tree_of_nothing_is_the_hash_of_nothing() -> None:
    assert root_of([]) == sha256(b"").digest()
    with pytest.raises(ValueError, match="at least one"):
        _ = Tree([]).root


@given(LEAVES)
def test_roots_and_paths_are_those_of_the_definition(leaves: list[bytes]) -> None:
    tree = Tree(leaves)
    assert tree.root == root_of(leaves) == defined_root(leaves)
    for index, leaf in enumerate(leaves):
        path = tree.path(index)
        assert path == defined_path(leaves, index)
        assert root_by_path(leaf, index, len(leaves), path) == tree.root


@given(LEAVES, some.data())
def test_a_path_proves_its_own_leaf_at_its_own_place_alone(
    leaves: list[bytes], data: some.DataObject
) -> None:
    index = data.draw(some.integers(0, len(leaves) - 1))
    tree, size = Tree(leaves), len(leaves)
    path = tree.path(index)
    other = leaf_hash(b"another record")
    assert root_by_path(other, index, size, path) != tree.root
    assert root_by_path(leaves[index], index, size, [*path, other]) is None
    if path:
        assert root_by_path(leaves[index], index, size, path[:-1]) is None
    for place in (-1, size):
        assert root_by_path(leaves[index], place, size, path) is None
    for place in range(size):
        if leaves[place] != leaves[index]:
            assert root_by_path(leaves[index], place, size, path) != tree.root


def test_a_tree_has_no_path_for_a_leaf_that_it_does_not_have() -> None:
    with pytest.raises(IndexError):
        Tree([leaf_hash(b"one")]).path(1)
