"""The numbers of a measurement, from its records: what is in the JSON, and what each of it means.

results[FRAMES][FORM]["GROUP: TASK"]     share of right answers, with n, interval, trivial level, and a digit a question
false_alarms, strangers, ordinary        what a person sees where there is nothing, or nothing with a name, to find
kept, leads                              16x against 1x, and against memories of its size without VSTs
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from evaluation.asking import Record
from evaluation.memories import BASELINES, Form
from evaluation.shares import compare, kept, lead, right_answers, right_moments, share
from videoxl.synth.questions import NOTHING

FORMAT = 2
MAIN_FORM: Form = "16x"
MAX_BYTES = 900_000
ORDER = ("first", "last", "after")
EVIDENCE_TASKS = {"what", "is there", "when", "first", "last", "after"}
INSERT_TASKS = ("insert: is there", "insert: what", "order: order", "count: count")
EDIT_TASKS = ("edit: is there", "edit: what")
THING_TASKS = ("is there", "when", "never")
RECORD = ["film", "frames", "task", "question", "expected", "answer", "first evidence", "right", "evidence right"]
MEANINGS = {
    "right": "the answer is the expected one word for word; when: its range of time shows it",
    "evidence": (
        "the first range of evidence holds a frame that shows what was asked for, and is at most one interval longer "
        "than need be; of questions about something shown, whether or not their answer is right"
    ),
    "hours": (
        "real frames of the split: one film with needles at a random place among the filler films, which stand in "
        "another order each time; so hours share their fillers, and are not independent of one another"
    ),
    "false_alarms.per_frame": (
        "filler films where 'what was inserted' is answered by anything but 'nothing', divided by the frames watched: "
        "what a user sees; several false frames of one film count once"
    ),
    "false_alarms.per_question": "questions 'is there X', X one of the model's names at random, answered yes",
    "false_alarms.different_frames": "hours share their frames: so many of those counted are different ones",
    "strangers": "films with one picture that has no name, asked what was inserted: answered by anything but 'nothing'",
    "ordinary": (
        "agreement with the published tower's classifier: a thing is there where it gives 0.5 or more in some frame, "
        "not there where it gives less than 0.03 in every frame; what lies between is not asked"
    ),
    "kept": "mean over tasks at 16x divided by that at 1x; leads: points of that mean; intervals by drawing questions",
    "bits": "1 for a right answer, question by question; questions are the same in every form",
    "interval": "95 %: Wilson's; questions are taken for independent",
}

Table = dict[str, dict[str, dict[str, dict[str, Any]]]]


def results(records: Sequence[Record]) -> Table:
    """By length, form, group and task."""
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        for task in (record.asked.task, "order" if record.group == "order" and record.asked.task in ORDER else None):
            if task:
                groups[str(record.num_frames), record.form, f"{record.group}: {task}"].append(record)
    table: Table = {}
    for (length, form, task), members in groups.items():
        table.setdefault(length, {}).setdefault(form, {})[task] = right_answers(members)
    for (length, form, group), members in _moments(records).items():
        if found := right_moments(members):
            table[length][form][f"{group}: evidence"] = found
    return table


def _moments(records: Sequence[Record]) -> dict[tuple[str, str, str], list[Record]]:
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.asked.task in EVIDENCE_TASKS and record.form not in BASELINES:
            groups[str(record.num_frames), record.form, record.group].append(record)
    return groups


def false_alarms(records: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """By group (filler, and ordinary footage), length and form."""
    found: dict[str, dict[str, Any]] = {}
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.group in ("filler", "stills", "footage"):
            groups[record.group, str(record.num_frames), record.form].append(record)
    drawn = _frames_drawn(records)
    for (group, length, form), members in groups.items():
        what = [record for record in members if record.asked.task == "what"]
        named = sum(record.answer != NOTHING for record in what)
        frames = sum(record.num_frames for record in what)
        entry = {
            "films": len(what),
            "frames": frames,
            "different_frames": min(frames, drawn[group]),
            "films_with_a_name": named,
            "per_film": share(named, len(what)),
            "per_frame": share(named, frames),
        }
        if group == "filler":
            asked = [record for record in members if record.asked.task == "is there"]
            entry["per_question"] = share(sum(record.answer == "yes" for record in asked), len(asked))
        found.setdefault(group, {}).setdefault(length, {})[form] = entry
    return found


def _frames_drawn(records: Sequence[Record]) -> Counter[str]:
    """Different frames of each group: an hour of fillers is made of the frames of short films."""
    shortest: dict[tuple[str, str], int] = {}
    for record in records:
        film = (record.group, record.film)
        shortest[film] = min(record.num_frames, shortest.get(film, record.num_frames))
    drawn: Counter[str] = Counter()
    for (group, _), frames in shortest.items():
        drawn[group] += frames
    return drawn


def strangers(records: Sequence[Record]) -> dict[str, Any]:
    """How often a picture without a name is called by one, by form; none where no stranger was shown."""
    found: dict[str, Any] = {}
    for form in dict.fromkeys(record.form for record in records if record.group == "stranger"):
        members = [record for record in records if record.group == "stranger" and record.form == form]
        what = [record for record in members if record.asked.task == "what"]
        asked = [record for record in members if record.asked.task == "is there"]
        found[form] = {
            "called_by_a_name": share(sum(record.answer != NOTHING for record in what), len(what)),
            "false_yes": share(sum(record.answer == "yes" for record in asked), len(asked)),
        }
    return found


def ordinary(records: Sequence[Record], *, num_known: int) -> dict[str, Any]:
    """Agreement with the teacher about ordinary things, by where the film comes from and by form."""
    found: dict[str, Any] = {"things_known": num_known}
    parts = {"all": ("stills", "footage"), "stills": ("stills",), "footage": ("footage",)}
    for name, groups in parts.items():
        for form in dict.fromkeys(record.form for record in records if record.group in groups):
            members = [record for record in records if record.group in groups and record.form == form]
            about = {task: [record for record in members if record.asked.task == task] for task in THING_TASKS}
            entry = {task: right_answers(asked) for task, asked in about.items() if asked}
            if moments := right_moments([record for record in members if record.asked.task in EVIDENCE_TASKS]):
                entry["evidence"] = moments
            found.setdefault(name, {})[form] = entry
    return found


def against(table: Table, length: str) -> dict[str, Any]:
    """What 16x keeps of 1x, and its leads over the memories without VSTs, on the same questions."""
    forms = table.get(length, {})
    sets = {"inserts": INSERT_TASKS, "edits": EDIT_TASKS}
    found: dict[str, Any] = {"kept": {}, "leads": {}}
    for name, tasks in sets.items():
        bits = {form: _bits(entries, tasks) for form, entries in forms.items()}
        if not bits.get(MAIN_FORM) or not bits.get("1x"):
            continue
        found["kept"][name] = compare(bits[MAIN_FORM], bits["1x"], kept)
        found["leads"][name] = {
            form: compare(bits[MAIN_FORM], bits[form], lead) for form in BASELINES if bits.get(form)
        }
    return found


def _bits(entries: Mapping[str, Mapping[str, Any]], tasks: Sequence[str]) -> dict[str, str]:
    return {task: entries[task]["bits"] for task in tasks if task in entries}


def summary(records: Sequence[Record], *, length: int, num_known: int) -> dict[str, Any]:
    """Every number of a measurement."""
    table = results(records)
    return {
        "results": table,
        **against(table, str(length)),
        "false_alarms": false_alarms(records),
        "strangers": strangers(records),
        "ordinary": ordinary(records, num_known=num_known),
        "questions": len(records),
        "questions_with_unknown_words": sum(not record.knows_words for record in records),
    }


def as_json(about: Mapping[str, Any], records: Sequence[Record]) -> str:
    """One object: what was measured, and a line for each answer at 16x (of the wrong ones where that is too long)."""
    main = [record for record in records if record.form == MAIN_FORM]
    main = [record for record in main if record.group != "filler" or not record.is_right]
    for kind, kept_records in (("all but right ones of filler", main),
                               ("wrong", [record for record in main if not record.is_right])):  # fmt: skip
        head = json.dumps({**about, "records_kept": f"{MAIN_FORM}, {kind}", "record": RECORD}, indent=1)
        rows = ",\n  ".join(json.dumps(_row(record)) for record in kept_records)
        text = f'{_compact(head)},\n "records": [\n  {rows}\n ]\n}}\n'
        if len(text) <= MAX_BYTES:
            break
    return text


def _row(record: Record) -> list[Any]:
    asked = record.asked
    evidence = None if record.evidence is None else [round(edge, 1) for edge in record.evidence]
    expected = asked.expected or f"from second {asked.frames[0]}"
    answers = [expected, record.answer, evidence, record.is_right, record.is_hit]
    return [record.film, record.num_frames, asked.task, asked.text, *answers]


def _compact(head: str) -> str:
    """The indented object without its end; lists of two numbers on one line."""
    return re.sub(r"\[\s+([-\d.e]+),\s+([-\d.e]+)\s+\]", r"[\1, \2]", head).removesuffix("\n}")
