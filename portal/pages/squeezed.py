"""Join text that was compressed before with text of this moment into one gzip stream.

The pieces are compressed apart and share no dictionary, so no secret of one answer (a CSRF token) is
ever compressed together with what was kept from before. Only the checksum spans them, and it is
combined as zlib's crc32_combine() does: https://github.com/madler/zlib/blob/master/crc32.c.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache

# RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_RAW, _MEMORY = -zlib.MAX_WBITS, 9
# CRC-32's polynomial, its bits in reverse; x**0 and x**1 written the same way.
_POLYNOMIAL, _ONE, _X = 0xEDB88320, 1 << 31, 1 << 30


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A piece of a stream: whole deflate blocks, how long they are unpacked, and their checksum."""

    blocks: bytes
    length: int
    checksum: int
    # What a checksum is multiplied by for as many bytes to follow it.
    shift: int

    def text(self) -> bytes:
        """Unpack."""
        return zlib.decompressobj(_RAW).decompress(self.blocks)


def squeeze(text: bytes, *, level: int) -> Squeezed:
    """Compress a piece so that others can stand before and after it."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY)
    return Squeezed(
        blocks=packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH),
        length=len(text),
        checksum=zlib.crc32(text),
        shift=_power(8 * len(text)),
    )


def gzip(*pieces: Squeezed) -> bytes:
    """Return a gzip stream of these pieces, one after the other."""
    checksum = length = 0
    for piece in pieces:
        checksum = _times(piece.shift, checksum) ^ piece.checksum
        length += piece.length
    end = b"\x03\x00"  # RFC 1951: a last block with nothing in it
    trailer = checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join((_HEADER, *(piece.blocks for piece in pieces), end, trailer))


def _times(one: int, other: int) -> int:
    """Multiply two polynomials modulo CRC-32's."""
    product, bit = 0, _ONE
    while bit:
        if one & bit:
            product ^= other
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1
        bit >>= 1
    return product


def _power(exponent: int) -> int:
    """Return x**exponent modulo CRC-32's polynomial."""
    product = _ONE
    for place in range(exponent.bit_length()):
        if exponent >> place & 1:
            product = _times(product, _doubled(place))
    return product


@cache
def _doubled(times: int) -> int:
    """Return x**(2**times)."""
    if times == 0:
        return _X
    half = _doubled(times - 1)
    return _times(half, half)
