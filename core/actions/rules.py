"""Rules: the ready-made ones, those in a file, and what they do to each row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.curation import PRESETS, Preset, ScoreView, apply_rules
from core.curation import presets as ready_made
from core.curation.duplicates import asked_about
from core.store.atomic import read_json
from core.types.curation import Decision, Guardrails, NearDuplicates, Outcome, Rules, rules_from_json
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


def outcome(view: ScoreView, rules: Rules, decisions: Mapping[str, Decision]) -> Outcome:
    """What rules and manual decisions do to each row: the one path for screen, command line and export."""
    return apply_rules(view, rules, decisions)


def asked_about_alike(view: ScoreView, guard: Guardrails) -> NearDuplicates | None:
    """What a person would be asked about near-duplicates under this guardrail, None for nothing."""
    return asked_about(view, guard)
