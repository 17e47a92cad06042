"""Measure a model on films of two minutes that nobody trained on: what, whether, when, and the moments shown as proof.

    python recipes/nano/evaluate.py WORK --split validation [--model FOLDER] [--singles 24 --none 8 --several 8]
    python recipes/nano/evaluate.py WORK --split test --singles 100 --none 20 --several 20 --out FILE.json

Films are drawn by number from the split's own footage and renderings, looked at once a second, condensed 8:1 and asked
through `videoxl`, greedily. The tower's features of every film are kept in WORK (11 MB a film), so that a run can be
stopped, and another decoder tried on the same films in seconds. Choose on validation; run test once, at the end.
"""

import argparse
import json
import logging
import os
import platform
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

import videoxl
from videoxl.compression.planner import FixedPlanner
from videoxl.engine.answer import Answer, Evidence
from videoxl.memory import CompressedMemory, MemoryAbout
from videoxl.synth.film import Film
from videoxl.synth.pictures import PictureSet
from videoxl.synth.questions import NOTHING, Question, make_questions
from videoxl.synth.script import random_film
from videoxl.synth.splits import SPLITS, Split, split_generator

SECONDS, FPS, RATIO = 120.0, 1.0, 8
FIRST_SEED = 5_000_000  # far from the seeds of training frames
SEEDS_A_DRAW = 10_000
FRAMES_AT_ONCE = 8
SEVERAL = (2, 3, 4)
KEPT_RANGES = 2  # of evidence, in the records

log = logging.getLogger("evaluate")


def main() -> None:
    """Draw, watch, ask, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder for features")
    parser.add_argument("--split", choices=SPLITS, default="validation")
    parser.add_argument("--model", default="nano", help="a model's name or folder")
    parser.add_argument("--singles", type=int, default=24, help="films with one picture")
    parser.add_argument("--none", type=int, default=8, help="films without any")
    parser.add_argument("--several", type=int, default=8, help="films with two to four")
    parser.add_argument("--draw", type=int, default=0, help="another number, other films")
    parser.add_argument("--ratio", type=int, default=RATIO)
    parser.add_argument("--out", type=Path, help="write the numbers here, too")
    parser.add_argument("--features-only", action="store_true", help="prepare the films, ask nothing")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    vxl = videoxl.load(options.model, device="cpu")
    options.work.mkdir(parents=True, exist_ok=True)
    records = []
    for group, number in (("single", options.singles), ("none", options.none), ("several", options.several)):
        for index in range(number):
            film = draw_film(options.split, group, index, draw=options.draw)
            path = options.work / f"{options.split}-{options.draw}-{group}-{index}.npy"
            features_FND = film_features(vxl, film, path)
            if not options.features_only:
                memory = remember(vxl, features_FND, ratio=options.ratio)
                records += ask_film(vxl, memory, film, group, index)
    if not options.features_only:
        report(records, options)


def draw_film(split: Split, group: str, index: int, *, draw: int) -> Film:
    """Film number `index` of a group in one draw of films; the same for ever."""
    seed = FIRST_SEED + SEEDS_A_DRAW * draw + 1000 * ("single", "none", "several").index(group) + index
    num_needles = {"single": 1, "none": 0, "several": SEVERAL[index % len(SEVERAL)]}[group]
    return random_film(split_generator(split, seed), seconds=SECONDS, num_needles=num_needles, split=split)


@torch.no_grad()
def film_features(vxl: videoxl.VideoXL, film: Film, path: Path) -> torch.Tensor:
    """Patches (F, N, D) of a film's frames as the tower sees them, kept at `path`."""
    if not path.exists():
        frames = [frame for _, frame in film.frames(FPS)]
        chunks = []
        for start in range(0, len(frames), FRAMES_AT_ONCE):
            pixels = vxl.processor.pixel_values(np.stack(frames[start : start + FRAMES_AT_ONCE]).transpose(0, 3, 1, 2))
            chunks.append(vxl.model.model.get_frame_features(pixels).patches_FND.half().numpy())
        new = path.with_suffix(f".{os.getpid()}.new.npy")
        np.save(new, np.concatenate(chunks))
        os.replace(new, path)
        log.info("watched %s", path.name)
    return torch.from_numpy(np.load(path)).float()


@torch.no_grad()
def remember(vxl: videoxl.VideoXL, features_FND: torch.Tensor, *, ratio: int) -> CompressedMemory:
    """The memory that `watch` would make of these frames."""
    memory = CompressedMemory(MemoryAbout(model_fingerprint=vxl.fingerprint))
    cache = vxl.model.cache(memory)
    vxl.model.remember_text(cache, torch.tensor([vxl.processor.before_video()]))
    visual_FMD = vxl.model.model.projector(features_FND)
    planner = FixedPlanner(ratio, interval_frames=vxl.model.config.interval_frames)
    intervals = [*planner.feed(np.zeros((len(visual_FMD), 1))), *planner.flush()]
    vxl.model.remember_video(cache, visual_FMD, intervals)
    return memory


def ask_film(
    vxl: videoxl.VideoXL, memory: CompressedMemory, film: Film, group: str, index: int
) -> list[dict[str, Any]]:
    """One record for each question of a film."""
    facts = film.facts
    names = PictureSet.builtin().names
    generator = split_generator(facts.split, FIRST_SEED + 500_000 + index)
    questions = make_questions(facts, generator, names=names)
    absent = next(name for name in generator.permutation(names) if name not in {n.name for n in facts.needles})
    questions.append(Question("when", f"When can you see {absent}?", "never", ()))
    records = []
    for question in questions:
        answer = vxl.ask(memory, question.text)
        records.append(
            {"film": f"{group}-{index}", "group": group, "kind": question.kind, "question": question.text}
            | {"expected": question.answer, "answer": answer.text, "spans": question.spans}
            | {"evidence": [_row(evidence) for evidence in answer.evidence[:KEPT_RANGES]]}
            | _score(question, answer)
        )
    return records


def _row(evidence: Evidence) -> list[float]:
    """Start, stop and score."""
    return [evidence.start_seconds, evidence.stop_seconds, round(evidence.score, 3)]


def _score(question: Question, answer: Answer) -> dict[str, Any]:
    """Whether the words are right; for what is shown, whether the first evidence holds a moment, or all, of it."""
    best = answer.evidence[0] if answer.evidence else None
    spans = question.spans
    holds = best is not None and any(best.start_seconds < stop and start < best.stop_seconds for start, stop in spans)
    covers = best is not None and any(
        best.start_seconds <= np.ceil(start) and np.ceil(stop) <= best.stop_seconds for start, stop in spans
    )
    if question.kind in ("when", "when_it"):
        right = holds and answer.text not in ("never", NOTHING) if spans else answer.text == "never"
    else:
        right = answer.text == question.answer
    return {"right": right} | ({"holds": holds, "covers": covers} if spans else {})


def report(records: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Shares by group and kind of question, printed and written."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in records:
        present = {True: "", False: " (absent)"}[bool(record["spans"])] if record["group"] != "none" else ""
        groups[f"{record['group']}: {record['kind']}{present}"].append(record)
    table = {}
    for name, members in groups.items():
        table[name] = {"n": len(members), "right": _share(members, "right")}
        if "holds" in members[0]:
            table[name] |= {"evidence_holds": _share(members, "holds"), "evidence_covers": _share(members, "covers")}
        log.info("%-28s %s", name, table[name])
    if options.out:
        about = {
            "command": "python recipes/nano/evaluate.py WORK " + " ".join(sys.argv[2:]),
            "hardware": f"{os.cpu_count()} CPU cores ({platform.machine()}), 1 thread",
            "when": time.strftime("%Y-%m-%d"),
            "films": {"seconds": SECONDS, "fps": FPS, "ratio": options.ratio, "split": options.split},
        }
        about |= {"versions": {"videoxl": videoxl.__version__, "torch": torch.__version__}}
        options.out.parent.mkdir(parents=True, exist_ok=True)
        rows = ",\n  ".join(json.dumps(record) for record in records)
        head = json.dumps({**about, "results": table}, indent=1).removesuffix("\n}")
        options.out.write_text(f'{head},\n "records": [\n  {rows}\n ]\n}}\n')


def _share(records: list[dict[str, Any]], key: str) -> float:
    return round(float(np.mean([record[key] for record in records])), 3)


if __name__ == "__main__":
    main()
