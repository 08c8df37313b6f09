"""Pieces that were compressed apart are one gzip stream that anybody can read."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.pages.squeezed import Squeezed, squeeze
from portal.pages.squeezed import gzip as joined


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_joined_pieces_are_what_they_were_one_after_the_other(texts: list[bytes]) -> None:
    stream = joined(*(squeeze(text, level=1 + place) for place, text in enumerate(texts)))

    assert gzip.decompress(stream) == b"".join(texts)


def test_stream_with_a_wrong_checksum_is_refused() -> None:
    piece = squeeze(b"text", level=9)
    wrong = Squeezed(piece.blocks, piece.length, piece.checksum ^ 1, piece.shift)

    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(joined(wrong, piece))


def test_long_piece_keeps_its_checksum_behind_another() -> None:
    long = bytes(range(256)) * 4000

    assert (
        gzip.decompress(joined(squeeze(b"first", level=1), squeeze(long, level=9)))
        == b"first" + long
    )


def test_piece_unpacks_on_its_own() -> None:
    assert squeeze(b"text" * 99, level=6).text() == b"text" * 99


def test_pieces_share_no_dictionary() -> None:
    secret = bytes(range(200))
    alone, twice = (
        squeeze(secret, level=9),
        joined(squeeze(secret, level=9), squeeze(secret, level=9)),
    )

    assert len(twice) > 2 * len(alone.blocks)
    assert zlib.crc32(secret) == alone.checksum
