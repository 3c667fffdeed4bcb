"""Filters and selections as sets of rows."""

import numpy as np
import pandas as pd
import pytest

from core.curation import ScoreColumn, ScoreView, apply_rules, row_sets
from core.curation.facets import facet_of_labels, facet_of_sources, fixed_facets, shown_rows
from core.types.curation import Action, Decision, Rules, Threshold
from core.types.facets import Filters


@pytest.fixture
def view():
    values = np.array([0.1, np.nan, 0.5, 0.9], np.float32)
    column = ScoreColumn("el2n", values, "hard", "difficulty", {"find_noise": 1, "keep_hard": 1})
    return ScoreView(
        ids=np.array(["a", "b", "c", "d"]),
        labels=np.array([0, 1, 1, -1]),
        class_names=("x", "y"),
        splits=np.array(["train", "train", "test", "train"]),
        scores={"el2n": column},
        columns=pd.DataFrame({"text": ["hot (1+1)", "cold", "Hot", "mild"]}),
    )


def labels_of(view, decisions=()):
    return facet_of_labels(view, apply_rules(view, Rules(), dict(decisions)))


def shown(view, chosen=None, ranges=None, words=""):
    facets = (labels_of(view), *fixed_facets(view, None))
    return np.flatnonzero(shown_rows(view, facets, Filters(chosen or {}, ranges or {}, words))).tolist()


def test_no_filter_shows_all(view):
    assert shown(view) == [0, 1, 2, 3]


def test_values_of_one_card_add_and_cards_intersect(view):
    assert shown(view, {"label": ["x", "y"]}) == [0, 1, 2]
    assert shown(view, {"label": ["y"], "split": ["train"]}) == [1]


def test_an_unknown_value_in_the_address_is_no_filter(view):
    assert shown(view, {"label": ["gone"]}) == [0, 1, 2, 3]


def test_a_range_leaves_out_rows_without_the_score(view):
    assert shown(view, ranges={"el2n": (0.0, 1.0)}) == [0, 2, 3]
    assert shown(view, ranges={"el2n": (0.4, 0.6)}) == [2]


def test_search_is_plain_text_and_ignores_case(view):
    assert shown(view, words="hot") == [0, 2]
    assert shown(view, words="(1+1)") == [0]


@pytest.mark.parametrize(("mode", "expected"), [("replace", [2, 3]), ("add", [1, 2, 3]), ("subtract", [1])])
def test_join(mode, expected):
    assert row_sets.join(np.array([1, 2]), np.array([3, 2]), mode).tolist() == expected


def test_inverse_keeps_to_what_is_shown():
    assert row_sets.inverse(np.array([0]), np.array([True, True, False])).tolist() == [1]


def test_rows_without_the_score_come_last_at_either_end(view):
    rows = np.arange(4)
    assert row_sets.first_rows(view, "el2n", rows, lowest=False).tolist() == [3, 2, 0, 1]
    assert row_sets.first_rows(view, "el2n", rows, lowest=True).tolist() == [0, 2, 3, 1]


def test_facet_counts_follow_the_filter(view):
    facet = labels_of(view)
    assert facet.counts().tolist() == [1, 2]
    assert facet.counts(np.array([False, True, False, True])).tolist() == [0, 1]


def test_rows_follow_an_order_of_all_rows():
    order = np.array([3, 1, 0, 2])
    assert row_sets.in_order(np.array([0, 2, 3]), order).tolist() == [3, 0, 2]
    assert row_sets.in_order(np.arange(4), order).tolist() == [3, 1, 0, 2]


def test_who_decided_is_counted_by_name(view):
    rules = Rules(thresholds=(Threshold("el2n", "value", "above", 0.6),))
    outcome = apply_rules(view, rules)
    facet = facet_of_sources(outcome)
    named = {option: int(count) for option, count in zip(facet.options, facet.counts(), strict=True)}
    assert named == {name: int((outcome.source == name).sum()) for name in np.unique(outcome.source)}
    assert list(facet.options) == sorted(facet.options)


def test_the_label_facet_follows_a_persons_word_and_is_named_anew(view):
    as_given, changed = labels_of(view), labels_of(view, {"a": Decision(Action.RELABEL, "y")})
    assert changed.codes.tolist() == [1, 1, 1, -1]
    assert changed.counts().tolist() == [0, 3]
    assert (as_given.version, bool(changed.version)) == ("", True)
