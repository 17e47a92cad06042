"""Whole servers: started, stopped, killed, and several at a time. Nothing that was watched is lost."""

import re
import signal
import time

import pytest

from .conftest import KEY, wait_for

USABLE_SECONDS = 5.0  # from the command to the page, on two cores with nothing else to do
BUSY = 4.0  # how much slower a machine may be that runs other things, too
NUM_FRAMES = 128  # enough to be stopped twice on the way
QUESTION = "Can you see a picture of a kite?"


def frames_watched(process):
    with process.client() as client:
        found = re.search(r"^videoxl_frames_watched_total ([\d.]+)", client.get("/metrics").text, re.MULTILINE)
    return int(float(found[1]))


def wait_for_frames(process, memory_id, num_frames, *, seconds=60.0):
    """Until so many frames of a memory are watched; how many are."""
    until = time.monotonic() + seconds
    with process.client() as client:
        while time.monotonic() < until:
            progress = client.get(f"/v1/memories/{memory_id}").json()["progress"]
            assert progress is not None, "it was watched too quickly for this test"
            if progress["frames"] >= num_frames:
                return progress["frames"]
            time.sleep(0.02)
    raise AssertionError(f"fewer than {num_frames} frames after {seconds} s")


def test_the_page_is_there_before_the_model(start_process, tmp_path):
    """`videoxl serve` prints an address that answers at once, and tells when the model is there."""
    process = start_process(command=True)
    assert process.first_line_seconds < USABLE_SECONDS * BUSY
    with process.client() as client:
        assert client.get("/health").json() == {"status": "ok"}
        assert "<html" in client.get("/").text
        assert client.get("/ready").json()["status"] in ("loading", "ready")
        assert client.get("/v1/memories").json()["data"] == []
    process.wait_until_ready()
    for _ in range(2):  # as people do who are in a hurry
        process.popen.send_signal(signal.SIGINT)
    assert process.popen.wait(60) == 0
    assert not [path for path in tmp_path.glob("stderr-*") if "Traceback" in path.read_text()]


def test_keys_come_from_a_file_or_the_environment(start_process, tmp_path):
    """Both open the server, and nothing else does; the key stands in no log."""
    (tmp_path / "keys").write_text(f"# of the team\n{KEY}\n")
    for process in (
        start_process("--api-key-file", tmp_path / "keys", command=True),
        start_process(command=True, VIDEOXL_API_KEY=KEY),
    ):
        with process.client() as client:
            assert client.get("/version").status_code == 401
            assert client.get("/version", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
            client.get(f"/version?key={KEY}")
    assert not [path for path in tmp_path.glob("stderr-*") if KEY in path.read_text()]


@pytest.mark.timeout(300)
def test_nothing_watched_is_lost(start_process, make_film):
    """A server that is asked to stop saves its rows and gives its job back; one that is killed leaves it to the next.

    Two servers on one library go on with it: one of them watches, both answer.
    """
    film = make_film(NUM_FRAMES, seed=51)
    first = start_process()
    first.wait_until_ready()
    with first.client() as client:
        memory = client.post("/v1/memories", json={"source": {"path": str(film)}, "ratio": 32}).json()
    num_saved = wait_for_frames(first, memory["id"], 32)
    first.popen.send_signal(signal.SIGTERM)
    assert first.popen.wait(60) == 0

    second = start_process()
    second.wait_until_ready()
    num_then = wait_for_frames(second, memory["id"], num_saved + 32)
    assert frames_watched(second) <= num_then - num_saved + 16  # what the first one watched is not watched again
    second.popen.kill()
    second.popen.wait()

    third, fourth = start_process(), start_process()
    third.wait_until_ready()
    fourth.wait_until_ready()
    with third.client() as one, fourth.client() as other:
        done = wait_for(one, memory["id"], "ready", seconds=90)
        assert done["frames"] == NUM_FRAMES
        answers = [
            client.post(f"/v1/memories/{memory['id']}/ask", json={"question": QUESTION}) for client in (one, other)
        ]
        assert answers[0].json()["text"] == answers[1].json()["text"]
        assert min(frames_watched(third), frames_watched(fourth)) == 0
        assert frames_watched(third) + frames_watched(fourth) <= NUM_FRAMES - num_saved + 16
