"""Tasks by name, and options as they are typed."""

import subprocess
import sys

import pytest

from videoxl.errors import UsageError
from videoxl.evaluation.registry import TASKS, find_task, name_for, options_of, task_classes


@pytest.mark.parametrize("name", TASKS)
def test_every_task_keeps_the_protocol(name):
    """Each task says what it is, and its options, written down and read again, make the same task."""
    task = find_task(name)
    assert task.name == name
    assert all(isinstance(text, str) for text in (task.title, task.needs, task.metric))
    assert task.max_new_tokens > 0
    assert task.asking in ("generate", "teacher_forced")
    assert find_task(name, options_of(task)) == task
    assert task_classes()[name] is type(task)


def test_options_are_read_as_typed():
    """Words of the command line become what the option is."""
    task = find_task("videomme", {"subtitles": "yes", "durations": "short,long"})
    assert (task.subtitles, task.durations) == (True, ("short", "long"))
    assert find_task("videomme", options_of(task)) == task


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("videome", {}, "no task 'videome'. Did you mean videomme"),
        ("mlvu", {}, "Did you mean mlvu-dev or mlvu-test"),
        ("zzz", {}, "There are videomme"),
        ("videomme", {"subtitle": True}, "has no option 'subtitle': it has subtitles, durations"),
        ("videomme", {"subtitles": "maybe"}, "subtitles cannot be 'maybe'"),
    ],
)
def test_unknown_names_say_what_there_is(name, options, said):
    """A task, an option or a value that does not exist is refused with those that do."""
    with pytest.raises(UsageError) as caught:
        find_task(name, options)
    assert said in str(caught.value)


def test_a_family_is_told_by_its_folder(tmp_path):
    """`mlvu` means the set whose files are there; both or neither is asked back."""
    with pytest.raises(UsageError, match="holds the annotations of neither"):
        name_for("mlvu", tmp_path)
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "1_plotQA.json").touch()
    assert name_for("mlvu", tmp_path) == "mlvu-dev"
    (tmp_path / "test_mcq_gt.json").touch()
    with pytest.raises(UsageError, match="mlvu-dev and mlvu-test"):
        name_for("mlvu", tmp_path)
    assert name_for("vnbench", tmp_path) == "vnbench"


def test_scoring_needs_no_model_library():
    """The core of the room, every benchmark with it, imports neither torch nor transformers nor a decoder."""
    code = (
        "import sys; from videoxl.evaluation.registry import find_task; import videoxl.evaluation.compare\n"
        "for name in ('videomme', 'mlvu-dev', 'longvideobench', 'lvbench', 'vnbench'): find_task(name)\n"
        "print([name for name in ('torch', 'transformers', 'av', 'pyarrow') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
