"""What a memory is called: hex digits that follow from what decides its content, and from nothing else."""

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import asdict

from videoxl.errors import UsageError
from videoxl.library.settings import WatchSettings
from videoxl.memory.manifest import VERSION, Manifest

ID_CHARACTERS = 32
LEAST_CHARACTERS = 4  # of a prefix; fewer would soon be ambiguous

_ID = re.compile(rf"[0-9a-f]{{{ID_CHARACTERS}}}")
_PREFIX = re.compile(rf"[0-9a-f]{{{LEAST_CHARACTERS},{ID_CHARACTERS}}}")


def address(*, source_sha256: str, settings: WatchSettings, model_fingerprint: str, base_id: str | None = None) -> str:
    """The id of these bytes, watched so by this model, on nothing or behind the memory `base_id`."""
    behind = [] if base_id is None else [base_id]
    return _digest([VERSION, source_sha256, settings.to_json(), model_fingerprint, *behind])


def address_of(manifest: Manifest) -> str:
    """The id of a memory that is there already; several videos, or unusual plans, are known by their rows."""
    about = manifest.about
    with suppress(UsageError):  # made in a way of its own, it is known by its rows like one of several videos
        settings = WatchSettings.from_json(about.plan)
        if len(about.sources) == 1 and about.sources[0].sha256:
            sha256, fingerprint = about.sources[0].sha256, about.model_fingerprint
            return address(source_sha256=sha256, settings=settings, model_fingerprint=fingerprint)
    return _digest([VERSION, asdict(about), [shard.sha256 for shard in manifest.shards]])


def is_id(text: str) -> bool:
    """Whether the text is a whole id; such a text is safe as a name of a file."""
    return _ID.fullmatch(text) is not None


def is_prefix(text: str) -> bool:
    """Whether the text may be the beginning of an id."""
    return _PREFIX.fullmatch(text) is not None


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:ID_CHARACTERS]
