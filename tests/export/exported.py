"""A small exported world for the tests of what is in an export and of what verifying it finds."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from oracles.small_views import random_view

from core.export import write_export
from core.types.curation import Action, Decision, Guardrails, Rules, Threshold

RULES = Rules(thresholds=(Threshold("composite", "percentile", "above", 80.0),), guardrails=Guardrails(class_floor=2))
OPEN = Guardrails(class_floor=0, class_cap=None, allow_empty_class=True)


def world(seed: int = 0):
    """(scored rows, what a person decided about three of them, their columns)."""
    view = random_view(np.random.default_rng(seed))
    frame = pd.DataFrame(
        {
            "text": [f'line {k}\nnext, "quoted"' for k in range(len(view))],
            "label": [view.class_names[c] if c >= 0 else "" for c in view.labels],
            "amount": [str(k - 30) for k in range(len(view))],
        }
    )
    decisions = {
        str(view.ids[0]): Decision(Action.DROP, note="=1+1"),
        str(view.ids[3]): Decision(Action.RELABEL, "class 1"),
        str(view.ids[5]): Decision(note="line\nbreak", reviewed=True),
    }
    return replace(view, columns=frame, label_column="label"), decisions, frame


def read_table(path: Path) -> list[list[str]]:
    """Header and rows of a CSV file, as text."""
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))


def write_out(out: Path, seed: int = 0, rules: Rules = RULES, **more):
    """Export the made-up world; (scored rows, report)."""
    view, decisions, frame = world(seed)
    return view, write_export(view, rules, decisions, {"check": "done"}, frame, out, **more)
