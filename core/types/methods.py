"""How any method describes itself: the one place that forms, flags, tables and checks are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .params import NoParams


class Signal(StrEnum):
    """What a score may ask the shared pass for. The run takes the union of what the asked-for scores need, once."""

    LOGITS = "logits"  # [S, T, N, C] end of every epoch, eval mode
    FEATURES = "features"  # [N, d] penultimate activations at each kept checkpoint
    GRADIENT_NORM = "gradient_norm"  # [N] norm of the loss gradient over all parameters, each kept checkpoint
    INPUT_GRADIENT_SPREAD = "input_gradient_spread"  # [N] mean over inputs of std over checkpoints of dz_y/dx
    OUT_OF_FOLD = "out_of_fold"  # [N, C] probabilities from models that did not see the row
    FOLD_MODELS = "fold_models"  # features and head of cross-fitted networks
    EMBEDDING = "embedding"  # [N, d] label-free vector of each input
    TEXTS = "texts"  # [N] the examples themselves, where they are texts
    THRESHOLD_SAMPLES = "threshold_samples"  # two trainings with some rows relabeled to an extra class


class Direction(StrEnum):
    """What a HIGH value means (METHODS: never flip silently; composites orient by this)."""

    HARD = "hard"
    NOISY = "noisy"
    HELPFUL = "helpful"
    TYPICAL = "typical"
    REDUNDANT = "redundant"
    OOD = "ood"
    IN_DISTRIBUTION = "in_dist"
    NEUTRAL = "neutral"


class Group(StrEnum):
    """Families of scores; a composite averages inside a family first."""

    DIFFICULTY = "difficulty"
    DYNAMICS = "dynamics"
    INFLUENCE = "influence"
    VALUATION = "valuation"
    DENSITY = "density"
    LABEL_QUALITY = "label_quality"


class Goal(StrEnum):
    """What a composite ranks for."""

    FIND_NOISE = "find_noise"
    KEEP_HARD = "keep_hard"
    KEEP_CLEAN_CORE = "keep_clean_core"
    REMOVE_REDUNDANT = "remove_redundant"
    FIND_OOD = "find_ood"
    MOST_HELPFUL = "most_helpful"


@dataclass(frozen=True)
class Paper:
    """Where a method comes from."""

    authors: str
    year: int
    title: str = ""
    url: str = ""


@dataclass(frozen=True)
class Method:
    """What every registered method says about itself."""

    name: str
    title: str
    summary: str
    paper: Paper | None = None
    params: type = NoParams
