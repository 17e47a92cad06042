"""What the built-in footage shows, in one word each; sources without a place or a subject have no label.

Labels are shared by the splits where the footage is, and no label is the name of a picture: what a film is cut from and
what is inserted into it are asked for with different words.
"""

from __future__ import annotations

BUILTIN_LABELS: dict[str, str] = {
    "aerial": "town",
    "aisle": "shop",
    "aisle-left": "shop",
    "bikes": "street",
    "brook": "forest",
    "building": "building",
    "bunny": "cartoon",
    "campus": "campus",
    "campus-left": "campus",
    "campus-low": "campus",
    "campus-right": "campus",
    "carpark": "carpark",
    "carpark-late": "carpark",
    "circuit": "circuit",
    "city": "city",
    "classroom": "classroom",
    "corridor": "corridor",
    "dandelions": "meadow",
    "desktop": "desktop",
    "graffiti": "graffiti",
    "hall": "corridor",
    "meadow": "meadow",
    "mountains": "mountains",
    "ocean": "ocean",
    "parking": "carpark",
    "signer-black": "office",
    "signer-grey": "office",
    "signer-plaid": "office",
    "signer-yellow": "office",
    "stars": "space",
    "sundown": "sunset",
    "tower": "building",
    "toys": "toys",
    "village": "village",
    "worker": "factory",
    "worker-right": "factory",
    "world": "space",
}
