"""Rules that keep nothing or everything are asked about; a share that guardrails change says why."""

from dataclasses import replace

import numpy as np
import pytest
from oracles.small_views import view_of

from core.curation import apply_rules, keep_fraction_rules, questions
from core.types.curation import Action, Decision, Guardrails, Rules, Threshold

FREE = Guardrails(class_floor=0, class_cap=None, duplicates="off", lock_held_out=True, allow_empty_class=True)
N = 100


def _view(**more):
    return view_of(
        {"el2n": np.arange(N, dtype=float)}, np.arange(N) % 2, np.where(np.arange(N) < 80, "train", "test"), **more
    )


def _asked(rules: Rules, decisions=None, view=None):
    view = view or _view()
    return questions(view, rules, apply_rules(view, rules, decisions or {}))


def _cut(kind: str, cut: float) -> Rules:
    return Rules(thresholds=(Threshold("el2n", kind, "above", cut),), guardrails=FREE)


@pytest.mark.parametrize(
    "rules",
    [
        keep_fraction_rules(Rules(guardrails=FREE), 0.0),
        keep_fraction_rules(Rules(), 0.0),
        keep_fraction_rules(Rules(), 0.001),
        _cut("value", -1.0),
        _cut("count", 80),
        _cut("percentile", 0.0),
        replace(_cut("value", -1.0), guardrails=Guardrails()),
    ],
    ids=["fraction", "fraction-with-floor", "fraction-rounds-to-0", "value", "count", "percentile", "cap-and-floor"],
)
def test_fault_90_rules_that_keep_nothing_are_asked_about(rules):
    (words,) = _asked(rules)
    assert "keep nothing" in words or "None of the 80 rows" in words


def test_fault_90_a_hand_that_drops_everything_is_asked_about():
    everything = {f"e{k:03d}": Decision(Action.DROP) for k in range(80)}
    assert _asked(Rules(guardrails=FREE), everything) == ("None of the 80 rows that rules may drop is kept.",)


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(guardrails=FREE),
        keep_fraction_rules(Rules(), 1.0),
        _cut("value", 1e9),
        _cut("count", 0),
    ],
    ids=["default", "free", "fraction", "value", "count"],
)
def test_fault_90_rules_that_keep_everything_are_asked_about(rules):
    (words,) = _asked(rules)
    assert words.startswith("The rules keep everything: none of the 80 rows that they may drop goes")


def test_fault_90_a_whole_share_is_asked_about_though_duplicates_go():
    view = _view(exact_duplicate_of=np.array([0, 1, 0, *range(3, N)]))
    assert _asked(keep_fraction_rules(Rules(), 1.0), view=view)[0].endswith(
        "goes; 1 go as duplicates or because a person dropped them."
    )
    assert _asked(Rules(), view=view) == (), "rules may drop duplicates alone"


def test_rules_or_people_that_change_something_are_not_asked_about():
    assert _asked(_cut("count", 10)) == ()
    assert _asked(keep_fraction_rules(Rules(), 0.5)) == ()
    assert _asked(Rules(), {"e001": Decision(Action.DROP)}) == ()
    assert _asked(Rules(), {"e001": Decision(Action.RELABEL, "class 0")}) == ()


@pytest.mark.parametrize(
    ("fraction", "kept", "why"),
    [
        (0.01, 40, "19 held by the floor of their class, all 20 held-out rows stay"),
        (0.5, 60, "all 20 held-out rows stay"),
        (1.0, 99, "1 gone as duplicates, all 20 held-out rows stay"),
    ],
)
def test_a_share_that_comes_out_otherwise_says_why(fraction, kept, why):
    view = _view(exact_duplicate_of=np.array([0, 1, 0, *range(3, N)]))
    outcome = apply_rules(view, keep_fraction_rules(Rules(), fraction))
    said = next(line for line in outcome.warnings if line.startswith("Asked to keep"))
    asked = f"Asked to keep {fraction:.1%} of 80 rows ({round(80 * fraction)})"
    assert said == f"{asked}; {kept} of all 100 ({kept}%) are kept: {why}."


def test_a_share_that_comes_out_as_asked_says_nothing():
    view = view_of({"el2n": np.arange(N, dtype=float)})
    outcome = apply_rules(view, keep_fraction_rules(Rules(), 0.5))
    assert not any(line.startswith("Asked to keep") for line in outcome.warnings)
