"""Runs and methods as tables for people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.runs.decide.view import predictions
from core.runs.plan.catalogue import method_facts
from core.scores import SCORES, method_of_score
from core.store import Run
from core.types.examples import UNLABELED


def methods_table() -> pd.DataFrame:
    """One row per registered score, drawn from what the score says about itself."""
    return pd.DataFrame([method_facts(method) for method in SCORES])


def scores_table(run: Run) -> pd.DataFrame:
    """One row per example: what `facts_of_rows` says, then a column per score, and its flags."""
    columns: dict[str, np.ndarray] = {}
    for name in run.score_names:
        score = run.score(name)
        columns[name] = score.values
        if score.flags is not None:
            columns[f"{name}_flag"] = np.asarray(score.flags, np.int64)
    return facts_of_rows(run).assign(**columns)


def ranked(run: Run, score: str, top: int) -> pd.DataFrame:
    """The `top` rows to look at first: by the end that the score says deserves a look, ties by id; NaN never."""
    from core.curation import goal_rules, rank_rows
    from core.runs.decide.view import score_view

    if score == "composite":
        view = score_view(run)
        values, highest = rank_rows(view, goal_rules(view, "find_noise")).composite, True
    else:
        found = run.score(score)
        values, highest = found.values, method_of_score(found).inspect_first != "lowest"
    key = np.where(np.isnan(values), np.inf, -values if highest else values)
    order = np.lexsort((run.examples.ids, key))[: min(top, int(np.isfinite(values).sum()))]
    frame = facts_of_rows(run).iloc[order]
    return frame.assign(**{score: values[order]}).reset_index(names="rank").assign(rank=np.arange(1, len(order) + 1))


def facts_of_rows(run: Run) -> pd.DataFrame:
    """example_id, source_index, label, predicted_label of every row; rising_class, where a training was recorded."""
    examples = run.examples
    predicted, _, _ = predictions(run)
    nothing = np.full(len(examples), UNLABELED)
    rising = run.array("rising_class")
    frame = pd.DataFrame(
        {
            "example_id": examples.ids,
            "source_index": examples.source_index,
            "label": named(examples.labels, examples.class_names),
            "predicted_label": named(nothing if predicted is None else predicted, examples.class_names),
        }
    )
    return frame if rising is None else frame.assign(rising_class=named(rising, examples.class_names))


def named(codes: np.ndarray, class_names: tuple[str, ...]) -> np.ndarray:
    """Class names [N] of codes, "" where there is none."""
    return np.array([*class_names, ""], dtype=object)[np.where(codes < 0, len(class_names), codes)]
