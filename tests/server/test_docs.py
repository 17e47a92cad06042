"""The examples of docs/howto/serve.md run as they stand, against a real server."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "serve.md"
ADDRESS = "http://127.0.0.1:8000"


def blocks(language):
    """Code of the page, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path, film, monkeypatch):
    """Where a person would try it: a folder with a film."""
    shutil.copy(film, tmp_path / "film.mp4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_curl(server, memory, folder):
    """Upload, watch, follow, ask, export, and a range of the film."""
    (script,) = blocks("sh")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, server.url)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "event: progress" in done.stdout
    assert '"object":"answer"' in done.stdout
    assert "Can you see a picture of a kite?" in done.stdout
    assert (folder / "first-100-bytes").read_bytes() == (folder / "film.mp4").read_bytes()[:100]


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_the_openai_client(server, folder, capsys):
    """Upload, ask twice, read the evidence, and see that the second question found the memory."""
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(code.replace(ADDRESS, server.url), str(PAGE), "exec"), names)
    names["client"].close()  # type: ignore[attr-defined]
    text, evidence, cached = capsys.readouterr().out.rstrip("\n").split("\n")
    assert evidence.startswith("[")
    assert int(cached) > 0
    assert text is not None


def test_every_route_is_described(make_client):
    """The page names each route of the API, and none that is not there."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    described = {_shape(route) for row in rows for route in re.findall(r"/v1/[\w./{}]+", row)}
    served = {_shape(route) for route in make_client().get("/openapi.json").json()["paths"] if route.startswith("/v1")}
    assert served - described == set()
    assert described - served == set()


def _shape(route):
    return re.sub(r"\{[^}]*\}", "{}", route)
