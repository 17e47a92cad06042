"""What vniah.yaml names: rows, films, words and marks of V-NIAH.

The protocol feeds the answer and asks whether each token was the first choice. lmms-eval asks chat models for generated
answers only; a greedy one begins with just these tokens where, and only where, each was the first choice. Text is
compared, and not tokens: an answer counts where what was said begins with it and the word ends there.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from videoxl.integrations.lmms_eval.documents import item_of, rows_of, score, task_of
from videoxl.integrations.lmms_eval.film_file import film_file
from videoxl.video import open_video

Row = Mapping[str, Any]
FILMS_FOLDER = "films-with-needles"


def process_docs(sources: Any) -> Any:
    """The data set of all cells; `sources` is that of the one row beside the YAML."""
    from datasets import Dataset

    return Dataset.from_list(rows_of(sources))


def doc_to_visual(row: Row, lmms_eval_specific_kwargs: Mapping[str, Any] | None = None) -> list[Any]:
    """The film with its needle: frames for models that take them, else the path of a file."""
    film = open_video(task_of(row).open(item_of(row)))
    if (lmms_eval_specific_kwargs or {}).get("film") == "frames":
        return [{"type": "video", "url": film}]
    return [str(film_file(film, Path(row["folder"]) / FILMS_FOLDER))]


def doc_to_text(row: Row, lmms_eval_specific_kwargs: Mapping[str, Any] | None = None) -> str:
    """The authors' question, which says itself how to answer."""
    return task_of(row).prompt(item_of(row))


def doc_to_target(row: Row) -> str:
    """The answer."""
    return item_of(row).answer


def process_results(row: Row, results: Sequence[str]) -> dict[str, Row]:
    """The answer, and whether it begins with the right one."""
    expected = item_of(row).answer.strip()
    is_hit = re.match(rf"{re.escape(expected)}(?!\w)", results[0].strip()) is not None
    return {"vniah": {**row, "raw": results[0], "details": {"hits": (is_hit,)}}}


def accuracy(answered: Sequence[Row]) -> float:
    """The share of cells that are right."""
    overall = score(answered, parser="strict").overall
    assert overall is not None, "no cell was answered"
    return overall.value
