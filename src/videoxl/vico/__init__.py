"""VICO (visual clue order, paper 2.4): long films become questions that need several clues in the right order.

film -> clips of 14 s -> a caption each -> key events in order -> questions -> JSONL that `videoxl train` reads.

Who captions (`Captioner`) and who finds events and writes questions (`Writer`) are plugs: a model of ours, the known
facts of a synth film, rules, or any OpenAI-compatible endpoint.
"""

from videoxl.vico.builder import VicoBuilder
from videoxl.vico.cache import VicoCache
from videoxl.vico.caption import Caption, Captioner
from videoxl.vico.chat import ChatClient
from videoxl.vico.config import VicoConfig, VicoProgress
from videoxl.vico.endpoint import Endpoint
from videoxl.vico.event import Event, Timeline
from videoxl.vico.example_lines import write_vico
from videoxl.vico.film_file import FilmFile, find_films
from videoxl.vico.part import Part, VicoReport
from videoxl.vico.question import VicoQuestion
from videoxl.vico.writer import EndpointWriter, RuleWriter, Writer

__all__ = [
    "Caption",
    "Captioner",
    "ChatClient",
    "Endpoint",
    "EndpointWriter",
    "Event",
    "FilmFile",
    "Part",
    "RuleWriter",
    "Timeline",
    "VicoBuilder",
    "VicoCache",
    "VicoConfig",
    "VicoProgress",
    "VicoQuestion",
    "VicoReport",
    "Writer",
    "find_films",
    "write_vico",
]
