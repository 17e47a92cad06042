"""Addresses are read in one way, and those that could be read in two are refused; numbers are public or are not."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.errors import FetchRefusedError
from videoxl.library.fetch_address import web_address
from videoxl.library.fetch_name import MAX_LETTERS, safe_name
from videoxl.library.fetch_public import CARRIERS, PRIVATE, why_not


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("http://films.example", "films.example", 80, "/"),
        ("HTTPS://Films.Example:8443/a/b?x=1#part", "films.example", 8443, "/a/b?x=1"),
        ("http://films.example/spa%20ce/ü.mp4", "films.example", 80, "/spa%20ce/%C3%BC.mp4"),
        ("http://bücher.example/", "xn--bcher-kva.example", 80, "/"),
        ("http://[2606:2800:21f::1]:8080/x", "2606:2800:21f::1", 8080, "/x"),
        ("http://93.184.215.14/x", "93.184.215.14", 80, "/x"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, port: int, target: str) -> None:
    """Scheme and host in lower case, a host of letters in its ASCII form, a target that is safe in a request."""
    address = web_address(url)
    assert (address.host, address.port, address.target) == (host, port, target)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://films.example/", "javascript:alert(1)", "films.example/film.mp4", "//films.example/", "http:x.example",
        "http://user@films.example/", "http://user:pass@films.example/", "http://films.example@127.0.0.1/",
        "http://films.example\\@127.0.0.1/", "http://127.0.0.1\\.films.example/", "http://films.example /",
        "http://films.example/\r\nHost: other", "http://films.example/\tx", "http://films.ex\x00ample/", "http://",
        "http:///film.mp4", "http://films.example:99999/", "http://films.example:abc/", "http://films.example:22/",
        "http://[::1", "http://[fe80::1%25eth0]/", "http://%31%32%37.0.0.1/", "http://films.example:-1/",
        "http://" + "a" * 300 + "/", "http://films.example/" + "a" * 9000, "http://" + "a." * 200 + "example/",
        "http://films\u2028.example/", "http://\u200b/",
    ],
)  # fmt: skip
def test_an_address_that_two_readers_may_read_differently_is_refused(url: str) -> None:
    """Passwords, backslashes, blanks, broken ports and hosts, other schemes: one sentence each."""
    with pytest.raises(FetchRefusedError) as caught:
        web_address(url)
    assert "\n" not in str(caught.value)
    assert "pass" not in str(caught.value).replace("password", "")


def test_a_shown_address_has_no_query() -> None:
    """Keys in a query are not repeated; a long address is cut."""
    assert web_address("http://films.example/a?key=hunter2").shown == "http://films.example/a"
    assert len(web_address("http://films.example/" + "a" * 5000).shown) == 200


@given(st.text(max_size=60))
def test_reading_an_address_never_fails_otherwise(rest: str) -> None:
    """Whatever follows the scheme is an address or a refusal."""
    try:
        address = web_address("http://" + rest)
    except FetchRefusedError:
        return
    assert address.host
    assert address.target.isascii()
    assert address.target.isprintable()
    assert " " not in address.target


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "93.184.215.14", "1.1.1.1", "2606:2800:21f::1", "2a00:1450:4001::8a", "::ffff:8.8.8.8"]
)
def test_public_addresses_may_be_asked(text: str) -> None:
    """Machines of the public internet, in both versions."""
    assert why_not(text) is None


@pytest.mark.parametrize("network", [*PRIVATE, *CARRIERS, "169.254.0.0/16", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4",
    "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "fe80::/10", "fec0::/10",
    "ff00::/8", "2001:db8::/32", "100::/64"])  # fmt: skip
def test_the_first_and_the_last_of_every_special_network_are_refused(network: str) -> None:
    """Private, reserved, of many machines, local to a link, standing for others: from end to end."""
    whole = ipaddress.ip_network(network)
    for address in (whole[0], whole[-1], whole[whole.num_addresses // 2]):
        assert why_not(str(address)) is not None
        if address.version == 4:
            assert why_not(f"::ffff:{address}") is not None


@given(st.ip_addresses())
def test_nothing_that_is_not_global_gets_through(address) -> None:
    """For any address: what may be asked is global, of one machine, and so is what it stands for."""
    if why_not(str(address)) is None:
        seen = getattr(address, "ipv4_mapped", None) or address
        assert seen.is_global
        special = ("multicast", "private", "loopback", "link_local", "reserved", "unspecified")
        assert [kind for kind in special if getattr(seen, f"is_{kind}")] == []


def test_private_addresses_may_be_asked_where_allowed_and_nothing_else() -> None:
    """Networks next door and this machine; no service of a cloud, no group, no link."""
    for text in ("10.0.0.1", "127.0.0.1", "::1", "192.168.0.1", "fd12::1", "100.64.0.1"):
        assert why_not(text, allow_private=True) is None
    for text in (
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "224.0.0.1",
        "0.0.0.0",
        "fe80::1",
        "2002:a00:1::",
    ):
        assert why_not(text, allow_private=True) is not None


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (None, "video.mp4"), ("", "video.mp4"), ("a.mp4", "a.mp4"), ("a.webm", "a.mp4"), ("a", "a.mp4"),
        ("../../etc/passwd", "passwd.mp4"), ("..\\..\\x.exe", "x.mp4"), ("/", "video.mp4"), ("%2e%2e%2fx.mp4", "x.mp4"),
        ("a\x00b\x1b[2J\nc.mp4", "ab[2Jc.mp4"), ("\u202egpm.exe", "gpm.mp4"), ("a<b>:c?.mp4", "a_b__c_.mp4"),
        (" . . ", "video.mp4"), ("archive.tar.gz", "archive.tar.mp4"),
    ],
)  # fmt: skip
def test_a_name_is_made_harmless(raw, name: str) -> None:
    """One part, printable, with the suffix of what the bytes are."""
    assert safe_name(raw, ".mp4") == name


@given(st.text(max_size=400))
def test_no_name_is_ever_a_path(raw: str) -> None:
    """Whatever a stranger writes."""
    name = safe_name(raw, ".mp4")
    assert name.endswith(".mp4")
    assert 5 <= len(name) <= MAX_LETTERS + 4
    assert not set(name) & set('/\\<>:"|?*\x00\n\r')
    assert name.strip(" ") == name
    assert not name.startswith(".")
