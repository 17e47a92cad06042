"""A named way to look through a memory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from videoxl.export.recipes.work import Found, Work

Need = Literal["nothing", "query", "questions"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What it is called, what it finds, what it must be given, and how it works."""

    name: str
    about: str
    needs: Need
    look: Callable[[Work], Found]
