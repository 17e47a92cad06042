"""Events in order, and what is not beyond doubt."""

from videoxl.vico.clip import Clip
from videoxl.vico.event import Event, Timeline, merged


def test_what_goes_on_over_a_seam_is_one_event():
    """The same words in clips that touch are one event; after a pause they are two."""
    events = [Event("A dog runs.", 14, 28), Event("a dog runs", 0, 14), Event("a dog runs", 42, 56)]
    assert merged(events) == (Event("a dog runs", 0, 28), Event("a dog runs", 42, 56))


def test_an_event_that_others_interrupt_still_goes_on():
    """Another event in between does not cut one that touches itself."""
    events = [Event("rain falls", 0, 14), Event("a bell rings", 2, 3), Event("rain falls", 14, 28)]
    assert merged(events) == (Event("rain falls", 0, 28), Event("a bell rings", 2, 3))


def test_following_needs_order_on_both_sides(timeline_events):
    """An event follows another only if neither overlaps with it nor with what comes then."""
    first, second, third = timeline_events("one", "two", "three")
    assert Timeline([first, second, third]).follows(0)
    at_once = Event("four", second.start_seconds, second.stop_seconds)
    assert not Timeline([first, second, at_once, third]).follows(0)
    assert not Timeline([first, Event("two", 1.0, 6.0), third]).follows(0)
    assert not Timeline([first, second]).follows(1)


def test_nothing_follows_over_a_stretch_that_nobody_described(timeline_events):
    """A clip without a caption may hide an event, so its neighbours are not called neighbours."""
    events = timeline_events("one", "two", "three")
    assert not Timeline(events, gaps=[Clip(2.5, 3.5)]).follows(0)
    assert Timeline(events, gaps=[Clip(2.5, 3.5)]).follows(1)


def test_names_must_be_unique(timeline_events):
    """Words that two events share, whatever their case, name neither."""
    timeline = Timeline(timeline_events("A dog runs", "a cat sleeps", "a dog runs."))
    assert [timeline.is_unique(event) for event in timeline.events] == [False, True, False]
