"""Pieces that were compressed apart are one gzip stream that anybody can read."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.pages.squeezed import gzip as joined
from portal.pages.squeezed import squeeze, stored


@given(st.lists(st.binary(max_size=3000), max_size=5))
def test_joined_pieces_are_what_they_were_one_after_the_other(texts: list[bytes]) -> None:
    stream = joined(*(squeeze(text, level=1 + place) for place, text in enumerate(texts)))

    assert gzip.decompress(stream) == b"".join(texts)


@pytest.mark.parametrize("text", [b"short", bytes(9999)])
def test_stream_whose_text_was_changed_is_refused(text: bytes) -> None:
    stream = joined(squeeze(b"first", level=1), squeeze(text, level=9))
    wrong = stream[:-8] + bytes([stream[-8] ^ 1]) + stream[-7:]

    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(wrong)


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
    piece = squeeze(secret, level=9)

    assert len(joined(piece, piece)) > 2 * len(piece.blocks)


def test_text_of_this_moment_is_taken_as_it_is() -> None:
    stream = joined(squeeze(b"before " * 9, level=9), stored(b"token"), squeeze(b"after", level=9))

    assert b"token" in stream
    assert gzip.decompress(stream) == b"before " * 9 + b"token" + b"after"


def test_text_too_long_for_one_block_is_refused() -> None:
    with pytest.raises(ValueError, match="65536 bytes"):
        stored(bytes(65536))
