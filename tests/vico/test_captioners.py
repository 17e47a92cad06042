"""Who describes clips: known facts, a model of ours, an endpoint."""

import base64
import io
import json
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from videoxl.engine import Evidence, VideoXL
from videoxl.errors import UsageError, VideoNotFoundError
from videoxl.synth.needle import NEEDLE_KINDS, Needle
from videoxl.vico import ChatClient, FilmFile, VicoCache, find_films
from videoxl.vico.clip import Clip, cut
from videoxl.vico.description import Describer
from videoxl.vico.endpoint_captions import EndpointCaptioner
from videoxl.vico.event import Event
from videoxl.vico.model_captions import DESCRIBE, NAME, ModelCaptioner
from videoxl.vico.true_captions import CLAUSES, NOTHING, FactsCaptioner, clause


def test_facts_are_true_of_each_clip(films):
    """A clip's caption names all that is shown in it, with the part of its time that lies in the clip, and no more."""
    from videoxl.synth.facts import FilmFacts

    film = find_films(films)[0]
    facts, captioner = FilmFacts.open(film.path.with_suffix(".json")), FactsCaptioner()
    for clip in cut(film.whole(), piece_seconds=5.0):
        caption = captioner.caption(film, clip)
        inside = [
            n for n in facts.needles if n.start_seconds < clip.stop_seconds and n.stop_seconds > clip.start_seconds
        ]
        assert [event.text for event in caption.events] == [clause(needle) for needle in inside]
        for event in caption.events:
            assert clip.start_seconds <= event.start_seconds < event.stop_seconds <= clip.stop_seconds
        assert all(needle.name in caption.text for needle in inside)
        assert inside or NOTHING in caption.text


def test_every_kind_of_needle_has_words():
    """Each kind that synth knows has a clause of its own; what it may learn later has a plain one."""
    assert set(CLAUSES) == set(NEEDLE_KINDS)
    told = [clause(Needle(kind, "apple", 1.0, 2.0, 0)) for kind in (*NEEDLE_KINDS, "hologram")]
    assert len(set(told)) == len(told)
    assert all("apple" in text for text in told)
    assert told[-1] == "an apple is shown"


def test_a_film_without_facts_is_said(blank_film):
    """Where no JSON lies beside a film the error says what to do."""
    with pytest.raises(VideoNotFoundError, match=r"blank.json.*--captioner model"):
        FactsCaptioner().caption(blank_film(20), Clip(0.0, 14.0))


def test_a_model_watches_each_clip_by_itself(make_model, processor, blank_film):
    """The engine is asked about the memory of one clip, and the caption is what it says."""
    vxl = VideoXL(make_model(evidence_layers=[1, 2]), processor, name="tiny")
    captioner, film, clip = ModelCaptioner(vxl, max_new_tokens=8), blank_film(20), Clip(14.0, 20.0)
    assert captioner.asking == DESCRIBE
    memory = vxl.watch(film.path, start_seconds=14.0, end_seconds=20.0)
    answer = vxl.ask(memory, DESCRIBE.question, max_new_tokens=8)
    said = answer.text if answer.finished else answer.text[: answer.text.rfind(".") + 1]
    assert captioner.caption(film, clip).text == said.strip()
    assert vxl.fingerprint in captioner.identity(film)


class Namer:
    """Stands where an embedded model would: answers every question with the same names."""

    name, fingerprint = "nano", "f00d"

    def __init__(self, text, *spans):
        self.text, self.spans = text, spans

    def watch(self, path, **options):
        self.watched = options
        return options

    def ask(self, memory, question, **options):
        self.asked = question
        evidence = tuple(Evidence(start, stop, 0.9) for start, stop in self.spans)
        return SimpleNamespace(text=self.text, finished=True, evidence=evidence)


FILM, CLIP = FilmFile(None, "film"), Clip(14.0, 28.0)


def test_a_model_that_names_says_when_by_its_evidence():
    """One name is an event with the time of the best evidence, cut to the clip."""
    vxl = Namer("Apple.", (12.0, 20.0), (22.0, 24.0))
    caption = ModelCaptioner(vxl, fps=2.0, ratio=4).caption(FILM, CLIP)
    assert vxl.asked == NAME.question
    assert vxl.watched == {"start_seconds": 14.0, "end_seconds": 28.0, "fps": 2.0, "ratio": 4}
    assert caption.events == (Event("a picture of an apple is shown", 14.0, 20.0),)
    assert caption.text == "A picture of an apple is shown."


def test_several_names_have_no_order():
    """Names of one answer all have the clip's time: nothing is claimed about which came first."""
    events = ModelCaptioner(Namer("drum, apple, drum", (14.0, 16.0))).caption(FILM, CLIP).events
    assert [(event.start_seconds, event.stop_seconds) for event in events] == [(14.0, 28.0)] * 2


def test_a_model_that_names_nothing_leaves_no_event():
    """Nothing is an answer: the clip is described, and nothing happens in it."""
    caption = ModelCaptioner(Namer("nothing", (14.0, 16.0))).caption(FILM, CLIP)
    assert (caption.events, caption.text) == ((), NOTHING)


def test_an_endpoint_is_sent_frames_of_the_clip_and_of_no_other(server, tmp_path):
    """Frames go out as JPEG data URLs, in order, from inside the clip, with the question before them."""
    from videoxl.video.writer import FilmWriter

    path = tmp_path / "grey.mp4"
    with FilmWriter(path, width=64, height=48, fps=2) as writer:
        for index in range(60):
            writer.write(np.full((48, 64, 3), 8 * (index // 2), np.uint8))  # as bright as eight times its second
    server.answer = lambda request: "A grey wall grows brighter."
    captioner = EndpointCaptioner(ChatClient(server.endpoint()), num_frames=3)
    caption = captioner.caption(FilmFile(path, "grey"), Clip(12.0, 24.0))
    assert (caption.text, caption.events) == ("A grey wall grows brighter.", None)
    words, *pictures = server.requests[0]["messages"][0]["content"]
    assert words["text"].startswith("The pictures below (3, in order) are of one clip of 12")
    assert [_brightness(picture["image_url"]["url"]) for picture in pictures] == [
        pytest.approx(8 * second, abs=6) for second in (14, 18, 22)
    ]


def _brightness(url):
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    return float(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).mean())


def test_captions_depend_on_all_that_was_asked(server):
    """Another model, number of frames or address is another captioner; the key and a query are no part of it."""
    film = FilmFile(None, "film")

    def identity(frames=4, **options):
        return EndpointCaptioner(ChatClient(server.endpoint(**options)), num_frames=frames).identity(film)

    assert len({identity(), identity(model="other"), identity(frames=8), identity(url="http://127.0.0.1:9/v1")}) == 4
    assert identity(url=f"{server.url}?key=secret") == identity()
    assert json.loads(identity())


@pytest.mark.parametrize("options", [{"num_frames": 0}, {"num_frames": 65}, {"num_parallel": 0}])
def test_impossible_numbers_of_frames_and_requests_are_refused(server, options):
    """No frames, too many of them, and no request at once make no captions."""
    with pytest.raises(UsageError, match=next(iter(options))):
        EndpointCaptioner(ChatClient(server.endpoint()), **options)


def test_a_caption_of_no_use_is_kept_and_still_of_no_use(server, blank_film, tmp_path):
    """A refusal is not paid for again, and counts as one each time."""
    server.answer = lambda request: "I'm sorry, I can't help with that."
    film = blank_film(14)
    for _ in range(2):
        captioner = EndpointCaptioner(ChatClient(server.endpoint()), num_parallel=2)
        describer = Describer(captioner, VicoCache(tmp_path / "c"))
        told = describer.describe(
            film, [Clip(0.0, 14.0)], fingerprint=describer.fingerprint(film), step=lambda number: None
        )
        assert [(one.caption, one.fault) for one in told] == [(None, "refused caption")]
    assert len(server.requests) == 1
