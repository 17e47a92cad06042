"""Every answer of every run, word for word, each to be opened: what was asked, what came back, what it rests on."""

import json
from collections.abc import Sequence

from videoxl.evaluation.item import SEVERAL
from videoxl.evaluation.report.markup import Markup, tag
from videoxl.evaluation.report.reported_run import ReportedAnswer, ReportedRun
from videoxl.evaluation.report.thumbnails import Thumbnail, Thumbnails
from videoxl.evaluation.run_folder import ANSWERS
from videoxl.video.clock import clock

ShownPair = tuple[str, object]


def answer_list(runs: Sequence[ReportedRun], thumbnails: Thumbnails) -> Markup:
    """The browser: controls, and all answers of all runs in order."""
    options = [tag("option", "all runs", value="")]
    options += [tag("option", f"{run.number}: {run.header.task}, {run.label}", value=run.number) for run in runs]
    controls = tag(
        "form",
        tag("label", "Run ", tag("select", *options, id="run")),
        tag("label", "Words ", tag("input", type="search", id="words", placeholder="in question or answer")),
        tag("label", tag("input", type="checkbox", id="wrong"), " wrong ones only"),
        tag("label", tag("input", type="checkbox", id="seen"), " with pictures only"),
        tag("a", "show all", href="#answers"),
        tag("output", id="shown", aria_live="polite"),
        id="controls",
    )
    answers = [_answer(run, answer, thumbnails) for run in runs for answer in run.answers]
    return tag(
        "section",
        tag("h2", "Answers"),
        tag("noscript", tag("p", "Choosing among answers needs script; without it all of them are listed.")),
        controls,
        tag("div", *answers, id="list"),
        id="answers",
    )


def _answer(run: ReportedRun, answer: ReportedAnswer, thumbnails: Thumbnails) -> Markup:
    item, record = answer.item, answer.record
    pictures = thumbnails.of.get((run.number, item.id), ())
    said = None if record is None else record.raw
    summary = tag(
        "summary",
        tag("span", _verdict(answer), class_=f"verdict {_verdict(answer).replace(' ', '-')}"),
        tag("span", item.question.partition("\n")[0], class_="question"),
        tag("span", "no answer" if said is None else said.strip() or "(empty)", class_="said"),
        tag("span", "" if answer.is_right else _right(answer), class_="expected", title="the right answer"),
    )
    return tag(
        "details",
        summary,
        tag("dl", *[part for name, shown in _facts(run, answer) for part in (tag("dt", name), tag("dd", shown))]),
        tag("div", *[_picture(each) for each in pictures], class_="pictures") if pictures else None,
        data_run=run.number,
        data_in=json.dumps(_categories(answer), ensure_ascii=False),
        data_right=answer.is_right,
        data_seen=bool(pictures),
    )


def _verdict(answer: ReportedAnswer) -> str:
    if answer.mark is None:
        return "no mark"
    return "right" if answer.is_right else "wrong" if answer.mark.points == 0 else f"{answer.mark.points:g}"


def _categories(answer: ReportedAnswer) -> list[str]:
    """As links name them; an item in several of one axis is in each."""
    found = answer.item.categories.items()
    return [f"{axis}={each}" for axis, categories in found for each in categories.split(SEVERAL)]


def _facts(run: ReportedRun, answer: ReportedAnswer) -> list[ShownPair]:
    item, record, mark = answer.item, answer.record, answer.mark
    lines: list[ShownPair] = []
    lines.append(("question", tag("pre", record.prompt if record is not None and record.prompt else item.question)))
    if item.options and (record is None or not record.prompt):
        options = [f"{letter}. {text}" for letter, text in zip(item.letters, item.options, strict=True)]
        lines.append(("options", tag("pre", "\n".join(options))))
    lines.append(("right answer", tag("pre", _right(answer))))
    if record is not None and record.raw is not None:
        cut = "" if record.finished else "cut at the token limit"
        lines.append(("raw answer", (tag("pre", record.raw), cut)))
        if mark is not None and mark.read != record.raw:
            lines.append(("read as", tag("pre", mark.read)))
    else:
        lines.append(("no answer", "not asked yet" if record is None else record.failure or "nobody says why"))
    if item.spans:
        lines.append(("it is shown", ", ".join(f"{clock(start)} to {clock(stop)}" for start, stop in item.spans)))
    if record is not None and record.evidence:
        ranges = [f"{clock(start)} to {clock(stop)} ({score:.2f})" for start, stop, score in record.evidence]
        lines.append(("evidence", ", ".join(ranges)))
    return [*lines, *_whereabouts(run, answer)]


def _whereabouts(run: ReportedRun, answer: ReportedAnswer) -> list[ShownPair]:
    """What it takes to find the answer again in the run's files."""
    item, record = answer.item, answer.record
    lines: list[ShownPair] = [("item", f"{item.id} of run {run.number}"), ("video", item.path or item.video)]
    lines.append(("categories", ", ".join(f"{axis} {name}" for axis, name in item.categories.items())))
    if record is not None:
        lines.append(("record", f"{run.path.name}/{ANSWERS}, line {answer.line}"))
        tokens = f"{record.prompt_tokens:,} tokens asked, {record.answer_tokens:,} answered"
        lines.append(("rests on", f"{record.num_frames:,} frames, {record.memory_rows:,} rows of memory; {tokens}"))
    return lines


def _right(answer: ReportedAnswer) -> str:
    item = answer.item
    return f"{item.answer}. {item.answer_text}" if item.options and item.answer else item.answer


def _picture(thumbnail: Thumbnail) -> Markup:
    caption = f"{thumbnail.caption}, {clock(thumbnail.seconds)}"
    return tag("figure", tag("img", src=thumbnail.data_url, alt=caption), tag("figcaption", caption))
