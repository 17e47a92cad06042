"""No sentence that leaves the server names a folder of this machine."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videoxl.server.redaction import Redactor

REDACT = Redactor([Path("/srv/my library")])
SECRET = "secretfolder"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/home/anna/films/cat.mp4: broken", "cat.mp4: broken"),
        ("cannot open '/a/b/c.vxl', try again", "cannot open 'c.vxl', try again"),
        ("/srv/my library/memories/1f.vxl is damaged", "1f.vxl is damaged"),
        (r"C:\Users\anna\cat.mp4 is gone", "cat.mp4 is gone"),
        ("https://example.com/a/b.mp4 is too large", "https://example.com/a/b.mp4 is too large"),
        ("24 frames/s, and/or 3/4", "24 frames/s, and/or 3/4"),
    ],
)
def test_paths_become_names(said, shown):
    """Of a path the last name stays; addresses and fractions are no paths."""
    assert REDACT(said) == shown


@given(
    before=st.sampled_from(["", "got ", "'", "(", "error: "]),
    folders=st.lists(st.text("abcdefXYZ0189_.-", min_size=1), min_size=1, max_size=4),
    after=st.sampled_from(["", ": no", "'", ")", ", sorry"]),
)
def test_no_folder_survives(before, folders, after):
    """Wherever an absolute path stands in a sentence, its folders do not come through."""
    path = "/" + "/".join([SECRET, *folders])
    assert SECRET not in REDACT(f"{before}{path}{after}")
