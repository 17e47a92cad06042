"""Build the footage that nano is tested on from the public git repositories that it comes from.

    python recipes/nano/clips.py CLONES FOLDER      CLONES holds OWNER+NAME, each as `git clone --bare` makes it

clips.tsv names the repositories, their commits and licences, the files with their sha256, which seconds of them are
taken, and what is seen. The clips are not part of this repository: they are made where they are needed, in FOLDER, and
`evaluate.py --clips FOLDER` makes films of them. A file that is not there, or has other bytes, is named, and the script
exits 1.
"""

import argparse
import hashlib
import logging
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from assets import cut_clip
from photographs import show

HERE = Path(__file__).parent

log = logging.getLogger("clips")


@dataclass(frozen=True, slots=True)
class Clip:
    """One line of clips.tsv."""

    name: str
    repository: str
    commit: str
    licence: str
    path: str
    sha256: str
    start: str
    stop: str
    seen: str


def main() -> None:
    """Make all, say what could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, metavar="CLONES")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    clips = read_clips()
    missing = build(clips, options.clones, options.folder)
    log.info("%d of %d clips made", len(clips) - len(missing), len(clips))
    sys.exit(1 if missing else 0)


def read_clips() -> list[Clip]:
    """The lines of clips.tsv."""
    lines = (HERE / "clips.tsv").read_text(encoding="ascii").splitlines()
    return [Clip(*line.split("\t")) for line in lines if not line.startswith("#")]


def build(clips: list[Clip], clones: Path, folder: Path) -> list[str]:
    """Write the clips into `folder`; the names of those that could not be made."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = []
    with tempfile.TemporaryDirectory() as temporary:
        for clip in clips:
            content = show(clones / clip.repository.replace("/", "+"), clip.commit, clip.path)
            if hashlib.sha256(content).hexdigest() != clip.sha256:
                log.info("%s: %s (%s:%s)", clip.name, "other bytes" if content else "not there", *_place(clip))
                missing.append(clip.name)
                continue
            source = Path(temporary) / f"{clip.name}{Path(clip.path).suffix}"
            source.write_bytes(content)
            cut_clip(source, folder / f"{clip.name}.mp4", start=float(clip.start), stop=float(clip.stop))
            source.unlink()
    return missing


def _place(clip: Clip) -> tuple[str, str]:
    return clip.repository, clip.path


if __name__ == "__main__":
    main()
