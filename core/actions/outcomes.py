"""What rules and decisions do to the rows: kept or dropped, why, how firmly, and what another weight would change."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.curation import ScoreView, apply_rules, duplicates, ranking, reasons, risk, sensitivity, warnings
from core.types.comparisons import WeightEffect
from core.types.curation import Decision, Guardrails, NearDuplicates, Outcome, Rules
from core.types.review import UnstableRows


def outcome(view: ScoreView, rules: Rules, decisions: Mapping[str, Decision]) -> Outcome:
    """What rules and manual decisions do to each row: the one path for screen, command line and export."""
    return apply_rules(view, rules, decisions)


def drop_order(view: ScoreView, rules: Rules) -> np.ndarray:
    """int64 [N] rows as the rules rank them, first to go first."""
    return ranking.rank_rows(view, rules).order


def train_counts(view: ScoreView, outcome: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """int64 [C] training rows with each given label, and [C] of them kept under their final label."""
    return warnings.train_counts(view, outcome)


def hardest_hit(view: ScoreView, outcome: Outcome) -> warnings.HitClass:
    """The class that loses the largest share of its training rows; of several the rarest."""
    return warnings.hardest_hit(view, outcome)


def reasons_of(outcome: Outcome, row: int) -> str:
    """Why one row is kept or dropped, in words."""
    return reasons.reasons_of(outcome, row)


def sources_words(outcome: Outcome) -> str:
    """Who dropped how many rows, in words."""
    return reasons.sources_words(outcome)


def changed_side(before: Outcome, after: Outcome) -> tuple[np.ndarray, np.ndarray]:
    """int64 rows dropped now and kept before, and rows kept now and dropped before, each in the order they go."""
    return sensitivity.changed_side(before, after)


def weight_effects(view: ScoreView, rules: Rules, decisions: Mapping[str, Decision]) -> tuple[WeightEffect, ...]:
    """How many rows each weight would flip when it moves alone, the one that flips most first."""
    return sensitivity.sensitivity(view, rules, decisions)


def flip_risk(view: ScoreView, rules: Rules, outcome: Outcome) -> np.ndarray:
    """float32 [N] in 0..0.5: how likely each row would change side under other seeds, NaN where nothing says."""
    return risk.flip_risk(view, rules, outcome)


def unstable_rows(rules: Rules, outcome: Outcome, risks: np.ndarray) -> UnstableRows:
    """The rows that other seeds may well decide otherwise, or why none is known. risks: [N] as from `flip_risk`."""
    return risk.unstable_rows(rules, outcome, risks)


def margin_words(outcome: Outcome, row: int, flips: float) -> str:
    """A row's distance from the cut that decided it, and its flip risk where that is known (not NaN)."""
    return risk.margin_words(outcome, row, flips)


def asked_about_alike(view: ScoreView, guard: Guardrails) -> NearDuplicates | None:
    """What a person would be asked about near-duplicates under this guardrail, None for nothing."""
    return duplicates.asked_about(view, guard)
