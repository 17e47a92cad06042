"""The whole way from films to parts: order, gaps, resume, bounds."""

from dataclasses import asdict
from itertools import pairwise

import pytest

from videoxl.errors import EndpointError, UsageError, VideoXLError
from videoxl.vico import EndpointWriter, RuleWriter, VicoBuilder, VicoCache, VicoConfig, find_films
from videoxl.vico.chat import ChatClient
from videoxl.vico.part import BadFilm
from videoxl.vico.true_captions import FactsCaptioner

SENTENCES = ["A dog runs.", "A cat sleeps.", "It rains.", "A car stops.", "A man sings."]


def questions_of(parts):
    """Every question, as JSON."""
    return [question.to_json() for part in parts for question in part.questions]


def test_true_captions_give_all_needles_in_order(films):
    """From a film's facts come exactly its needles, with their times, and questions about their order."""
    from videoxl.synth.facts import FilmFacts

    parts = list(
        VicoBuilder(FactsCaptioner(), RuleWriter(), config=VicoConfig(num_questions=8)).parts(find_films(films))
    )
    assert [part.id for part in parts] == ["film-0", "film-1"]
    for part in parts:
        needles = FilmFacts.open(part.film.path.with_suffix(".json")).needles
        assert [(event.start_seconds, event.stop_seconds) for event in part.events] == [
            (pytest.approx(needle.start_seconds), pytest.approx(needle.stop_seconds)) for needle in needles
        ]
        assert all(needle.name in event.text for needle, event in zip(needles, part.events, strict=True))
        assert len(part.questions) == 8


def test_the_same_seed_gives_the_same_questions(films):
    """Questions depend on seed and film, not on the films beside it; another seed, or film, mixes other kinds."""
    both = find_films(films)

    def built(chosen, seed):
        return questions_of(VicoBuilder(FactsCaptioner(), RuleWriter(), config=VicoConfig(seed=seed)).parts(chosen))

    assert built(both, 0) == built(both, 0)
    assert built(both, 0)[-4:] == built(both[1:], 0)
    assert built(both, 0) != built(both, 1)
    kinds = [question["kind"] for question in built(both, 0)]
    assert kinds[:4] != kinds[4:]


def test_long_films_become_parts(films):
    """With part_seconds each stretch is an example of its own, with the events of its own span."""
    film = find_films(films)[0]
    parts = list(VicoBuilder(FactsCaptioner(), RuleWriter(), config=VicoConfig(part_seconds=42.0)).parts([film]))
    assert [part.id for part in parts] == ["film-0@0-42", "film-0@42-70"]
    for part in parts:
        assert all(part.span.start_seconds <= event.start_seconds < part.span.stop_seconds for event in part.events)
    assert all(len(part.events) >= 3 or not part.questions for part in parts)


def test_a_second_run_asks_nothing_again(blank_film, scripted, tmp_path):
    """Captions are kept by film, clip and captioner: what was interrupted goes on, and gives the same."""
    film, cache = blank_film(70), VicoCache(tmp_path / "cache")

    class Interrupted(scripted):
        def caption(self, film, clip):
            if clip.start_seconds >= 28:
                raise KeyboardInterrupt
            return super().caption(film, clip)

    with pytest.raises(KeyboardInterrupt):
        list(VicoBuilder(Interrupted(SENTENCES), RuleWriter(), cache=cache).parts([film]))
    going_on = scripted(SENTENCES)
    (part,) = VicoBuilder(going_on, RuleWriter(), cache=cache).parts([film])
    assert going_on.asked == [2, 3, 4]
    assert part.num_kept == 2
    (fresh,) = VicoBuilder(scripted(SENTENCES), RuleWriter()).parts([film])
    assert questions_of([part]) == questions_of([fresh])
    other = scripted(SENTENCES, name="another captioner")
    list(VicoBuilder(other, RuleWriter(), cache=cache).parts([film]))
    assert len(other.asked) == 5


def test_other_bytes_are_another_film(blank_film, scripted, tmp_path):
    """Kept captions belong to a film's content: a film of the same name and length is captioned anew."""
    cache = VicoCache(tmp_path / "cache")
    film = blank_film(70)
    list(VicoBuilder(scripted(SENTENCES), RuleWriter(), cache=cache).parts([film]))
    film.path.write_bytes(film.path.read_bytes() + b"\0" * 8)
    again = scripted(SENTENCES)
    list(VicoBuilder(again, RuleWriter(), cache=cache).parts([film]))
    assert len(again.asked) == 5


def test_several_at_once_give_the_same(blank_film, scripted):
    """Asking about clips side by side changes neither order nor questions."""
    film = blank_film(70)
    (one,) = VicoBuilder(scripted(SENTENCES), RuleWriter()).parts([film])
    (four,) = VicoBuilder(scripted(SENTENCES, num_parallel=4), RuleWriter()).parts([film])
    assert (one.captions, one.events, one.questions) == (four.captions, four.events, four.questions)


def test_a_clip_without_a_caption_is_a_gap(blank_film, scripted):
    """One clip that fails is counted, and nothing is said to follow over it."""
    (part,) = VicoBuilder(
        scripted([*SENTENCES[:2], None, *SENTENCES[3:]]), RuleWriter(), config=VicoConfig(num_questions=8)
    ).parts([blank_film(70)])
    assert part.captions[2] is None
    assert part.faults == {"clip without an answer": 1}
    neighbours = [q for q in part.questions if q.kind in ("after", "before", "between", "second")]
    assert neighbours
    for question in neighbours:
        assert all(earlier.stop_seconds == later.start_seconds for earlier, later in pairwise(question.clues))


def test_too_many_gaps_make_a_film_bad(blank_film, scripted):
    """A film of which a quarter cannot be described is bad, with the reasons counted."""
    builder = VicoBuilder(scripted([None, "no", *SENTENCES[2:]]), RuleWriter(), config=VicoConfig(max_bad_films=1))
    (bad,) = builder.parts([blank_film(70)])
    assert isinstance(bad, BadFilm)
    assert bad.reason.startswith("2 of 5 clips have no usable caption")
    assert "1 x empty caption" in bad.reason


def test_bad_films_are_passed_over_within_a_bound(blank_film, scripted, tmp_path):
    """A film that cannot be read is named and passed over; one more than allowed ends the run with counts."""
    good, (first, second) = blank_film(70), (tmp_path / "bad1.mp4", tmp_path / "bad2.mp4")
    for path in (first, second):
        path.write_bytes(b"no film at all")
    films = [film for path in (first, good.path, second) for film in find_films(path)]
    results = list(VicoBuilder(scripted(SENTENCES), RuleWriter(), config=VicoConfig(max_bad_films=2)).parts(films))
    assert [isinstance(result, BadFilm) for result in results] == [True, False, True]
    with pytest.raises(VideoXLError, match="2 of 3 films are of no use, allowed are 1"):
        list(VicoBuilder(scripted(SENTENCES), RuleWriter()).parts(films))


def test_an_endpoint_that_is_gone_ends_the_run(blank_film, scripted, server):
    """Without its language model a run stops at the first film instead of calling all films bad."""
    server.answer = lambda request: (401, {}, b"who are you?")
    writer = EndpointWriter(ChatClient(server.endpoint()))
    with pytest.raises(EndpointError, match="status 401"):
        list(VicoBuilder(scripted(SENTENCES), writer).parts([blank_film(70), blank_film(56, name="other")]))
    assert len(server.requests) == 1


def test_too_few_events_give_no_questions(blank_film, scripted):
    """A film in which nothing happens in order is no example and no fault."""
    (part,) = VicoBuilder(scripted(["A dog runs."] * 5), RuleWriter()).parts([blank_film(70)])
    assert (len(part.events), part.questions) == (1, ())


def test_progress_counts_clips_and_films(blank_film, scripted):
    """The listener hears of every clip, of how many, and which film it is of."""
    heard = []
    films = [blank_film(70), blank_film(42, name="other")]
    list(VicoBuilder(scripted(SENTENCES), RuleWriter(), progress=heard.append).parts(films))
    assert [(one.num_films, one.num_clips, one.total_clips) for one in heard] == [
        *((0, number, 5) for number in range(1, 6)),
        *((1, number, 3) for number in range(1, 4)),
    ]


@pytest.mark.parametrize(
    "options",
    [{"clip_seconds": 0.0}, {"part_seconds": 20.0}, {"num_questions": 0}, {"max_bad_films": -1}, {"seed": -1}],
)
def test_impossible_settings_are_refused(options):
    """What cannot be carried out is said with its value before anything is opened."""
    with pytest.raises(UsageError, match=str(next(iter(options.values()))).removesuffix(".0")):
        VicoConfig(**options)


def test_films_are_found_below_a_folder(tmp_path):
    """Films are named by their path; two that differ in their suffix alone keep it."""
    for name in ("a/one.mp4", "a/one.mkv", "b/two.MP4", "b/two.json", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [film.name for film in find_films(tmp_path)] == ["a/one.mkv", "a/one.mp4", "b/two"]
    (tmp_path / "c").mkdir()
    with pytest.raises(UsageError, match="holds no film"):
        find_films(tmp_path / "c")


def test_config_is_plain_data():
    """Settings can be written down whole."""
    assert asdict(VicoConfig())["clip_seconds"] == 14.0
