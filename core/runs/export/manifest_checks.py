"""What a manifest says about the check of its rules, the self-test and the reviewed sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.evaluation.noise import noise_rate
from core.evaluation.self_test import with_suggested_weights
from core.runs.check.checks import check_of, same_decisions
from core.runs.check.self_tests import self_test_result
from core.runs.decide.view import score_view
from core.store import Run
from core.types.checks import CheckResult
from core.types.curation import Decision, Rules
from core.types.errors import RulesError

_IN_RULES = ("rules", "class_names")  # said elsewhere in a manifest


def checked(run: Run, rules: Rules, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """`check` (of exactly these rules, else None), `self_test`, `noise_review`; the last two None when never done."""
    return {
        "check": _check(run, rules, decisions),
        "self_test": _self_test(run, rules),
        "noise_review": _noise(run, decisions),
    }


def _check(run: Run, rules: Rules, decisions: Mapping[str, Decision]) -> dict[str, Any] | None:
    result = check_of(run, rules, decisions)
    return check_words(result, decisions) if result is not None else None


def check_words(result: CheckResult, decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """A check as a manifest tells it."""
    plain = {name: value for name, value in result.to_json().items() if name not in _IN_RULES}
    return {**plain, "same_decisions": same_decisions(result, decisions)}


def _self_test(run: Run, rules: Rules) -> dict[str, Any] | None:
    result = self_test_result(run)
    if result is None:
        return None
    suggested = with_suggested_weights(rules, result)
    applied = (rules.score_weights, rules.group_weights) == (suggested.score_weights, suggested.group_weights)
    return {**result.to_json(), "weights_applied": applied}


def _noise(run: Run, decisions: Mapping[str, Decision]) -> dict[str, Any] | None:
    if not decisions:
        return None
    try:
        rate = noise_rate(score_view(run), decisions)
    except RulesError:  # nothing to sample from: nothing was reviewed either
        return None
    return rate.to_json() if rate.share is not None else None
