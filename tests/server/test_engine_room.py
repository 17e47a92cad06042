"""What is said while there is no model to work with."""

import pytest


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("loading", "model_loading"),
        ("ready", "model_loading"),  # it has come since somebody looked
        ("failed", "model_failed"),
        ("stopping", "shutting_down"),
    ],
)
def test_who_comes_too_early_or_too_late_is_told_when_to_come_again(make_client, state, code):
    """Whatever state the model is in by the time that a refusal is worded, it is a 503 with its reason."""
    room = make_client().app.state.site.room
    room.state = state
    refusal = room.not_ready()
    assert (refusal.status_code, refusal.code) == (503, code)
    assert int(refusal.headers["Retry-After"]) > 0
