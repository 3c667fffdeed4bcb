"""From core values to what is drawn: plain functions of arrays, no widgets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.curation import ScoreView
from core.scores.method import ScoreMethod
from core.store import Run
from core.types.curation import Outcome

_LIGHTS = {"green": "●", "amber": "▲", "red": "■"}


def class_counts(labels: np.ndarray, classes: int) -> np.ndarray:
    """int64 [C] rows of each class; unlabeled rows are not counted."""
    return np.bincount(labels[labels >= 0], minlength=classes)


def rarest_class(view: ScoreView, outcome: Outcome) -> tuple[str, int, int]:
    """Name, rows and kept rows of the rarest class that has any."""
    before = class_counts(view.labels, len(view.class_names))
    after = class_counts(view.labels[outcome.kept], len(view.class_names))
    present = np.flatnonzero(before)
    if not len(present):
        return "no labels", 0, 0
    rarest = present[np.argmin(before[present])]
    return str(view.class_names[rarest]), int(before[rarest]), int(after[rarest])


def scores_frame(run: Run, methods: Sequence[ScoreMethod]) -> pd.DataFrame:
    """One row per registered score: what it finds and needs, lights, cost, state in this run."""
    return pd.DataFrame([_score_line(run, method) for method in methods])


def _score_line(run: Run, method: ScoreMethod) -> dict[str, object]:
    done = method.name in run.score_names
    state = "done" if done else "failed" if method.name in run.failures else "not run"
    score = run.score(method.name) if done else None
    return {"name": method.name, "Score": method.title, "What it finds": method.summary,
            "State": state, "Assumptions": " ".join(_LIGHTS[c.light] + " " + c.light for c in score.checks) if score else "",
            "Skill": score.skill if score else None, "Seconds": score.seconds if score else None,
            "Needs": ", ".join(s.value.replace("_", " ") for s in method.needs), "Cost": method.cost}
