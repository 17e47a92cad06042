"""Who computes when: a scheduler small enough to be tried with threads alone."""

import threading
import time

from videoxl.server.turns import ModelTurns

SLICE_SECONDS = 0.005
LONG_SECONDS = 10.0


def watch_slices(turns, stopped, log):
    with turns.watching():
        while not stopped.is_set():
            begun = time.monotonic()
            time.sleep(SLICE_SECONDS)
            log.append((begun, time.monotonic()))
            turns.pause()


def run_watcher(turns):
    stopped, log = threading.Event(), []
    thread = threading.Thread(target=watch_slices, args=(turns, stopped, log), daemon=True)
    thread.start()
    while not log:
        time.sleep(0.001)
    return thread, stopped, log


def test_only_one_computes_at_a_time():
    """A step of answers and a slice of watching never overlap."""
    turns = ModelTurns()
    thread, stopped, slices = run_watcher(turns)
    steps = []
    for _ in range(20):
        turns.say_asked(True)
        with turns.answering():
            begun = time.monotonic()
            time.sleep(SLICE_SECONDS)
            steps.append((begun, time.monotonic()))
        turns.say_asked(False)
    stopped.set()
    thread.join(LONG_SECONDS)
    assert not thread.is_alive()
    assert all(end <= start or stop <= begun for start, stop in steps for begun, end in slices)


def test_an_answer_waits_for_one_slice_at_most():
    """A question that comes while a video is watched gets its turn at the end of the slice."""
    turns = ModelTurns()
    thread, stopped, slices = run_watcher(turns)
    num_before = len(slices)
    turns.say_asked(True)
    with turns.answering():
        num_waited_for = len(slices) - num_before
    turns.say_asked(False)
    stopped.set()
    thread.join(LONG_SECONDS)
    assert num_waited_for <= 1


def test_watching_gets_its_share_while_people_keep_asking():
    """Answers that never end slow watching down to its share of the time, and not to nothing."""
    turns = ModelTurns(watching_share=0.5)
    turns.say_asked(True)
    thread, stopped, slices = run_watcher(turns)
    until = time.monotonic() + 60 * SLICE_SECONDS
    num_steps = 0
    while time.monotonic() < until:
        with turns.answering():
            time.sleep(SLICE_SECONDS / 5)
            num_steps += 1
    stopped.set()
    turns.say_asked(False)
    thread.join(LONG_SECONDS)
    assert len(slices) >= 5
    assert num_steps >= len(slices)


def test_watching_makes_no_room_where_nobody_asks():
    """Without questions a pause costs nothing."""
    turns = ModelTurns()
    with turns.watching():
        begun = time.monotonic()
        for _ in range(1000):
            turns.pause()
        assert time.monotonic() - begun < 1.0


def test_a_pause_of_another_thread_is_none():
    """The layers of an answer's forward call pause, too, and are not held up."""
    turns = ModelTurns()
    turns.say_asked(True)
    with turns.answering():
        turns.pause()
