"""Where memories are kept between commands: $VIDEOXL_HOME, by default the cache folder of the platform."""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DIGEST_CHARACTERS = 16
NAME_CHARACTERS = 60


def home() -> Path:
    """The folder that all we keep lies in; it may not exist yet."""
    given = os.environ.get("VIDEOXL_HOME", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "videoxl"
    if sys.platform == "win32":
        return Path.home() / "AppData" / "Local" / "videoxl"
    return Path.home() / ".cache" / "videoxl"


def memories() -> Path:
    """The folder of kept memories."""
    return home() / "memories"


def memory_path(name: str, *, source_sha256: str, settings: Mapping[str, Any], model_fingerprint: str) -> Path:
    """Where the memory of these bytes, watched so by this model, is kept; other content has another place."""
    from videoxl.memory.manifest import VERSION

    content = json.dumps([VERSION, source_sha256, settings, model_fingerprint], sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()[:DIGEST_CHARACTERS]
    readable = re.sub(r"[^\w.-]+", "-", Path(name).stem)[:NAME_CHARACTERS].strip("-.") or "video"
    return memories() / f"{readable}-{digest}.vxl"
