"""`decisions.csv`: every row, what became of it and why."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.curation import ZONES, ScoreView, applied_groups, flip_risk, label_suggested, zones
from core.types.curation import Decision, Outcome, Rules

from .table import Column, coded_column, float_column, int_column, text_column


def decision_columns(
    view: ScoreView, rules: Rules, decisions: Mapping[str, Decision], outcome: Outcome, weights: np.ndarray
) -> list[Column]:
    """The columns in their fixed order; the scores in the order of the view. weights: [N] for training."""
    group = applied_groups(view, rules.guardrails)
    return [
        *_identity(view),
        *_labels(view, outcome),
        *_verdict(view, outcome),
        *(column for name in view.scores for column in _score(view, rules, name)),
        float_column("flip_risk", flip_risk(view, rules, outcome)),
        int_column("dup_group", group, group < 0),
        coded_column("zone", zones(view), ZONES),
        coded_column("predicted_label", _or_none(view.predicted, len(view)), view.class_names),
        float_column("predicted_prob", _or_nan(view.predicted_prob, len(view))),
        float_column("sample_weight", weights),
        *_trail(view, decisions),
    ]


def _identity(view: ScoreView) -> list[Column]:
    index = np.arange(len(view)) if view.source_index is None else view.source_index
    return [
        text_column("example_id", _texts(view.ids)),
        int_column("source_index", index),
        text_column("source_path", _texts(view.source_path) if view.source_path is not None else [""] * len(view)),
        text_column("split", _texts(view.splits)),
        text_column("group", _texts(view.groups) if view.groups is not None else [""] * len(view)),
    ]


def _texts(values: np.ndarray) -> list[str]:
    return ["" if v is None else str(v) for v in np.asarray(values, object).tolist()]


def _or_none(codes: np.ndarray | None, size: int) -> np.ndarray:
    return np.full(size, -1, np.int64) if codes is None else np.asarray(codes, np.int64)


def _or_nan(values: np.ndarray | None, size: int) -> np.ndarray:
    return np.full(size, np.nan, np.float32) if values is None else values


def _labels(view: ScoreView, outcome: Outcome) -> list[Column]:
    return [
        coded_column("label", view.labels, view.class_names),
        coded_column("label_suggested", label_suggested(view), view.class_names),
        coded_column("label_final", outcome.label_final, view.class_names),
    ]


def _verdict(view: ScoreView, outcome: Outcome) -> list[Column]:
    return [
        int_column("kept", outcome.kept.astype(np.int64)),
        text_column("decision_source", outcome.source),
        text_column("reasons", reason_texts(view, outcome)),
        float_column("composite_score", outcome.composite),
        int_column("composite_rank", outcome.rank),
        float_column("threshold", outcome.threshold),
        float_column("cut_margin", outcome.margin),
    ]


def reason_texts(view: ScoreView, outcome: Outcome) -> list[str]:
    """[N] codes joined by `;`, the duplicate's code naming the row that stands for it."""
    bits, inverse = np.unique(outcome.reason_bits, return_inverse=True)
    names = [[n for b, n in enumerate(outcome.reason_names) if int(value) >> b & 1] for value in bits]
    plain = [";".join(codes) for codes in names]
    texts = [plain[k] for k in inverse.tolist()]
    for row in np.flatnonzero(outcome.duplicate_of >= 0):
        stands = f"dup_of:{view.ids[outcome.duplicate_of[row]]}"
        texts[row] = ";".join(stands if code == "duplicate" else code for code in names[inverse[row]])
    return texts


def _score(view: ScoreView, rules: Rules, name: str) -> list[Column]:
    column = view.scores[name]
    missing = ~np.isfinite(column.values)
    terms = view.terms("rank", False, rules.guardrails.lock_held_out)
    percentile = (terms.matrix[terms.names.index(name)].astype(np.float64) + 0.5) * 100.0
    spread = _or_nan(column.standard_deviation, len(view))
    return [
        float_column(name, column.values),
        float_column(f"{name}_pct", np.where(missing, np.nan, percentile).astype(np.float32)),
        float_column(f"{name}_sd", np.where(missing, np.nan, spread).astype(np.float32)),
        int_column(f"{name}_n", np.full(len(view), column.seed_count), missing),
        *([] if column.flags is None else [int_column(f"{name}_flag", column.flags.astype(np.int64), missing)]),
    ]


def _trail(view: ScoreView, decisions: Mapping[str, Decision]) -> list[Column]:
    reviewed = np.zeros(len(view), np.int64)
    notes = [""] * len(view)
    for key, decision in decisions.items():
        row = view.row_of.get(str(key))
        if row is not None:
            reviewed[row] = int(decision.reviewed)
            notes[row] = decision.note
    return [int_column("reviewed", reviewed), text_column("note", notes)]
