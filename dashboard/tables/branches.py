"""Two branches of a curation as words, tables and rows: plain functions, no widgets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.types.comparisons import BranchComparison
from dashboard.session.current_run import Opened


def counts_words(a: Opened, b: Opened) -> str:
    """How many rows each keeps, and under which rules."""
    parts = [f"“{o.curation.branch}” keeps {o.outcome.counts['kept']:,}, {_rules(o)}" for o in (b, a)]
    return f"Of {len(b.view):,} rows " + "; ".join(parts) + "."


def _rules(opened: Opened) -> str:
    rules, acted = opened.rules, sum(d.action is not None for d in opened.curation.decisions.values())
    name = (rules.preset or f"own rules for {rules.goal}").replace("_", " ")
    return f"by “{name}” and {acted:,} manual decisions"


def differences(comparison: BranchComparison, a: str, b: str) -> dict[str, np.ndarray]:
    """The rows that two branches treat differently, by words for a button."""
    return {
        f"“{b}” keeps, “{a}” drops": comparison.gained,
        f"“{a}” keeps, “{b}” drops": comparison.lost,
        "other label": comparison.relabeled,
    }


def side_frame(title: str, names: Sequence[str], counts: np.ndarray, other: str, here: Opened) -> pd.DataFrame:
    """A line per class or zone that has rows in either: kept by each, and what only one keeps."""
    mine = here.curation.branch
    frame = pd.DataFrame(
        {
            title: list(names),
            f"kept in {mine}": counts[:, 1],
            f"kept in {other}": counts[:, 0],
            f"only in {mine}": counts[:, 2],
            f"only in {other}": counts[:, 3],
        }
    )
    return frame[counts.sum(axis=1) > 0].reset_index(drop=True)
