"""What cannot be served is said before anything listens."""

import sys

import pytest

from videoxl.cli import main

from .conftest import KEY


@pytest.fixture
def serve(tmp_path, monkeypatch, capsys):
    """Runs `videoxl serve` with options that are refused, in this process."""
    monkeypatch.setenv("VIDEOXL_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIDEOXL_API_KEY", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["videoxl", "serve", *arguments])
        with pytest.raises(SystemExit) as end:
            main(["serve", *arguments])
        return end.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--host", "0.0.0.0"), "no API key is set"),
        (("--host", "192.0.2.1", "--port", "1"), "no API key is set"),
        (("--port", "99999"), "port is 99999"),
        (("--allow-folder", "/no/such/folder"), "is not a folder"),
        (("--api-key-file", "/no/such/file"), "cannot be read"),
        (("--max-upload", "lots"), "is not a size"),
        (("--log-level", "loud"), "--log-level is 'loud'"),
        (("--max-waiting", "0"), "max_waiting is 0"),
    ],
)
def test_what_cannot_be_served_is_said(serve, arguments, said):
    """A server that cannot be as it was asked for does not start: one sentence, exit code 2."""
    code, complaint = serve(*arguments)
    assert code == 2
    assert said in complaint
    assert complaint.count("\n") == 1


def test_an_address_that_is_taken_is_said(serve):
    """A port that somebody else listens on is named, with what to do."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        code, complaint = serve("--port", str(other.getsockname()[1]))
    assert code == 2
    assert "Choose another --port" in complaint


def test_a_weak_key_is_not_repeated(serve, monkeypatch, tmp_path):
    """A key that is too short is refused without being said, from a file and from the environment."""
    (tmp_path / "keys").write_text("hunter2\n")
    monkeypatch.setenv("VIDEOXL_API_KEY", "hunter2")
    for arguments in ((), ("--api-key-file", str(tmp_path / "keys"))):
        code, complaint = serve(*arguments)
        assert code == 2
        assert "API key of 7 characters" in complaint
        assert "hunter2" not in complaint
    assert len(KEY) > 16


def test_an_empty_key_file_is_no_key(serve, tmp_path):
    """A file without a key does not open the server to everybody."""
    (tmp_path / "keys").write_text("# none yet\n\n")
    code, complaint = serve("--api-key-file", str(tmp_path / "keys"))
    assert (code, "holds no key" in complaint) == (2, True)
