"""Evaluation: questions whose answers are known, asked of a model, and scores that anyone can compute again.

A task (`task.py`) gives items, prompts and scores. A run asks the items and writes what came back, word for word, into
a run folder (`run_folder.py`). Scoring reads that folder and nothing else: no model, no video, no annotations. So the
core of this room imports no torch.
"""
