"""Merkle trees of RFC 6962: hashes of leaves and nodes, roots, and paths from a leaf to a root."""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def level_above(nodes: Sequence[bytes]) -> list[bytes]:
    """Pairs joined from the left; a last node without a neighbour goes up as it is.

    Level by level this gives the tree of RFC 6962, which splits at the largest power of two.
    """
    above = [
        sha256(b"\x01" + nodes[place] + nodes[place + 1]).digest()
        for place in range(0, len(nodes) - 1, 2)
    ]
    if len(nodes) % 2:
        above.append(nodes[-1])
    return above


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes; SHA-256 of nothing where there are none."""
    if not leaves:
        return sha256(b"").digest()
    nodes: Sequence[bytes] = leaves
    while len(nodes) > 1:
        nodes = level_above(nodes)
    return nodes[0]


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that this path leads to from leaf `index` of `size`; None where it cannot fit."""
    if not 0 <= index < size:
        return None
    node, last = leaf, size - 1
    for other in path:
        if last == 0:
            return None
        if index % 2 or index == last:
            node = node_hash(other, node)
            while index % 2 == 0 and index:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, other)
        index, last = index >> 1, last >> 1
    return node if last == 0 else None
