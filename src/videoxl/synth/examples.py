"""Questions about a written film as one training example: the video, then pairs of question and answer.

The form is that of `videoxl train --data`: the questions are apart, so the film is watched once for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from videoxl.errors import UsageError
from videoxl.synth.questions import Question


def example_of(path: str | Path, questions: Sequence[Question], *, identity: str | None = None) -> dict[str, Any]:
    """The example as JSON can hold it; `path` is where the film lies, seen from the file that the example goes to."""
    if not questions:
        raise UsageError(f"there is no question about {path}; an example needs one or more.")
    messages: list[dict[str, Any]] = []
    for question in questions:
        messages.append({"role": "user", "content": [{"type": "text", "text": question.text}]})
        messages.append({"role": "assistant", "content": question.answer})
    messages[0]["content"].insert(0, {"type": "video", "path": str(path)})
    return {"id": identity or Path(path).stem, "messages": messages, "questions": "apart"}


def example_line(path: str | Path, questions: Sequence[Question], *, identity: str | None = None) -> str:
    """The same as a line of JSONL."""
    return json.dumps(example_of(path, questions, identity=identity)) + "\n"
