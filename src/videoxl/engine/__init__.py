"""Inference for people: load a model, watch a video, ask about it, see what the answer rests on."""

from videoxl.engine.answer import Answer, Evidence, Timings, Usage
from videoxl.engine.answer_batch import AnswerBatch
from videoxl.engine.constrained import Choices, JsonSchema, Regex
from videoxl.engine.conversation import Conversation
from videoxl.engine.loading import load, open
from videoxl.engine.progress import Progress
from videoxl.engine.turn import Turn
from videoxl.engine.videoxl import VideoXL

__all__ = [
    "Answer", "AnswerBatch", "Choices", "Conversation", "Evidence", "JsonSchema", "Progress", "Regex", "Timings",
    "Turn", "Usage", "VideoXL", "load", "open",
]  # fmt: skip
