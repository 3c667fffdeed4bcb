"""Rules in words: what they look for, what they drop, and what they may not do."""

from __future__ import annotations

from collections.abc import Mapping

from core.scores import SCORES
from core.selection import strategy_named
from core.types.curation import Guardrails, Rules
from core.types.figures import digits
from core.types.methods import Goal

from .duplicates import UNASKED
from .presets import preset_named
from .rule_edits import threshold_words

_AGGREGATORS = {
    "mean": "the mean of the families of scores",
    "median": "the median of the families of scores",
    "borda": "a Borda count over the families of scores",
    "quantiles": "the quartiles of the families of scores",
    "max": "the largest of the families of scores",
}
_TRANSFORMS = {"rank": "as ranks", "probit": "as normal quantiles of ranks", "robust_z": "as distances from the median"}
_DUPLICATES = {
    "keep_best": f"of rows at least {{}} alike one stays, unless more than {UNASKED:.0%} of the rows would go",
    "keep_best_agreed": "of rows at least {} alike one stays, however many go",
    "exact": "of rows with equal content one stays",
    "off": "all of them stay",
}


def rules_words(rules: Rules) -> tuple[tuple[str, str], ...]:
    """(topic, sentence) pairs, the most important first."""
    return (
        ("goal", Goal(rules.goal).words),
        *((("preset", preset_named(rules.preset).title),) if rules.preset else ()),
        ("strategy", _strategy(rules)),
        *(("cut", threshold_words(cut, score_title(cut.score))) for cut in rules.thresholds),
        ("composite", _composite(rules)),
        *_weights(rules),
        *_guardrails(rules.guardrails),
    )


def score_title(name: str) -> str:
    """A score's title for people; its name when there is no such score any more."""
    titles = {"composite": "the composite", **{method.name: method.title for method in SCORES}}
    return titles.get(name, name)


def _strategy(rules: Rules) -> str:
    method = strategy_named(rules.strategy)
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in rules.strategy_params.items())
    return f"{method.title} ({settings})" if settings else method.title


def _composite(rules: Rules) -> str:
    within = ", ranked within each class" if rules.within_class else ""
    how = _AGGREGATORS.get(rules.aggregator, rules.aggregator)
    return f"{how}, scores compared {_TRANSFORMS.get(rules.transform, rules.transform)}{within}"


def _weights(rules: Rules) -> tuple[tuple[str, str], ...]:
    """Weights that are not 1; those of scores count within their family."""
    groups = {name.replace("_", " "): weight for name, weight in rules.group_weights.items()}
    scores = {score_title(name): weight for name, weight in rules.score_weights.items()}
    said = (("families", _unequal(groups)), ("scores", _unequal(scores)))
    return tuple((f"weights of {what}", words) for what, words in said if words)


def _unequal(weights: Mapping[str, float]) -> str:
    unequal = ((name, weight) for name, weight in weights.items() if weight != 1)
    return "; ".join(f"{name} {digits(weight)}" if weight else f"{name} left out" for name, weight in unequal)


def _guardrails(guard: Guardrails) -> tuple[tuple[str, str], ...]:
    cap = "" if guard.class_cap is None else f", and rules drop at most {guard.class_cap:.0%} of it"
    emptied = "may be emptied" if guard.allow_empty_class else "may not be emptied unasked"
    return (
        ("classes", f"each keeps at least {guard.class_floor:,} rows{cap}; a class {emptied}"),
        ("near-duplicates", _DUPLICATES[guard.duplicates].format(digits(guard.duplicate_similarity))),
        ("held-out rows", "locked: they always stay" if guard.lock_held_out else "not locked: rules act on them, too"),
    )
