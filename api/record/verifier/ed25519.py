"""Signatures of RFC 8032 (Ed25519), checked in plain Python. It holds no secret and signs nothing.

Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z. A table of multiples for the base point
and for each public key makes one check 64 additions.
"""

from hashlib import sha512

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, PRIME) % PRIME
_ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)

Point = tuple[int, int, int, int]
Table = list[list[Point]]

_NEUTRAL: Point = (0, 1, 1, 0)


class PublicKey:
    """A public key of 32 bytes; ValueError where they are no point of the curve."""

    def __init__(self, encoded: bytes) -> None:
        x, y = _decode(encoded)
        self._encoded = encoded
        self._negated = _multiples((PRIME - x if x else 0, y, 1, (PRIME - x) * y % PRIME))

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this signature of 64 bytes was made over the message with this key."""
        if len(signature) != 64:
            return False
        scalar = int.from_bytes(signature[32:], "little")
        if scalar >= ORDER:  # else a second signature could be made out of a first one
            return False
        digest = sha512(signature[:32] + self._encoded + message).digest()
        challenge = int.from_bytes(digest, "little") % ORDER
        # R = S*B - h*A, compared as bytes, so that each point has one accepted encoding.
        point = _sum(_base_table(), scalar, _NEUTRAL)
        point = _sum(self._negated, challenge, point)
        return _encode(point) == signature[:32]


def _add(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = (y1 - x1) * (y2 - x2) % PRIME
    b = (y1 + x1) * (y2 + x2) % PRIME
    c = 2 * t1 * t2 * _D % PRIME
    d = 2 * z1 * z2 % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _multiples(point: Point) -> Table:
    """Row i holds the multiples 0 to 255 of point * 256^i."""
    table = []
    for _ in range(32):
        row = [_NEUTRAL]
        for _ in range(255):
            row.append(_add(row[-1], point))
        table.append(row)
        point = _add(row[-1], point)
    return table


def _sum(table: Table, scalar: int, start: Point) -> Point:
    """start + scalar * the table's point."""
    point = start
    for row, digit in zip(table, scalar.to_bytes(32, "little"), strict=True):
        if digit:
            point = _add(point, row[digit])
    return point


def _encode(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, PRIME)
    x, y = x * inverse % PRIME, y * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(encoded: bytes) -> tuple[int, int]:
    """x and y of an encoded point, RFC 8032, section 5.1.3."""
    number = int.from_bytes(encoded, "little")
    is_odd, y = number >> 255, number & (2**255 - 1)
    if len(encoded) != 32 or y >= PRIME:
        raise ValueError("is no Ed25519 public key")
    u, v = (y * y - 1) % PRIME, (_D * y * y + 1) % PRIME
    x = u * pow(v, 3, PRIME) * pow(u * pow(v, 7, PRIME), (PRIME - 5) // 8, PRIME) % PRIME
    if v * x * x % PRIME == (-u) % PRIME:
        x = x * _ROOT_OF_MINUS_ONE % PRIME
    if v * x * x % PRIME != u or (x == 0 and is_odd):
        raise ValueError("is no Ed25519 public key")
    return (PRIME - x if x % 2 != is_odd else x), y


_base: list[Table] = []


def _base_table() -> Table:
    if not _base:
        y = 4 * pow(5, -1, PRIME) % PRIME
        x, _ = _decode(y.to_bytes(32, "little"))
        _base.append(_multiples((x, y, 1, x * y % PRIME)))
    return _base[0]
