"""The plugin of lmms-eval, imported against the recorded interface beside this file, on the tiny model in a folder."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

STUB = Path(__file__).parent / "lmms_eval_stub"
PLUGIN = "videoxl.integrations.lmms_eval.model"
TASK, SPLIT = "questions", "test"


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `lmms_eval` the recorded interface, and nothing else, for one test."""
    monkeypatch.syspath_prepend(str(STUB))
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "lmms_eval" or name == PLUGIN]:
        monkeypatch.delitem(sys.modules, name)


@pytest.fixture
def plugin(harness: None) -> Iterator[ModuleType]:
    """The module that lmms-eval imports."""
    import videoxl.integrations.lmms_eval.model as module

    yield module
    for name in [name for name in sys.modules if name.split(".")[0] == "lmms_eval" or name == PLUGIN]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def model_folder(make_model: Callable, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model, saved as training saves one."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    make_model(evidence_layers=[1, 2]).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Three films of 12 seconds, each second of one colour."""
    from videoxl.video.writer import FilmWriter

    folder = tmp_path_factory.mktemp("films")
    paths = [folder / f"film-{seed}.mp4" for seed in range(3)]
    for seed, path in enumerate(paths):
        colours = np.random.default_rng(seed).integers(0, 256, (12, 3), dtype=np.uint8)
        with FilmWriter(path, width=64, height=48, fps=2) as writer:
            for colour in np.repeat(colours, 2, axis=0):
                writer.write(np.broadcast_to(colour, (48, 64, 3)))
    return [str(path) for path in paths]


@pytest.fixture
def make_plugged(plugin: ModuleType, model_folder: Path) -> Callable[..., Any]:
    """Makes the model as lmms-eval does, from what stands in --model_args."""
    return lambda **given: plugin.VideoXLChat(**{"pretrained": str(model_folder), "device": "cpu", **given})


@pytest.fixture
def ask(make_plugged: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Asks rows as lmms-eval does: (films, question) each, or whole messages; gives what came back, in order."""

    def run(rows: list[Any], *, model: Any = None, **generation_kwargs: Any) -> list[Any]:
        from lmms_eval.api.instance import Instance

        model = model or make_plugged()
        model.task_dict = {TASK: {SPLIT: rows}}
        kwargs = {"max_new_tokens": 4, "until": ["\n\n"], **generation_kwargs}
        requests = [
            Instance("generate_until", ("", _messages, dict(kwargs), place, TASK, SPLIT), 0)
            for place in range(len(rows))
        ]
        return model.generate_until(requests)

    return run


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the films that are watched, as they are."""
    from videoxl.engine import VideoXL

    names: list[str] = []
    watch, append = VideoXL.watch, VideoXL.append

    def noted_watch(self, source, **options):
        names.append(_name(source))
        return watch(self, source, **options)

    def noted_append(self, memory, source, **options):
        names.append(f"+{_name(source)}")
        return append(self, memory, source, **options)

    monkeypatch.setattr(VideoXL, "watch", noted_watch)
    monkeypatch.setattr(VideoXL, "append", noted_append)
    return names


def _name(source: Any) -> str:
    return Path(source).name if isinstance(source, str) else source.info.name


def _messages(row: Any) -> list[dict[str, Any]]:
    if isinstance(row, list):
        return row
    films, question = row
    parts = [film if isinstance(film, dict) else {"type": "video", "url": film} for film in films]
    return [{"role": "user", "content": [*parts, {"type": "text", "text": question}]}]
