"""Videoxl as a model of lmms-eval, and two benchmarks that lmms-eval does not have.

manifest.py     what the entry point gives lmms-eval: a name, and where its class is
model.py        the class: imported by lmms-eval, and only where lmms-eval is installed
question.py     one request: which film, what is asked, and how much may be answered
tasks/          vnbench and vniah for `--include_path`; they may be asked of any model of lmms-eval

lmms-eval --model videoxl --model_args pretrained=nano,fps=1,ratio=8 --tasks videomme
"""

from pathlib import Path

TASKS_FOLDER = Path(__file__).parent / "tasks"
"""What `--include_path` is given."""
