"""Recipes on memories whose contents are known, asked of somebody who answers from those contents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
import torch

from videoxl.engine import Answer, Evidence, Timings, Usage
from videoxl.errors import UsageError
from videoxl.export import RECIPES, Document, recipe_named, run_recipe
from videoxl.export.recipes.excerpt import excerpt
from videoxl.export.recipes.novelty import novelty
from videoxl.export.recipes.windows import MOST_WINDOWS, numbers_within, windows
from videoxl.memory import CompressedMemory, MemoryAbout, MemorySource, Segment

INTERVAL_SECONDS = 8
ROWS = 2


def memory_of(num_intervals: int, *, cuts: tuple[int, ...] = (), num_videos: int = 1) -> CompressedMemory:
    """Intervals of eight frames, one a second; the picture changes at the cuts, given in seconds."""
    seconds = float(num_intervals * INTERVAL_SECONDS)
    sources = tuple(MemorySource(f"film-{number}.mp4", duration_seconds=seconds) for number in range(num_videos))
    memory = CompressedMemory(MemoryAbout(model_name="scripted", sources=sources))
    generator = torch.Generator().manual_seed(0)

    def append(segment: Segment) -> None:
        rows = [1.0 + 0.01 * torch.randn(2, 1, segment.num_rows, 4, generator=generator) for _ in range(2)]
        memory.append(segment, *rows)

    append(Segment("text", 1, token_ids=(7,)))
    for source in range(num_videos):
        for index in range(num_intervals):
            start = index * INTERVAL_SECONDS
            frames = range(start, start + INTERVAL_SECONDS)
            append(
                Segment(
                    "interval", ROWS, first_frame=start, num_frames=INTERVAL_SECONDS, start_seconds=float(start),
                    stop_seconds=float(start + INTERVAL_SECONDS), ratio=4, frame_seconds=tuple(map(float, frames)),
                    similarities=tuple(0.2 if frame in cuts else 0.99 if frame else 0.0 for frame in frames),
                    source=source,
                )
            )  # fmt: skip
    return memory


@dataclass
class Scripted:
    """Sees a thing in an interval by its start; answers like a small or a large model."""

    things: Mapping[float, str] = field(default_factory=dict)
    words: Callable[[str], bool] = lambda word: True
    """Which words it knows."""
    denied: tuple[str, ...] = ()
    describes: str | None = None
    asked: list[str] = field(default_factory=list)

    def ask(self, memory: CompressedMemory, question: str, /) -> Answer:
        self.asked.append(question)
        seen = [interval for interval in memory.intervals if interval.start_seconds in self.things]
        text, shown = self._answer(question, seen)
        evidence = tuple(Evidence(each.start_seconds, each.stop_seconds, 0.5, each.source) for each in shown)
        unknown = tuple(word for word in question.replace("?", "").replace('"', "").split() if not self.words(word))
        return Answer(question, text, evidence, Usage(0, 0, 0, 0), Timings(0, 0), unknown_words=unknown)

    def _answer(self, question: str, seen: list[Segment]) -> tuple[str, list[Segment]]:
        if question.startswith(("Does", "Is there")):
            wanted = [each for each in seen if self.things[each.start_seconds] in question]
            is_there = wanted and self.things[wanted[0].start_seconds] not in self.denied
            return ("yes", wanted) if is_there else ("no", [])
        if self.describes is not None:
            return self.describes, seen
        return (self.things[seen[0].start_seconds], seen[:1]) if seen else ("nothing", [])


def small(word: str) -> bool:
    """The words of the plain wordings, and of the things."""
    return word.strip(".").lower() in {
        "what", "was", "inserted", "is", "unusual", "in", "the", "film", "there", "a", "picture", "of", "list", "every",
        "order", "does", "show", "drum", "apple",
    }  # fmt: skip


def moments(document: Document) -> list[tuple[float, float, str]]:
    """Markers, short."""
    return [(marker.start_seconds, marker.stop_seconds, marker.text) for marker in document.markers]


@pytest.mark.parametrize("name", ["summary", "ads", "anomalies"])
@pytest.mark.parametrize("words", [small, lambda word: True], ids=["small", "large"])
def test_every_thing_is_found_at_its_moment(name, words):
    """Things are found one by one by any model: also two in one part, and the same one again later."""
    asker = Scripted({16.0: "drum", 40.0: "apple", 120.0: "drum"}, words)
    document = run_recipe(name, asker, memory_of(20))
    if not (name == "summary" and words is not small):  # a large model describes scenes instead
        assert moments(document) == [(16, 24, "drum"), (40, 48, "apple"), (120, 128, "drum")]
    assert (document.recipe, document.model) == (name, "scripted")


def test_neighbours_are_told_apart_and_one_thing_is_not_cut():
    """What lasts over two intervals is one moment; another thing right behind it is another."""
    memory = memory_of(8)
    document = run_recipe("ads", Scripted({16.0: "drum", 24.0: "drum", 32.0: "apple"}, small), memory)
    assert moments(document) == [(16, 32, "drum"), (32, 40, "apple")]


def test_what_is_denied_is_dropped_and_counted():
    """A find that the model takes back when it is asked for by name is no moment, and that is said."""
    document = run_recipe("ads", Scripted({16.0: "drum", 40.0: "apple"}, denied=("apple",)), memory_of(8))
    assert moments(document) == [(16, 24, "drum")]
    assert document.notes == ("dropped: 1 find that the model denied when asked again",)


def test_highlights_are_all_moments_of_the_query():
    """Each part answers for itself; what is not there has no moment."""
    asker = Scripted({16.0: "drum", 40.0: "apple", 120.0: "drum"}, small)
    assert moments(run_recipe("highlights", asker, memory_of(20), query="drum")) == [
        (16, 24, "drum"), (120, 128, "drum"),
    ]  # fmt: skip
    assert not run_recipe("highlights", Scripted({}, small), memory_of(20), query="drum").markers


def test_words_that_the_model_lacks_are_named():
    """A query, a list of questions or a whole recipe that the model cannot read is refused by naming the words."""
    with pytest.raises(UsageError, match="scripted does not know 'goals', so no answer would mean anything"):
        run_recipe("highlights", Scripted({}, small), memory_of(4), query="goals")
    with pytest.raises(UsageError, match="scripted does not know 'Who', 'scores'"):
        run_recipe("answers", Scripted({}, small), memory_of(4), questions=["Who scores?"])
    for name in ("chapters", "summary", "ads", "anomalies"):
        with pytest.raises(UsageError, match="asks with words that scripted does not know"):
            run_recipe(name, Scripted({}, lambda word: False), memory_of(4))


def test_what_the_model_cannot_be_asked_back_is_kept():
    """A find in words that the model itself cannot read is not confirmed, and not lost either."""
    asker = Scripted({16.0: "hen-of-the-woods"}, small)
    assert moments(run_recipe("ads", asker, memory_of(4))) == [(16, 24, "hen-of-the-woods")]


def test_only_questions_that_are_understood_are_answered():
    """A question with an unknown word is a note, whatever the model says to it."""
    asker = Scripted({16.0: "drum"}, small)
    document = run_recipe("answers", asker, memory_of(4), questions=["What is unusual?", "Who scores?"])
    assert moments(document) == [(16, 24, "drum")]
    assert document.notes == ("not answered, for the model does not know 'Who', 'scores': Who scores?",)


def test_natural_words_are_tried_once_with_a_small_model():
    """After the first question that is not understood all others are put in plain words."""
    asker = Scripted({16.0: "drum"}, small)
    run_recipe("ads", asker, memory_of(16))
    natural = [question for question in asker.asked if "advertised" in question]
    assert len(natural) == 1
    assert asker.asked.index(natural[0]) == 0


def test_chapters_begin_at_cuts():
    """Chapters lie side by side from the first moment to the last, and begin where the picture changes."""
    memory = memory_of(20, cuts=(40, 90, 92))
    document = run_recipe("chapters", Scripted(describes="A title"), memory)
    assert moments(document) == [(0, 40, "A title"), (40, 160, "A title")]  # 90 and 92: something flashes up
    assert [text for _, _, text in moments(run_recipe("chapters", Scripted({}, small), memory))] == [
        "Chapter 1", "Chapter 2",
    ]  # fmt: skip


def test_a_video_without_a_cut_is_one_chapter():
    """Nothing is cut where nothing changes, and that is said."""
    document = run_recipe("chapters", Scripted({}), memory_of(20))
    assert moments(document) == [(0, 160, "Chapter 1")]
    assert "no change of scene stands out" in document.notes[0]
    assert "no break is proposed" in run_recipe("breaks", Scripted({}), memory_of(20)).notes[0]


def test_chapters_of_several_videos_stay_in_their_videos():
    """Each video is cut by itself."""
    document = run_recipe("chapters", Scripted({}), memory_of(10, cuts=(40,), num_videos=2))
    assert [(marker.source, marker.start_seconds, marker.stop_seconds) for marker in document.markers] == [
        (0, 0, 40), (0, 40, 80), (1, 0, 40), (1, 40, 80),
    ]  # fmt: skip


def test_a_large_model_summarises():
    """A line a scene, and the whole as a remark."""
    document = run_recipe("summary", Scripted(describes="A man walks."), memory_of(20, cuts=(80,)))
    assert moments(document) == [(0, 80, "A man walks."), (80, 160, "A man walks.")]
    assert [(remark.label, remark.text) for remark in document.remarks] == [("summary", "A man walks.")]


def test_breaks_are_points_at_cuts_away_from_the_ends():
    """A break lies where a scene ends, never near the beginning or the end, nor two near each other."""
    document = run_recipe("breaks", Scripted({}), memory_of(20, cuts=(10, 60, 70, 110, 155)))
    assert [(marker.start_seconds, marker.stop_seconds) for marker in document.markers] == [(60, 60), (110, 110)]
    assert {marker.text for marker in document.markers} == {"a scene ends here"}


def test_what_is_unlike_the_rest_is_a_moment_without_a_name():
    """An interval whose rows stand apart is reported even where the model names nothing; the first one never."""
    memory = memory_of(20)
    for index in (1, 10):
        rows = memory.row_range(index)
        memory.values[:, :, rows.start : rows.stop] *= torch.tensor([1.0, -1.0, 1.0, -1.0])
    document = run_recipe("anomalies", Scripted({}), memory)
    ((start, stop, text),) = moments(document)
    assert (start, stop) == (72, 80)
    assert "the model does not say why" in text
    assert novelty(memory).argmax() in (0, 9)
    assert not novelty(memory_of(3)).any()


def test_an_excerpt_keeps_rows_as_they_are():
    """The words before the video and the wanted intervals, bit for bit, and nothing else; the memory stays the same."""
    memory = memory_of(6, num_videos=2)
    before = (memory.num_rows, memory.values.clone())
    part = excerpt(memory, [1, 7])
    assert [segment.kind for segment in part.segments] == ["text", "interval", "interval"]
    assert [interval.source for interval in part.intervals] == [0, 1]
    rows = [0, 3, 4, 15, 16]
    assert torch.equal(part.keys, memory.keys[:, :, rows])
    assert torch.equal(part.values, memory.values[:, :, rows])
    assert memory.num_rows == before[0]
    assert torch.equal(memory.values, before[1])


@pytest.mark.parametrize("num_intervals", [1, 7, 100, 3000])
def test_windows_hold_every_interval_once(num_intervals):
    """Windows follow each other without a gap, none spans two videos, and their number is bounded."""
    intervals = memory_of(num_intervals, num_videos=2).intervals
    cut = windows(intervals)
    assert [number for window in cut for number in window] == list(range(2 * num_intervals))
    assert all(len({intervals[number].source for number in window}) == 1 for window in cut)
    assert len(cut) <= 2 * MOST_WINDOWS


def test_a_stretch_is_remembered_by_some_interval():
    """A stretch shorter than an interval is remembered by the one in its middle."""
    intervals = memory_of(6).intervals
    assert numbers_within(intervals, 0, 8, 24) == [1, 2]
    assert numbers_within(intervals, 0, 9, 10) == [1]
    assert numbers_within(intervals, 1, 9, 10) == []


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("nonsense", {}, "the recipe is 'nonsense', expected one of chapters, summary"),
        ("highlights", {}, "takes what to look for, as a query, got none"),
        ("highlights", {"query": " \t"}, "looks for the query, which is empty"),
        ("chapters", {"query": "x"}, "takes no query, got 'x'"),
        ("answers", {}, "takes one question or more, got none"),
        ("ads", {"questions": ["a", "b"]}, "takes no questions, got 2"),
    ],
)
def test_a_recipe_takes_what_it_needs(name, given, said):
    """What a recipe lacks, or has no use for, is refused in a sentence."""
    with pytest.raises(UsageError, match=said):
        recipe_named(name, **given)


def test_a_memory_without_video_is_refused():
    """There is nothing to look through before anything was watched."""
    memory = CompressedMemory(MemoryAbout(sources=(MemorySource("film.mp4"),)))
    with pytest.raises(UsageError, match="holds no video yet"):
        run_recipe("chapters", Scripted({}), memory)


def test_progress_rises_to_its_end_and_can_stop_the_work():
    """Steps are told one after the other up to the last; what the listener raises ends the work."""
    for name, recipe in RECIPES.items():
        told: list[tuple[int, int]] = []
        given = {"query": {"query": "drum"}, "questions": {"questions": ["a", "b"]}}.get(recipe.needs, {})
        memory = memory_of(40, cuts=(100, 200))
        run_recipe(name, Scripted({}), memory, progress=lambda *step, told=told: told.append(step), **given)
        assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe("ads", Scripted({}), memory_of(40), progress=stop)
