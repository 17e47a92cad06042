"""What vnbench.yaml names: rows, film, words and marks of VNBench."""

from collections.abc import Mapping, Sequence
from typing import Any

from videoxl.integrations.lmms_eval.documents import item_of, rows_of, score, task_of

Row = Mapping[str, Any]


def process_docs(sources: Any) -> Any:
    """The data set of all tries; `sources` is that of the one row beside the YAML."""
    from datasets import Dataset

    return Dataset.from_list(rows_of(sources))


def doc_to_visual(row: Row) -> list[Any]:
    """The path of its film."""
    return [task_of(row).open(item_of(row))]


def doc_to_text(row: Row) -> str:
    """The question with its options."""
    return task_of(row).prompt(item_of(row))


def doc_to_target(row: Row) -> str:
    """The letter of the right option."""
    return item_of(row).answer


def process_results(row: Row, results: Sequence[str]) -> dict[str, Row]:
    """What is scored, under each number that it counts in. One try says nothing: scores are made of all of them."""
    answered = {**row, "raw": results[0]}
    ability = item_of(row).categories["ability"]
    return dict.fromkeys(("vnbench", "vnbench_official", f"vnbench_{ability}"), answered)


def strict(answered: Sequence[Row]) -> float:
    """The mean over types of questions whose four tries are all right, by our parser."""
    return _overall(answered, "strict")


def official(answered: Sequence[Row]) -> float:
    """The same, with letters as the authors' script reads them."""
    return _overall(answered, "official")


def _overall(answered: Sequence[Row], parser: Any) -> float:
    overall = score(answered, parser=parser).overall
    assert overall is not None, "no try was answered"
    return overall.value
