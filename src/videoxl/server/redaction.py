"""Sentences without the folders of this machine: what a stranger may read, and what may stand in a log."""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

_PATH = re.compile(r"(?<![\w/:.~-])(?:[A-Za-z]:)?[/\\](?:[^\s/\\'\",;:()<>]+[/\\])*([^\s/\\'\",;:()<>]*)")
"""An absolute path, its last name apart; not what follows the host of a URL."""


class Redactor:
    """Takes folders out of sentences; a file's own name stays, so that one knows what is spoken of."""

    def __init__(self, roots: Iterable[Path]) -> None:
        """Args: roots: Folders known to hold our files; also those with spaces are found by them."""
        known = {str(path) for root in (*roots, Path.home(), Path(tempfile.gettempdir())) for path in _forms(root)}
        self._roots = sorted((root for root in known if len(root) > 1), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The sentence as a stranger may read it."""
        for root in self._roots:
            text = text.replace(root, "")
        return _PATH.sub(lambda match: match.group(1), text)


def _forms(root: Path) -> tuple[Path, ...]:
    return root.absolute(), root.resolve()
