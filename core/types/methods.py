"""How any method describes itself: the one place that forms, flags, tables and checks are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .params import NoParams


class Direction(StrEnum):
    """What a HIGH value means (never flipped silently: composites orient by this)."""

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
    OWN = "own"  # numbers that a person computed themselves


class Use(StrEnum):
    """What the house takes one certain score for, beside ranking; at most one score says each of itself."""

    NOISE_ESTIMATE = "noise_estimate"  # its `meta` holds the share of wrong labels, by class and pair
    SUSPICION = "suspicion"  # alone it finds wrong labels at least as well as a vote of all, where an encoder is there
    NEAREST_SIMILARITY = "nearest_similarity"  # similarity to the nearest other row, 1 = identical
    DATA_MAP_ACROSS = "data_map_across"  # the axis along which a data map tells what is ambiguous
    DATA_MAP_UP = "data_map_up"  # the axis along which it tells easy from hard


class Goal(StrEnum):
    """What a composite ranks for."""

    FIND_NOISE = "find_noise"
    KEEP_HARD = "keep_hard"
    KEEP_CLEAN_CORE = "keep_clean_core"
    REMOVE_REDUNDANT = "remove_redundant"
    FIND_OOD = "find_ood"
    MOST_HELPFUL = "most_helpful"

    @property
    def words(self) -> str:
        """What a person reads, on the screen and in a terminal."""
        return _GOAL_WORDS[self]


_GOAL_WORDS = {
    Goal.FIND_NOISE: "Find wrong labels",
    Goal.KEEP_HARD: "Keep the hard ones",
    Goal.KEEP_CLEAN_CORE: "Keep a clean core",
    Goal.REMOVE_REDUNDANT: "Remove redundant ones",
    Goal.FIND_OOD: "Find outliers",
    Goal.MOST_HELPFUL: "Keep the most helpful",
}


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
