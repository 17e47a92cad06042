"""A library of watched videos: a catalogue over memories on disk, and the work that is left to do on them."""

from videoxl.library.entry import (
    STATES,
    Collected,
    Entry,
    Hit,
    JobProgress,
    KeptInterval,
    Question,
    State,
)
from videoxl.library.job import Job
from videoxl.library.library import Library
from videoxl.library.settings import WatchSettings

__all__ = [
    "STATES",
    "Collected",
    "Entry",
    "Hit",
    "Job",
    "JobProgress",
    "KeptInterval",
    "Library",
    "Question",
    "State",
    "WatchSettings",
]
