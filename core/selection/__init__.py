"""Selection strategies: which candidates to keep, given scores (METHODS: Selection)."""

from core.types.errors import RulesError
from core.types.registry import find

from .class_balanced import CLASS_BALANCED
from .coverage import COVERAGE
from .moderate import MODERATE
from .strategy import Selection, SelectionStrategy, StrategyInputs
from .threshold import THRESHOLD
from .thresholds import Cut, apply_in_order, apply_threshold
from .top_fraction import TOP_FRACTION
from .uniform import UNIFORM

STRATEGIES: tuple[SelectionStrategy, ...] = (THRESHOLD, TOP_FRACTION, CLASS_BALANCED, COVERAGE, MODERATE, UNIFORM)


def strategy_named(name: str) -> SelectionStrategy:
    """The registered strategy called `name`; raises `RulesError` listing those there are."""
    return find(name, STRATEGIES, "strategy", RulesError)


__all__ = [
    "STRATEGIES",
    "Cut",
    "Selection",
    "SelectionStrategy",
    "StrategyInputs",
    "apply_in_order",
    "apply_threshold",
    "strategy_named",
]
