"""Memories over HTTP: watched once, listed, asked, followed, taken along, removed."""

import hashlib
import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from videoxl.library import WatchSettings

from .conftest import LIMITS, events_of, wait_for

GONE_SECONDS = 60.0
QUESTION = "Can you see a picture of a kite?"
FIELDS = {
    "id", "object", "title", "state", "why", "created_at", "duration", "model", "ratio", "bytes", "rows", "frames",
    "num_intervals", "has_video", "progress",
}  # fmt: skip


def ask(api, memory, question=QUESTION, **options):
    return api.post(f"/v1/memories/{memory['id']}/ask", json={"question": question, **options})


def wait_until_gone(server, name):
    """Return when no file or folder of the library has this in its name."""
    until = time.monotonic() + GONE_SECONDS
    while found := [  # walk passes over folders that go away under it
        kept for _, folders, files in os.walk(server.site.library.folder) for kept in (*folders, *files) if name in kept
    ]:
        assert time.monotonic() < until, f"still there after {GONE_SECONDS} s: {found}"
        time.sleep(0.02)


def test_a_memory_says_what_it_keeps(memory, api):
    """A watched film has frames, rows and intervals that cover it without a gap."""
    assert set(memory) >= FIELDS
    assert memory["object"] == "memory"
    assert memory["state"] == "ready"
    assert memory["model"] == "nano"
    assert memory["frames"] == 12
    assert memory["duration"] == pytest.approx(12.0, abs=0.3)
    assert memory["has_video"]
    shown = api.get(f"/v1/memories/{memory['id']}").json()
    stops = [interval["stop"] for interval in shown["intervals"]]
    assert [interval["start"] for interval in shown["intervals"]] == [0.0, *stops[:-1]]
    assert sum(interval["rows"] for interval in shown["intervals"]) <= memory["rows"]
    assert [source["has_video"] for source in shown["sources"]] == [True]


def test_a_player_may_ask_for_the_head_alone(memory, api, film):
    """HEAD on a memory's video says how long and of what type it is, and sends nothing of it."""
    head = api.head(f"/v1/memories/{memory['id']}/video")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(film.stat().st_size)
    assert head.headers["content-type"] == "video/mp4"
    assert head.headers["accept-ranges"] == "bytes"


def test_adding_the_same_film_twice_costs_nothing(memory, api, film):
    """The same bytes with the same settings are the memory that is there; another ratio is another one."""
    again = api.post("/v1/memories", json={"source": {"path": str(film)}})
    assert again.status_code == 202
    assert again.json()["id"] == memory["id"]
    assert again.json()["state"] == "ready"
    uploaded = api.post("/v1/files", files={"file": ("x.mp4", film.read_bytes())}).json()
    assert api.post("/v1/memories", json={"source": {"file_id": uploaded["id"]}}).json()["id"] == memory["id"]
    other = api.post("/v1/memories", json={"source": {"memory_id": memory["id"]}, "ratio": 2}).json()
    assert other["id"] != memory["id"]
    assert other["source_sha256"] == memory["source_sha256"]
    assert wait_for(api, other["id"], "ready")["rows"] > memory["rows"]


def test_an_answer_comes_with_what_it_rests_on(memory, api):
    """Text, evidence inside the film, what it cost and how long it took; the same question has the same answer."""
    answer = ask(api, memory).json()
    assert answer["object"] == "answer"
    assert answer["text"]
    assert answer["finished"] in (True, False)
    assert answer["usage"]["memory_rows"] == memory["rows"]
    assert answer["timings"]["total_seconds"] > 0
    assert answer["watched_until"] == pytest.approx(memory["duration"], abs=0.3)
    assert all(0 <= moment["start"] < moment["stop"] <= 12.5 for moment in answer["evidence"])
    assert ask(api, memory).json()["text"] == answer["text"]


def test_http_answers_as_python_does(memory, api, server):
    """CLI, Python and HTTP give the same text and evidence for the same question."""
    vxl, library = server.site.room.vxl, server.site.library
    with library.reading(memory["id"]) as path, server.site.room.computing():
        expected = vxl.ask(vxl.open(path), QUESTION)
    answer = ask(api, memory).json()
    assert answer["text"] == expected.text
    assert [moment["start"] for moment in answer["evidence"]] == [moment.start_seconds for moment in expected.evidence]


def test_a_streamed_answer_is_the_answer(memory, api):
    """Pieces of text, and the whole answer last; put together the pieces are its text."""
    whole = ask(api, memory).json()
    with api.stream(
        "POST", f"/v1/memories/{memory['id']}/ask", json={"question": QUESTION, "stream": True}
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = events_of(response.read().decode())
    assert [name for name, _ in events] == ["text"] * (len(events) - 1) + ["answer"]
    assert "".join(data["text"] for _, data in events[:-1]) == events[-1][1]["text"] == whole["text"]
    assert events[-1][1]["evidence"] == whole["evidence"]


def test_questions_are_kept_with_the_memory(memory, api):
    """What was asked can be read again, the oldest first."""
    first, second = ask(api, memory).json(), ask(api, memory, "Is there a balloon?").json()
    kept = api.get(f"/v1/memories/{memory['id']}/questions").json()["data"]
    assert [question["id"] for question in kept[-2:]] == [first["id"], second["id"]]
    assert kept[-1]["question"] == "Is there a balloon?"
    assert kept[-1]["evidence"] == second["evidence"]
    assert kept[-1]["created_at"] <= time.time()


def test_the_watching_can_be_followed_and_asked_meanwhile(api, make_film):
    """Events say how far it is until it is ready; what is kept so far already answers."""
    film = make_film(64, seed=5)
    memory = api.post("/v1/memories", json={"source": {"path": str(film)}, "title": "a long one"}).json()
    assert memory["title"] == "a long one"
    assert memory["state"] in ("queued", "watching")
    early = None
    while early is None or early.status_code == 409:
        early = ask(api, memory)
        if early.status_code == 409:
            assert early.json()["error"]["code"] == "memory_not_ready"
            assert "retry-after" in early.headers
    assert early.status_code == 200
    with api.stream("GET", f"/v1/memories/{memory['id']}/events") as response:
        events = events_of(response.read().decode())
    assert events[0][0] == "progress"
    assert events[-1][1]["state"] == "ready"
    assert early.json()["watched_until"] <= events[-1][1]["duration"]
    states = [data["state"] for _, data in events]
    assert states == sorted(states, key=["queued", "watching", "ready"].index)
    for name in ("num_intervals", "frames", "rows", "bytes"):
        told = [data[name] for _, data in events if data["state"] == "watching"]
        assert told == sorted(told)
    assert any(data["rows"] and data["bytes"] for _, data in events if data["state"] == "watching")
    assert events[-1][1]["progress"] is None
    api.delete(f"/v1/memories/{memory['id']}")


def test_events_of_a_ready_memory_end_at_once(memory, api):
    """There is nothing to wait for: the memory itself, and the end."""
    events = events_of(api.get(f"/v1/memories/{memory['id']}/events").text)
    assert [(name, data["state"]) for name, data in events] == [("progress", "ready")]


def test_a_memory_can_be_renamed_found_and_removed(api, make_film):
    """A title, a search for it, and an end: then everything about it is not found."""
    made = api.post("/v1/memories", json={"source": {"path": str(make_film(8, seed=11))}}).json()
    wait_for(api, made["id"], "ready")
    assert api.patch(f"/v1/memories/{made['id']}", json={"title": "Zebra crossing"}).json()["title"] == "Zebra crossing"
    assert [each["id"] for each in api.get("/v1/memories", params={"query": "zebra"}).json()["data"]] == [made["id"]]
    hits = api.get("/v1/search", params={"query": "zebra"}).json()["data"]
    assert (hits[0]["memory_id"], hits[0]["kind"]) == (made["id"], "title")
    deleted = api.delete(f"/v1/memories/{made['id']}").json()
    assert deleted == {"id": made["id"], "object": "memory", "deleted": True}
    for method, route in (("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/video"), ("GET", "/questions")):
        response = api.request(method, f"/v1/memories/{made['id']}{route}")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "memory_not_found"


def test_memories_come_in_pages(memory, api, server, make_film):
    """The newest first, a page at a time, of one state where asked."""
    server.watch(make_film(8, seed=21))
    first = api.get("/v1/memories", params={"limit": 1}).json()
    assert first["has_more"]
    rest = api.get("/v1/memories", params={"after": first["data"][0]["id"]}).json()
    assert not rest["has_more"]
    assert memory["id"] in [each["id"] for each in rest["data"]]
    assert api.get("/v1/memories", params={"state": "failed"}).json()["data"] == []


def test_another_video_behind_the_first(memory, api, make_film):
    """Appending makes a new memory that knows both videos; the first stays as it is."""
    second = make_film(8, seed=31)
    both = api.post(f"/v1/memories/{memory['id']}/append", json={"source": {"path": str(second)}})
    assert both.status_code == 202
    both = wait_for(api, both.json()["id"], "ready")
    assert both["id"] != memory["id"]
    assert both["base_id"] == memory["id"]
    shown = api.get(f"/v1/memories/{both['id']}").json()
    assert len(shown["sources"]) == 2
    assert {interval["source"] for interval in shown["intervals"]} == {0, 1}
    assert api.get(f"/v1/memories/{both['id']}/video", params={"source": 1}).content == second.read_bytes()
    assert api.get(f"/v1/memories/{both['id']}/video", params={"source": 2}).status_code == 404
    assert api.get(f"/v1/memories/{memory['id']}").json()["rows"] == memory["rows"]


def test_a_memory_travels_as_one_file(memory, api, server):
    """What is exported and removed comes back whole when it is imported, with its answers the same."""
    copy = api.post("/v1/memories", json={"source": {"memory_id": memory["id"]}, "ratio": 4}).json()
    wait_for(api, copy["id"], "ready")
    before = ask(api, copy).json()
    parcel = api.get(f"/v1/memories/{copy['id']}/export")
    assert parcel.status_code == 200
    api.delete(f"/v1/memories/{copy['id']}")
    response = api.post("/v1/memories/import", files={"file": ("memory.vxlz", parcel.content)})
    assert response.status_code == 201, response.text
    back = response.json()
    assert back["state"] == "ready"
    assert ask(api, back).json()["text"] == before["text"]
    assert not list((server.site.library.folder / "incoming").iterdir())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"\0" * 1000])
def test_a_parcel_that_is_none_is_refused(api, server, content):
    """What was not exported by us is refused, and nothing of it stays."""
    response = api.post("/v1/memories/import", files={"file": ("memory.vxlz", content)})
    assert response.status_code in (400, 422)
    assert not list((server.site.library.folder / "incoming").iterdir())


def test_each_interval_has_a_picture(memory, api):
    """A small JPEG of what was to be seen."""
    response = api.get(f"/v1/memories/{memory['id']}/thumbnails/0.jpg")
    assert response.headers["content-type"] == "image/jpeg"
    assert response.content.startswith(b"\xff\xd8")
    assert api.get(f"/v1/memories/{memory['id']}/thumbnails/99.jpg").status_code == 404


def test_the_film_can_be_played(memory, api, film):
    """The player gets the film, and the range that it jumps to."""
    whole = api.get(f"/v1/memories/{memory['id']}/video")
    assert whole.content == film.read_bytes()
    assert whole.headers["content-type"] == "video/mp4"
    part = api.get(f"/v1/memories/{memory['id']}/video", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, film.read_bytes()[100:200])


def test_recipes(memory, api):
    """Every recipe is listed with what it needs, and runs into a document in the format that was asked for."""
    listed = api.get("/v1/recipes").json()
    assert {"chapters", "highlights", "summary"} <= {recipe["name"] for recipe in listed["data"]}
    document = api.post(f"/v1/memories/{memory['id']}/recipes/chapters", json={})
    assert document.status_code == 200, document.text
    assert json.loads(document.text)["recipe"] == "chapters"
    srt = api.post(f"/v1/memories/{memory['id']}/recipes/chapters", json={"format": "srt"})
    assert srt.headers["content-disposition"].endswith(".srt")
    assert api.post(f"/v1/memories/{memory['id']}/recipes/nonsense", json={}).status_code == 404
    assert api.post(f"/v1/memories/{memory['id']}/recipes/highlights", json={}).status_code == 400
    assert api.post(f"/v1/memories/{memory['id']}/recipes/chapters", json={"format": "exe"}).status_code == 400


def test_answers_can_be_taken_along(memory, api):
    """The questions so far, in any format."""
    ask(api, memory)
    for form in ("srt", "vtt", "csv", "json", "md"):
        response = api.get(f"/v1/memories/{memory['id']}/answers.{form}")
        assert response.status_code == 200, form
    edl = api.get(f"/v1/memories/{memory['id']}/answers.edl", params={"fps": 25})
    assert edl.status_code == 200, edl.text
    assert api.get(f"/v1/memories/{memory['id']}/answers.exe").status_code == 400


def test_a_video_that_cannot_be_watched_fails_with_a_reason(api, server, film):
    """What is cut off is refused when it is added, or fails with a sentence; the server goes on."""
    broken = server.folder / "broken.mp4"
    broken.write_bytes(film.read_bytes()[:600])
    response = api.post("/v1/memories", json={"source": {"path": str(broken)}})
    broken.unlink()
    assert response.status_code == 422
    assert "broken.mp4" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"question": ""}, 400),
        ({"question": "   "}, 400),
        ({}, 400),
        ({"question": 5}, 400),
        ({"question": "x", "max_tokens": 0}, 400),
        ({"question": "x", "max_tokens": 10**9}, 400),
        ({"question": "x", "temperature": -1}, 400),
        ({"question": "x", "temperature": "hot"}, 400),
        ({"question": "x", "colour": "red"}, 400),
        ({"question": "x", "seed": -1}, 400),
        ([], 400),
        ("x", 400),
        (None, 400),
    ],
)
def test_questions_that_make_no_sense(memory, api, body, code):
    """Wrong types, missing words and unknown parameters are the client's mistake, and are said as one."""
    for stream in (False, True):
        given = {**body, "stream": stream} if isinstance(body, dict) else body
        response = api.post(f"/v1/memories/{memory['id']}/ask", json=given)
        assert response.status_code == code
        assert response.json()["error"]["message"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"question": ', b"\xff\xfe", b"[" * 100_000, b'{"question": NaN}', b"nonsense"]
)
def test_malformed_json(memory, api, content):
    """What is no JSON is refused, however deep or strange."""
    response = api.post(
        f"/v1/memories/{memory['id']}/ask", content=content, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "body",
    [
        {"source": {}},
        {"source": {"path": "/x", "url": "http://x"}},
        {"source": {"path": "/x"}, "ratio": 0},
        {"source": {"path": "/x"}, "fps": -1},
        {"source": {"path": "/x"}, "planner": "magic"},
        {"source": {"path": "/x"}, "title": " "},
        {"source": "film.mp4"},
    ],
)
def test_memories_that_make_no_sense(api, body):
    """A source that is none, and settings that no model has."""
    assert api.post("/v1/memories", json=body).status_code == 400


def test_settings_that_the_model_does_not_have(api, film):
    """A ratio that was not learned, frames by two rules at once, and an unknown model are named."""
    source = {"path": str(film)}
    ratio = api.post("/v1/memories", json={"source": source, "ratio": 7})
    assert (ratio.status_code, "ratio 7" in ratio.text) == (400, True)
    assert api.post("/v1/memories", json={"source": source, "fps": 1, "num_frames": 3}).status_code == 400
    unknown = api.post("/v1/memories", json={"source": source, "model": "gpt"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.timeout(300)  # two videos, one after the other
def test_what_was_promised_behind_a_removed_memory_comes(api, server, make_film):
    """An upload with a video behind it, upload and memory deleted at once: 404 from then on, and the second comes."""
    upload = make_film(25, seed=41).read_bytes()
    file = api.post("/v1/files", data={"purpose": "user_data"}, files={"file": ("film.mp4", upload)}).json()
    base = api.post("/v1/memories", json={"source": {"file_id": file["id"]}}).json()
    both = api.post(f"/v1/memories/{base['id']}/append", json={"source": {"path": str(make_film(8, seed=42))}}).json()
    assert api.delete(f"/v1/memories/{base['id']}").status_code == 200
    assert api.delete(f"/v1/files/{file['id']}").status_code == 200
    append = {"source": {"path": str(make_film(8, seed=43))}}
    assert api.post(f"/v1/memories/{base['id']}/append", json=append).status_code == 404
    assert ask(api, base).status_code == 404
    for method, route in (("GET", ""), ("DELETE", ""), ("GET", "/export"), ("GET", "/thumbnails/0.jpg")):
        assert api.request(method, f"/v1/memories/{base['id']}{route}").status_code == 404
    assert base["id"] not in {each["id"] for each in api.get("/v1/memories").json()["data"]}
    ready = wait_for(api, both["id"], "ready", "failed", seconds=200.0)
    assert (ready["state"], ready["duration"]) == ("ready", 33.0)
    wait_until_gone(server, base["id"])
    wait_until_gone(server, hashlib.sha256(upload).hexdigest())


def test_a_video_that_is_watched_for_others_counts_as_waiting(make_client, make_film):
    """Removing what waits does not make room in the queue for more where it must be watched all the same."""
    client = make_client(limits=replace(LIMITS, max_queued=2))
    library, film = client.app.state.site.library, make_film(8)
    settings = WatchSettings(planner="fixed", ratio=4, interval_frames=10)
    base = library.add(film, settings, model_name="m", model_fingerprint="f")
    library.append(base.id, film, settings)
    library.remove(base.id)
    response = client.post("/v1/memories", json={"source": {"path": str(film)}})
    assert (response.status_code, response.json()["error"]["code"]) == (429, "queue_full")


READ_AND_WAIT = """
import sys
from videoxl.library import Library
library = Library(sys.argv[1])
with library.reading(sys.argv[2]):
    print("reading", flush=True)
    sys.stdin.read()
"""


def test_an_idle_server_takes_away_what_a_killed_process_held(api, server, make_film):
    """A memory that was deleted while another process read it goes when that is SIGKILLed, without any gc."""
    memory = server.watch(make_film(8, seed=51))
    folder = server.site.library.folder
    reader = subprocess.Popen(
        [sys.executable, "-c", READ_AND_WAIT, folder, memory["id"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert reader.stdout.readline() == b"reading\n"
    assert api.delete(f"/v1/memories/{memory['id']}").status_code == 200
    assert (folder / "memories" / f"{memory['id']}.vxl").exists()
    reader.kill()
    reader.communicate()
    wait_until_gone(server, memory["id"])


def test_moments_that_the_video_does_not_have_are_refused_at_once(api, server, film, memory):
    """A start behind the end of the video, or more frames than are ever watched, is said before anything is queued."""
    before = {entry.id for entry in server.site.library.entries()}
    video = {"url": film.as_uri(), "start": 500}
    parts = [{"type": "video_url", "video_url": video}, {"type": "text", "text": QUESTION}]
    asked = [
        ("/v1/memories", {"source": {"path": str(film)}, "start": 500}),
        (f"/v1/memories/{memory['id']}/append", {"source": {"path": str(film)}, "start": 500}),
        ("/v1/chat/completions", {"model": "nano", "messages": [{"role": "user", "content": parts}]}),
    ]
    for route, body in asked:
        response = api.post(route, json=body)
        assert response.status_code == 400
        assert "500 s, is past the end of the video" in response.json()["error"]["message"]
    assert {entry.id for entry in server.site.library.entries()} == before


def test_a_video_that_is_removed_while_it_is_watched_is_no_failure(api, server, make_film, monkeypatch, caplog):
    """Whoever deletes what is being watched finds no error in the log: the watcher lets go, and that is all."""
    caplog.set_level("INFO", logger="videoxl.server.watching")
    monkeypatch.setattr(server.site.room, "forget", lambda _: None)  # the watcher finds out by itself, at its next row
    film = make_film(600, seed=77)
    memory = api.post("/v1/memories", json={"source": {"path": str(film)}, "fps": 4}).json()
    wait_for(api, memory["id"], "watching")
    assert api.delete(f"/v1/memories/{memory['id']}").status_code == 200
    until = time.monotonic() + GONE_SECONDS
    while not (ends := [line for line in caplog.messages if line.startswith(f"memory {memory['id'][:12]}: ")]):
        assert time.monotonic() < until, "the watcher did not let go"
        time.sleep(0.02)
    assert ends[0].endswith("stopped")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
