"""The disk as a tier: a library that may hold so many bytes lets go of what was used longest ago."""

import json
import logging
import os
import threading
import time
from dataclasses import replace

import pytest

from .conftest import LIMITS


@pytest.fixture(scope="module")
def parcels(server, memory, film):
    """The exported bytes of two memories of one film."""
    other = server.watch(film, ratio=16)
    with server.client() as client:
        yield [client.get(f"/v1/memories/{each['id']}/export").content for each in (memory, other)]
        client.delete(f"/v1/memories/{other['id']}")


def brought(client, parcel):
    response = client.post("/v1/memories/import", files={"file": ("memory.vxlz", parcel)})
    assert response.status_code == 201, response.text
    return response.json()


def ids(client):
    return [each["id"] for each in client.get("/v1/memories").json()["data"]]


def test_the_longest_unused_leave_when_one_comes_in(make_client, parcels, caplog):
    """What came in last stays, however large it is; what was there before leaves, and that is counted and logged."""
    client = make_client(limits=replace(LIMITS, disk_bytes=1))
    first = brought(client, parcels[0])
    assert ids(client) == [first["id"]]
    with caplog.at_level(logging.INFO, "videoxl.server"):
        second = brought(client, parcels[1])
    assert ids(client) == [second["id"]]
    assert client.get(f"/v1/memories/{first['id']}").status_code == 404
    assert 'videoxl_memory_evictions_total{tier="disk"} 1.0' in client.get("/metrics").text
    assert any("1 memories left the disk" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("most", [None, 1 << 40])
def test_nothing_leaves_while_all_fits(make_client, parcels, most):
    """Without a limit, and below it, everything stays."""
    client = make_client(limits=replace(LIMITS, disk_bytes=most))
    came = [brought(client, parcel)["id"] for parcel in parcels]
    assert sorted(ids(client)) == sorted(came)


def test_a_video_goes_with_the_memory_that_needed_it(make_client, parcels, film):
    """The bytes of an upload that was deleted stay for a memory's player, and leave with the memory."""
    client = make_client(limits=replace(LIMITS, disk_bytes=1))
    site, entry = client.app.state.site, brought(client, parcels[0])
    file = client.post("/v1/files", files={"file": ("film.mp4", film.read_bytes())}).json()
    path = site.files.path(site.files.get(file["id"]))
    with site.library._catalogue.writing() as connection:
        connection.execute("UPDATE entry SET source_path = ? WHERE id = ?", (str(path), entry["id"]))
    client.delete(f"/v1/files/{file['id']}")
    assert path.exists()
    brought(client, parcels[1])
    assert not path.exists()


def test_what_was_watched_makes_room_too(server, make_film, monkeypatch):
    """When a video was watched, room is made before the next one, and not at the cost of the new memory."""
    calls, called, library, memories = [], threading.Event(), server.site.library, server.site.memories
    gc = library.gc

    def counted(**options):
        calls.append(options)
        called.set()
        return gc(**options)

    config = memories._config
    monkeypatch.setattr(memories, "_config", replace(config, limits=replace(config.limits, disk_bytes=1 << 40)))
    monkeypatch.setattr(library, "gc", counted)
    entry = server.watch(make_film(8, seed=71))
    assert called.wait(30)
    with server.client() as client:
        client.delete(f"/v1/memories/{entry['id']}")
    assert calls == [{"max_bytes": 1 << 40, "spared": [entry["id"]]}]


def test_a_disk_that_refuses_spoils_no_memory(make_client, parcels, monkeypatch, caplog):
    """Where room cannot be made, what came in is there all the same, and the log says so."""
    client = make_client(limits=replace(LIMITS, disk_bytes=1))

    def refuse(**options):
        raise PermissionError("no")

    monkeypatch.setattr(client.app.state.site.library, "gc", refuse)
    with caplog.at_level(logging.ERROR, "videoxl.server"):
        entry = brought(client, parcels[0])
    assert ids(client) == [entry["id"]]
    assert [record.getMessage() for record in caplog.records] == ["no room was made on the disk: PermissionError"]


def test_bytes_without_a_record_go_at_the_next_start(make_client, film):
    """A server that is killed between placing an upload and writing its record leaves bytes, and its successor none."""
    client = make_client()
    site = client.app.state.site
    kept = client.post("/v1/files", files={"file": ("film.mp4", film.read_bytes())}).json()
    lost = site.files.folder / f"{'a' * 64}.mp4"
    lost.write_bytes(b"placed")
    site.files.sweep()
    assert lost.exists(), "another server may be about to make a memory of it"
    yesterday = time.time() - 2 * 86400
    os.utime(lost, (yesterday, yesterday))
    foreign = site.files.folder / "notes.txt"
    foreign.write_text("not ours")
    site.files.sweep()
    assert (lost.exists(), foreign.exists()) == (False, True)
    assert make_client().get(f"/v1/files/{kept['id']}/content").content == film.read_bytes()
    damaged = site.files.folder / f"file-{'b' * 24}.json"
    damaged.write_text(json.dumps({"blob": 3}))
    lost.write_bytes(b"placed")
    os.utime(lost, (yesterday, yesterday))
    make_client()
    assert lost.exists(), "a damaged record may be of any bytes"
    damaged.unlink()
    make_client()
    assert not lost.exists()
