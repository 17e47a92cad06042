"""Sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.compression import ByteSize
from videoxl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "num_bytes"),
    [
        ("24GiB", 24 * 2**30),
        (" 24 gib ", 24 * 2**30),
        ("24G", 24 * 2**30),
        ("80GB", 80 * 10**9),
        ("1.5KiB", 1536),
        ("0.5TiB", 2**39),
        ("512MiB", 2**29),
        ("7", 7),
        ("7B", 7),
    ],
)
def test_parse(text, num_bytes):
    """GiB are powers of 1024, GB of 1000, a bare letter is binary, a bare number bytes."""
    assert ByteSize.parse(text) == num_bytes


@pytest.mark.parametrize("text", ["", "GiB", "-1GiB", "24 gallons", "1e9", "1,5GiB", "nan", "24GiB 3"])
def test_what_is_not_a_size_is_refused(text):
    """Anything else is refused with what was got."""
    with pytest.raises(UsageError, match="is not a size"):
        ByteSize.parse(text)


@pytest.mark.parametrize(
    ("num_bytes", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 * 2**29, "1.5 GiB"), (2**50, "1024.0 TiB")],
)
def test_print(num_bytes, text):
    """A size prints in the largest unit that it fills."""
    assert str(ByteSize(num_bytes)) == f"{ByteSize(num_bytes)}" == text


@given(st.integers(0, 2**50))
def test_what_is_printed_parses_to_about_the_same(num_bytes):
    """Printing rounds to one decimal of the unit, and nothing else is lost."""
    assert ByteSize.parse(str(ByteSize(num_bytes))) == pytest.approx(num_bytes, rel=0.05)
