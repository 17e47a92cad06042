"""What people take away from a memory: recipes that look through it, and formats that other programs read."""

from videoxl.export.document import Document
from videoxl.export.file import check_free, write_document
from videoxl.export.formats import FORMATS, Format, format_of
from videoxl.export.marker import Marker, Remark
from videoxl.export.recipes import RECIPES, Recipe, recipe_named, run_recipe
from videoxl.export.video import Video

__all__ = [
    "FORMATS",
    "RECIPES",
    "Document",
    "Format",
    "Marker",
    "Recipe",
    "Remark",
    "Video",
    "check_free",
    "format_of",
    "recipe_named",
    "run_recipe",
    "write_document",
]
