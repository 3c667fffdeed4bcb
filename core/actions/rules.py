"""Rules: the ready-made ones, those in a file, their edits, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import composite
from core.curation import PRESETS, Preset, ScoreView, ranking, rule_edits, rule_words
from core.curation import presets as ready_made
from core.store.atomic import read_json
from core.types.curation import Guardrails, Rules, Side, Threshold, rules_from_json
from core.types.errors import RulesError, RunError


def presets() -> tuple[Preset, ...]:
    """Ready-made rules in plain words; `preset.build(view)` gives the `Rules`."""
    return PRESETS


def preset_named(name: str) -> Preset:
    """The preset of that name; `RulesError` lists those there are."""
    return ready_made.preset_named(name)


def default_rules(view: ScoreView) -> Rules:
    """The rules a fresh run starts with: the first preset, which finds likely label errors."""
    return presets()[0].build(view)


def rules_in(path: Path) -> Rules:
    """Rules from a JSON file: bare, or the `rules` of a manifest.json; raises `RulesError` naming what does not fit."""
    hint = "Give a JSON file of rules, or the manifest.json of an export."
    try:
        plain = read_json(path)
    except RunError as error:
        raise RulesError(str(error), hint) from None
    if not isinstance(plain, dict):
        raise RulesError(f"The rules {path} are not a JSON object.", hint)
    return rules_from_json(plain.get("rules", plain))


def chosen_rules(view: ScoreView, file: Path | None, preset: str | None, saved: Rules | None) -> Rules:
    """The rules of the file, else the preset's, else the saved ones, else the usual; `RulesError` as for each, and for
    a file that names a score or family that there is not.
    """
    if file is not None:
        return rule_edits.checked_names(view, rules_in(file))
    if preset is not None:
        return preset_named(preset).build(view)
    return saved or default_rules(view)


# -- one edit each: rules in, rules out ------------------------------------------------------------------------------


def with_goal(rules: Rules, goal: str) -> Rules:
    """Another goal: composite cuts move to the end that the new goal removes; a cut at a value stays where it is."""
    return rule_edits.with_goal(rules, goal)


def with_weights(rules: Rules, groups: Mapping[str, float], scores: Mapping[str, float]) -> Rules:
    """Other weights; a weight of 1 is the default and is not written down."""
    return rule_edits.with_weights(rules, groups, scores)


def with_share(rules: Rules, share: float, total: int) -> Rules:
    """Drop that share of the `total` droppable rows, by the means that the rules already use."""
    return rule_edits.with_share(rules, share, total)


def with_strategy(rules: Rules, name: str, params: Mapping[str, Any]) -> Rules:
    """Another strategy with its settings; composite cuts belong to `threshold` alone."""
    return rule_edits.with_strategy(rules, name, params)


def with_threshold(rules: Rules, added: Threshold) -> Rules:
    """The rules with this cut, in place of one on the same score, class and side; under the strategy `threshold`."""
    return rule_edits.with_threshold(rules, added)


def without_threshold(rules: Rules, number: int) -> Rules:
    """The rules without the cut of this number, counted from 0."""
    return rule_edits.without_threshold(rules, number)


def with_answer(rules: Rules, before: Guardrails) -> Rules:
    """Rules made anew, with what a person answered about near-duplicates: that was about the data, not the rules."""
    return rule_edits.with_answer(rules, before)


def with_settings(
    rules: Rules,
    *,
    transform: str | None = None,
    aggregator: str | None = None,
    duplicates: str | None = None,
    duplicate_similarity: float | None = None,
) -> Rules:
    """Other settings of the composite and of the guardrail on near-duplicates; None leaves one as it is."""
    composite_settings = {"transform": transform, "aggregator": aggregator}
    guardrails = {"duplicates": duplicates, "duplicate_similarity": duplicate_similarity}
    return rule_edits.with_settings(rules, composite_settings, guardrails)


# -- what rules say --------------------------------------------------------------------------------------------------


def rules_words(rules: Rules) -> tuple[tuple[str, str], ...]:
    """(topic, sentence) pairs: goal, strategy, cuts, composite, weights, guardrails."""
    return rule_words.rules_words(rules)


def droppable(view: ScoreView, rules: Rules) -> int:
    """How many rows the rules may drop: what shares refer to."""
    return rule_edits.droppable(view, rules)


def dropped_share(rules: Rules, total: int) -> float | None:
    """Share of the `total` droppable rows that the rules ask to drop by rank, None when something else decides."""
    return rule_edits.share(rules, total)


def drop_side(rules: Rules) -> Side:
    """The end of the composite that goes first under the goal."""
    return rule_edits.drop_side(rules)


def threshold_words(threshold: Threshold, title: str) -> str:
    """A cut in one sentence; `title` is that of its score."""
    return rule_edits.threshold_words(threshold, title)


def coefficients(view: ScoreView, rules: Rules) -> dict[str, float]:
    """Signed weight of each score's rank in the composite of these rules, exact for the aggregator "mean"."""
    signs = ranking.orientation(view, ranking.goal_of(rules))
    return composite.coefficients(tuple(view.scores), signs, ranking.score_groups(view), rules)
