"""Inference for people: load a model, watch a video, ask about it, see what the answer rests on."""

from videoxl.engine.answer import Answer, Evidence, Timings, Usage
from videoxl.engine.conversation import Conversation
from videoxl.engine.loading import load, open
from videoxl.engine.progress import Progress
from videoxl.engine.videoxl import VideoXL

__all__ = ["Answer", "Conversation", "Evidence", "Progress", "Timings", "Usage", "VideoXL", "load", "open"]
