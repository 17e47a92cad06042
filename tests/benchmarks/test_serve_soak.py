"""The soak keeps what tells why something failed."""

from pathlib import Path

from benchmarks.serve_soak import MOST_LINES, last_lines


def test_what_servers_said_last_is_kept(tmp_path):
    """Of each server's log the last lines, without the folders of this machine; who said nothing is left out."""
    module = Path(__file__).parents[2] / "src" / "videoxl" / "library" / "worker.py"
    said = [*(f"line {number}" for number in range(MOST_LINES)), f"cannot read {tmp_path}/library", f"at {module}"]
    (tmp_path / "server-1.log").write_text("\n".join(said) + "\n")
    (tmp_path / "server-2.log").write_text("")
    (tmp_path / "server-3.log").write_bytes(b"killed in \xe2\x82")
    (tmp_path / "films").mkdir()
    kept = last_lines(tmp_path)
    assert kept["server-1.log"] == [
        *said[2:MOST_LINES], "cannot read HOME/library", "at VIDEOXL/src/videoxl/library/worker.py",
    ]  # fmt: skip
    assert list(kept) == ["server-1.log", "server-3.log"]
    assert kept["server-3.log"] == ["killed in \N{REPLACEMENT CHARACTER}"]
