"""Selection strategies: which candidates to keep, given scores (METHODS: Selection)."""

from core.types.errors import RulesError

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
    for strategy in STRATEGIES:
        if strategy.name == name:
            return strategy
    raise RulesError(f"Unknown strategy {name!r}.", f"Choose one of: {', '.join(s.name for s in STRATEGIES)}.")


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
