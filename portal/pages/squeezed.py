"""Join texts that were compressed before, and others of this moment, into one gzip stream.

The parts are compressed apart and share no dictionary, so no secret of one answer is ever compressed
together with anything else. Only the checksum spans them, and it is combined as zlib's
crc32_combine() does: https://github.com/madler/zlib/blob/master/crc32.c.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache

# RFC 1952: magic, deflate, no flags, no time, no extra flags, unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
# RFC 1951: a last block with nothing in it.
_END = b"\x03\x00"
_RAW, _MEMORY = -zlib.MAX_WBITS, 9
_LONGEST_STORED = 0xFFFF
_SHORT = 4096
# CRC-32's polynomial, its bits in reverse; x**0 and x**1 written the same way.
_POLYNOMIAL, _ONE, _X = 0xEDB88320, 1 << 31, 1 << 30


@dataclass(frozen=True, slots=True)
class Squeezed:
    """A part of a stream: whole deflate blocks, how long they are unpacked, and their checksum."""

    blocks: bytes
    length: int
    checksum: int
    # What the checksum of all before it is multiplied by; of a short text it is quicker to go on.
    shift: int
    short: bytes | None

    def text(self) -> bytes:
        """Unpack."""
        return zlib.decompressobj(_RAW).decompress(self.blocks)


def squeeze(text: bytes, *, level: int) -> Squeezed:
    """Compress a part so that others can stand before and after it."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _RAW, _MEMORY)
    blocks = packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)
    return _squeezed(blocks, text)


def stored(text: bytes) -> Squeezed:
    """Take a short text as it is, as a stored block (RFC 1951, 3.2.4)."""
    if len(text) > _LONGEST_STORED:
        raise ValueError(f"{len(text)} bytes do not fit into one stored block")
    size, complement = len(text), len(text) ^ 0xFFFF
    blocks = b"\x00" + size.to_bytes(2, "little") + complement.to_bytes(2, "little") + text
    return _squeezed(blocks, text)


def _squeezed(blocks: bytes, text: bytes) -> Squeezed:
    if len(text) <= _SHORT:
        return Squeezed(blocks, len(text), 0, 0, text)
    return Squeezed(blocks, len(text), zlib.crc32(text), _power(8 * len(text)), None)


def gzip(*parts: Squeezed) -> bytes:
    """Return a gzip stream of these parts, one after the other."""
    checksum = length = 0
    for part in parts:
        if part.short is None:
            checksum = _times(part.shift, checksum) ^ part.checksum
        else:
            checksum = zlib.crc32(part.short, checksum)
        length += part.length
    trailer = checksum.to_bytes(4, "little") + (length & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join((_HEADER, *(part.blocks for part in parts), _END, trailer))


def _times(one: int, other: int) -> int:
    """Multiply two polynomials modulo CRC-32's."""
    product, bit = 0, _ONE
    while bit:
        if one & bit:
            product ^= other
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1
        bit >>= 1
    return product


@cache
def _doubled(times: int) -> int:
    """Return x**(2**times)."""
    if times == 0:
        return _X
    half = _doubled(times - 1)
    return _times(half, half)


def _power(exponent: int) -> int:
    """Return x**exponent modulo CRC-32's polynomial."""
    product = _ONE
    for place in range(exponent.bit_length()):
        if exponent >> place & 1:
            product = _times(product, _doubled(place))
    return product
