"""The queue: whatever workers do and wherever they die, every video is watched once, or called failed."""

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from videoxl.errors import LeaseLostError, UsageError
from videoxl.library import Library
from videoxl.library.queue import MOST_DEATHS

from .conftest import FINGERPRINT, SECONDS, Clock, settings

WORKERS = ("one", "two", "three")


class Nothing:
    """What a memory without rows says of itself; the queue does not look at it."""

    disk_bytes = 0

    class manifest:
        segments = ()

        class about:
            sources = ()

    @staticmethod
    def summary():
        from videoxl.memory.about import MemoryAbout
        from videoxl.memory.summary import summarise

        return summarise(MemoryAbout(), (), num_bytes=0)


def test_jobs_are_given_out_oldest_first_and_to_one_worker(library, add, clock):
    """Each job goes to the first who asks; who asks next gets the next, and the last nothing."""
    entries = []
    for number in range(3):
        entries.append(add(f"{number}.mp4"))
        clock.pass_by(1)
    leased = [library.lease(worker, SECONDS) for worker in WORKERS]
    assert [job.entry.id for job in leased] == [entry.id for entry in entries]
    assert library.lease("four", SECONDS) is None
    assert {entry.state for entry in library.entries()} == {"watching"}
    assert library.progress(entries[0].id).worker == "one"


def test_a_worker_takes_what_its_model_shall_watch(library, add):
    """A job of another model, or that was not asked for, stays for others."""
    ours, theirs = add("ours.mp4"), add("theirs.mp4", model="0" * 64)
    assert library.lease("worker", SECONDS, only={"0" * 32}) is None
    assert library.lease("worker", SECONDS, model_fingerprint="0" * 64).entry.id == theirs.id
    assert library.lease("worker", SECONDS, model_fingerprint="0" * 64) is None
    assert library.lease("worker", SECONDS, model_fingerprint=FINGERPRINT).entry.id == ours.id


def test_a_job_without_a_sign_of_life_is_taken_up(library, add, clock):
    """When the lease has run out, the entry waits again and the next worker gets it; the first can do nothing more."""
    entry = add()
    dead = library.lease("dead", SECONDS)
    dead.note(num_frames=5, total_frames=10, frames_per_second=2.0, seconds_left=2.5)
    clock.pass_by(SECONDS - 1)
    assert library.lease("next", SECONDS) is None
    clock.pass_by(2)
    assert library.entry(entry.id).state == "queued"
    job = library.lease("next", SECONDS)
    assert job.entry.id == entry.id
    for call in (dead.renew, dead.give_back, lambda: dead.fail("late"), lambda: dead.done(Nothing)):
        with pytest.raises(LeaseLostError, match="no longer watched by dead"):
            call()
    assert library.entry(entry.id).state == "watching"
    job.done(Nothing)
    assert library.entry(entry.id).state == "ready"


def test_a_lease_that_is_renewed_lasts(library, add, clock):
    """Signs of life keep a job, however long it takes."""
    entry = add()
    job = library.lease("worker", SECONDS)
    for _ in range(5):
        clock.pass_by(SECONDS - 1)
        job.renew()
        assert library.lease("other", SECONDS) is None
    assert library.entry(entry.id).state == "watching"


def test_a_late_worker_that_nobody_replaced_may_finish(library, add, clock):
    """A lease that ran out and that nobody took is still its holder's: no work is thrown away."""
    entry = add()
    job = library.lease("slow", SECONDS)
    clock.pass_by(10 * SECONDS)
    job.done(Nothing)
    assert library.entry(entry.id).state == "ready"


def test_progress_can_be_read_from_another_process(library, add, open_library):
    """What a worker notes, another opening of the library tells."""
    entry = add()
    job = library.lease("worker", SECONDS)
    job.note(num_frames=5, total_frames=10, frames_per_second=2.0, seconds_left=2.5)
    said = open_library().progress(entry.id)
    assert (said.num_frames, said.total_frames, said.frames_per_second, said.seconds_left) == (5, 10, 2.0, 2.5)
    job.done(Nothing)
    assert library.progress(entry.id) is None


def test_a_job_given_back_waits_as_long_as_was_asked(library, add, clock):
    """What cannot be done now is not tried again at once; giving back is no death, however often."""
    entry = add()
    for _ in range(2 * MOST_DEATHS):
        library.lease("worker", SECONDS).give_back(after_seconds=5)
        assert library.entry(entry.id).state == "queued"
        assert library.lease("worker", SECONDS) is None
        clock.pass_by(5)
    assert library.lease("worker", SECONDS).entry.id == entry.id


def test_a_video_that_kills_its_workers_is_given_up(library, add, clock):
    """After so many deaths at the same frame it has failed, says so, and holds nobody else up."""
    entry, other = add("deadly.mp4"), add("harmless.mp4")
    for _ in range(MOST_DEATHS):
        job = library.lease("victim", SECONDS, only={entry.id})
        job.note(num_frames=7, total_frames=10, frames_per_second=1.0, seconds_left=3.0)
        clock.pass_by(SECONDS + 1)
    assert library.lease("survivor", SECONDS).entry.id == other.id
    after = library.entry(entry.id)
    assert after.state == "failed"
    assert f"{MOST_DEATHS} workers died over it, at frame 7 of 10" in after.why


def test_deaths_on_the_way_do_not_count(library, add, clock):
    """A long video may outlive any number of workers, as long as each gets further than the last."""
    entry = add()
    for number in range(3 * MOST_DEATHS):
        job = library.lease(f"worker {number}", SECONDS)
        job.note(num_frames=number + 1, total_frames=100, frames_per_second=1.0, seconds_left=3.0)
        clock.pass_by(SECONDS + 1)
    assert library.entry(entry.id).state == "queued"


def test_what_goes_on_behind_another_waits_for_it(library, add):
    """A video that is appended is not begun before its base is there; a base that failed does not hold it for ever."""
    base = add("base.mp4")
    more = library.append(base.id, base.source_path, settings())
    assert library.lease("one", SECONDS, only={more.id}) is None
    library.lease("one", SECONDS, only={base.id}).fail("no reason")
    assert library.lease("one", SECONDS).entry.id == more.id


@pytest.mark.parametrize(("worker", "seconds"), [("", 5), ("one", 0), ("one", -1), ("one", float("nan"))])
def test_a_lease_without_a_name_or_an_end_is_refused(library, worker, seconds):
    """Who asks for work says who it is and how long it may be silent."""
    with pytest.raises(UsageError, match="expected a name"):
        library.lease(worker, seconds)


class WorkersAndDeath(RuleBasedStateMachine):
    """Workers lease, live, finish, fail, give back and die in any order, while videos are added and removed."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.film = Path(self.folder.name) / "film"
        self.film.write_bytes(b"film")
        self.clock = Clock()
        self.library = Library(Path(self.folder.name) / "library", clock=self.clock)
        self.held = {}  # worker -> job that it believes to have
        self.finished = {}  # id -> how often it was done
        self.num_added = 0

    def teardown(self) -> None:
        self.library.close()
        self.folder.cleanup()

    @rule()
    def add_video(self):
        self.num_added += 1
        entry = self.library.add(
            self.film, settings(), model_name="m", model_fingerprint="f", source_sha256=str(self.num_added)
        )
        self.finished[entry.id] = 0

    @rule(worker=st.sampled_from(WORKERS))
    def lease(self, worker):
        before = {entry.id: entry.state for entry in self.library.entries()}
        job = self.library.lease(worker, SECONDS)
        if job is None:
            assert "queued" not in {entry.state for entry in self.library.entries()}
        else:
            assert before[job.entry.id] == "queued"
            self.held[worker] = job

    @rule(seconds=st.sampled_from([1.0, SECONDS / 2, SECONDS + 1]))
    def pass_time(self, seconds):
        self.clock.pass_by(seconds)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), act=st.sampled_from(["renew", "note", "done", "fail", "give back", "die"]))
    def act(self, data, act):
        worker = data.draw(st.sampled_from(sorted(self.held)))
        job = self.held[worker]
        entry_id = job.entry.id
        try:
            if act == "renew":
                job.renew()
            elif act == "note":
                job.note(num_frames=1, total_frames=2, frames_per_second=1.0, seconds_left=1.0)
            elif act == "done":
                job.done(Nothing)
                self.finished[entry_id] += 1
            elif act == "fail":
                job.fail("no reason")
            elif act == "give back":
                job.give_back()
        except LeaseLostError:
            act = "die"
        if act not in ("renew", "note"):
            del self.held[worker]

    @rule(data=st.data())
    def remove_one(self, data):
        entries = self.library.entries()
        if entries:
            self.library.remove(data.draw(st.sampled_from(sorted(entry.id for entry in entries))))

    @invariant()
    def nothing_is_done_twice_or_lost(self):
        """An entry is ready if and only if it was done once; what is not settled has a job, and nothing else has."""
        entries = {entry.id: entry for entry in self.library.entries()}
        assert max(self.finished.values(), default=0) <= 1
        for entry_id, entry in entries.items():
            assert (entry.state == "ready") == (self.finished[entry_id] == 1)
            assert (self.library.progress(entry_id) is not None) == (entry.state in ("queued", "watching"))
            if entry.state == "failed":
                assert entry.why

    @invariant()
    def no_job_has_two_live_workers(self):
        live = [entry.id for entry in self.library.entries(state="watching")]
        assert len(live) == len(set(live)) <= len(WORKERS) + self.num_added


WorkersAndDeath.TestCase.settings = hypothesis_settings(max_examples=20, stateful_step_count=40, deadline=None)


class TestWorkersAndDeath(WorkersAndDeath.TestCase):
    """Every video is watched once or called failed, whatever workers die."""
