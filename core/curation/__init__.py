"""From scores, rules and a person's decisions to the kept set: one path for screen, command line and export."""

from .apply import apply_rules
from .duplicates import applied_groups, duplicate_groups
from .evidence import ZONES, difficulty, label_evidence, label_suggested, noise_estimate, wilson, zones
from .goals import evidence_weights, goal_rules, keep_fraction_rules
from .intent import questions
from .presets import PRESETS, Preset, preset_named, suspected_share
from .ranking import Ranking, drops_first, rank_rows
from .reasons import REASONS
from .risk import flip_risk
from .view import ScoreColumn, ScoreView, score_column
from .warnings import emptied_classes, train_counts

__all__ = [
    "PRESETS",
    "REASONS",
    "ZONES",
    "Preset",
    "Ranking",
    "ScoreColumn",
    "ScoreView",
    "applied_groups",
    "apply_rules",
    "difficulty",
    "drops_first",
    "duplicate_groups",
    "emptied_classes",
    "evidence_weights",
    "flip_risk",
    "goal_rules",
    "keep_fraction_rules",
    "label_evidence",
    "label_suggested",
    "noise_estimate",
    "preset_named",
    "questions",
    "rank_rows",
    "score_column",
    "suspected_share",
    "train_counts",
    "wilson",
    "zones",
]
