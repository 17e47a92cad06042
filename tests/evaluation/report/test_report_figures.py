"""What a report counts: heat maps, curves, costs, frames, and the same in Markdown."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from videoxl.errors import EvaluationError
from videoxl.evaluation.report.curves import charts
from videoxl.evaluation.report.figures import cost_table
from videoxl.evaluation.report.heat_map import PLAIN_SHADES, as_picture, as_text, colour_of, heat_maps
from videoxl.evaluation.report.markdown import markdown, plain
from videoxl.evaluation.report.reported_run import read_runs
from videoxl.evaluation.report.thumbnails import moments, thumbnails
from videoxl.evaluation.tasks.niah import Niah

HOSTILE = "<b>x</b> | [a](http://b) `c` **d**\n# e\ud800"


def at_the_beginning(item):
    """Right at depth 0, and wrong elsewhere."""
    return item.answer if item.categories["depth"] == "0 %" else "nonsense"


def test_heat_maps_hold_the_scores_of_their_cells(write_niah):
    """Each kind of question has a map, and each cell is the score of its questions."""
    (run,) = read_runs([write_niah(says=at_the_beginning)])
    maps = heat_maps(run)
    assert [each.chosen for each in maps] == [(("kind", "what"),), (("kind", "is_there"),)]
    for each in maps:
        assert (each.rows, each.columns) == (("0 %", "100 %"), ("8", "16"))
        assert {place: cell.value for place, cell in each.cells.items()} == {
            ("0 %", "8"): 1, ("0 %", "16"): 1, ("100 %", "8"): 0, ("100 %", "16"): 0,
        }  # fmt: skip
    assert as_text(maps[0]).splitlines()[1].split() == ["depth", "8", "16"]
    assert [line.split()[2] for line in as_text(maps[0]).splitlines()[2:]] == ["100", "0"]


def test_text_keeps_to_the_terminal(write_niah):
    """In a narrow terminal lengths go on below, each with all its depths, and no line is wider; ASCII is enough."""
    (run,) = read_runs([write_niah(says=at_the_beginning)])
    what = heat_maps(run)[0]
    text = as_text(what, width=20, shades=PLAIN_SHADES)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 20
    columns = [line.split()[1:] for line in text.splitlines() if line.lstrip().startswith("depth ")]
    assert columns == [["8"], ["16"]]
    assert re.findall(r"(\d+) %  +(\d+)( ##)?", text) == [("0", "100", " ##"), ("100", "0", "")] * 2
    assert len(as_text(what, width=80).splitlines()) == 1 + 1 + 2


def test_the_picture_shows_every_cell_in_its_colour(write_niah):
    """The PNG of all maps has as much of each colour as there are cells of that score."""
    runs = read_runs([write_niah("a", says=at_the_beginning), write_niah("b")])
    picture = np.asarray(as_picture([heat_maps(run) for run in runs]))
    full, empty = (int((picture == np.array(colour_of(value))).all(axis=-1).sum()) for value in (1, 0))
    assert full / empty == pytest.approx(12 / 4, rel=0.05)  # digits cover a little


def test_colours_rise_in_lightness():
    """A better cell is a lighter one, to every eye."""
    lightness = [np.dot(colour_of(value), (0.299, 0.587, 0.114)) for value in np.linspace(0, 1, 41)]
    assert (np.diff(lightness) > 0).all()


def test_runs_that_differ_in_the_ratio_are_one_curve(write_niah):
    """Points of one curve differ in nothing else; another method is another curve; one ratio alone is no chart."""
    paths = [write_niah(f"vst-{ratio}", ratio=ratio) for ratio in (16, 2)]
    paths.append(write_niah("pool-2", ratio=2, method="pooling", says=at_the_beginning))
    runs = read_runs(paths)
    (chart,) = charts(runs)
    assert {curve.label: [point.ratio for point in curve.points] for curve in chart.curves} == {
        "nano, vst": [2, 16],
        "nano, pooling": [2],
    }
    assert [point.run for point in chart.curves[0].points] == [2, 1]
    assert chart.trivial == runs[0].trivial("overall")
    assert charts(runs[:1]) == []


def test_a_folder_of_runs_is_all_of_them(write_niah, tmp_path):
    """What `--ratios` leaves is read in order of the ratios; a folder without any run is refused."""
    for ratio in (16, 2, 8):
        write_niah(f"all/ratio-{ratio}", ratio=ratio)
    assert [run.ratio for run in read_runs([tmp_path / "all"])] == [2, 8, 16]
    (tmp_path / "none").mkdir()
    with pytest.raises(EvaluationError, match="is no run"):
        read_runs([tmp_path / "none"])


def test_scores_are_those_of_the_task(write_niah):
    """The one number of all questions, counted by the report, is the task's own."""
    (run,) = read_runs([write_niah(says=at_the_beginning)])
    assert run.score_of(run.results.marks) == run.results.overall
    assert run.trivial("kind", "is_there") == 0.5
    assert run.trivial("nothing", "of that") is None


def test_costs_are_means_and_all_in(write_niah):
    """A question costs its asking and its share of the watching."""
    (run,) = read_runs([write_niah()])
    assert (run.costs.num_videos, run.costs.num_questions) == (4, 12)
    assert (run.costs.watch_seconds, run.costs.ask_seconds) == (3, 0.5)
    assert run.costs.seconds_per_question == pytest.approx((4 * 3 + 12 * 0.5) / 12)
    assert (run.costs.memory_rows, run.costs.memory_bytes, run.costs.peak_memory_bytes) == (64, 2048, None)


def test_costs_say_how_many_were_asked_at_once(write_niah):
    """Seconds that several questions shared stand beside how many they were; one by one, nothing does."""
    together, alone = read_runs([write_niah("a", together=3), write_niah("b")])
    assert (together.costs.asked_together, alone.costs.asked_together) == (3, None)
    headings, rows = cost_table([together, alone])
    assert [row[headings.index("asked at once")] for row in rows] == ["3", "-"]
    assert "asked at once" not in cost_table([alone])[0]


def test_frames_are_bounded_and_wrong_answers_come_first(write_niah):
    """So many answers have frames and no more, and each frame is what the film shows then."""
    runs = read_runs([write_niah("a", says=at_the_beginning), write_niah("b")])
    shown = thumbnails(runs, num_items=5)
    assert len(shown.of) == 5
    assert {number for number, _ in shown.of} == {1, 2}
    first = {answer.item.id: answer for answer in runs[0].answers}
    assert not any(first[item].is_right for number, item in shown.of if number == 1)
    (number, item), (frame, *_) = next(iter(shown.of.items()))
    film = runs[number - 1].task.open(first[item].item).film
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(frame.data_url.partition(",")[2]))))
    whole = Image.fromarray(film.frame(np.floor(10 * frame.seconds + 1e-6) / 10)).resize(stored.shape[1::-1])
    assert np.abs(stored.astype(float) - np.asarray(whole)).mean() < 8  # JPEG, and another way of scaling
    assert thumbnails(runs, num_items=0).of == {}


def test_a_video_that_cannot_be_opened_is_told(write_niah, monkeypatch):
    """Items of such a video have no frames, the others do, and the reason is kept."""
    (run,) = read_runs([write_niah()])
    gone, opened = run.answers[0].item.video, Niah.open

    def open_others(self, item):
        if item.video == gone:
            raise FileNotFoundError("gone")
        return opened(self, item)

    monkeypatch.setattr(Niah, "open", open_others)
    shown = thumbnails([run], num_items=100)
    assert shown.failures == {gone: "gone"}
    assert shown.of
    assert not any(item.startswith(gone) for _, item in shown.of)


def test_moments_are_where_evidence_points_and_where_it_was(write_niah):
    """Evidence is shown in its middle, the truth at its first whole second."""
    (run,) = read_runs([write_niah()])
    assert moments(run.answers[0]) == [("first evidence", 0.5), ("it was here", 0.0)]


def test_markdown_holds_the_same_numbers(write_niah):
    """Scores, maps, costs and wrong answers are in it, and every table is one."""
    runs = read_runs([write_niah("a", ratio=2, says=at_the_beginning), write_niah("b", ratio=4)])
    text = markdown(runs)
    assert "100.0 %" in text
    assert "## niah: quality against ratio" in text
    assert "wrong answers; lines are those of a/answers.jsonl" in text
    assert_tables(text)


def test_markdown_escapes_strangers(write_niah):
    """Text from outside makes no cell, no link and no element."""
    text = markdown(read_runs([write_niah(says=lambda item: HOSTILE, model=HOSTILE)]))
    assert_tables(text)
    assert not re.search(r"(?<!\\)[<\[`]|(?<!\\)\*\*d", text)
    assert text.encode("utf-8")
    assert plain("x" * 500).endswith("...")


def assert_tables(text):
    """Every table has as many cells in each row."""
    for block in text.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) <= 1, block
