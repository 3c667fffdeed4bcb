"""Each step in an empty, a normal and a broken workspace: it draws, says what to do, and never shows a traceback."""

import shutil

import pytest
from screens import VIEWS, screen, words

from core import actions

NEEDS_A_RUN = {
    "explore": "Nothing to explore yet",
    "compare": "Nothing to compare yet",
    "rules": "No scores to make rules from",
    "export": "Nothing to export yet",
    "scores": "Nothing to score yet",
}


@pytest.mark.parametrize("view", VIEWS)
def test_empty_workspace(view):
    at = screen(view)
    assert not at.exception
    assert NEEDS_A_RUN.get(view, "") in words(at)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("modality", ["table", "text", "image"])
def test_normal_workspace(view, modality, run_of):
    at = screen(view, run_of(modality))
    assert not at.exception
    assert NEEDS_A_RUN.get(view, "nothing is missing") not in words(at)


@pytest.mark.parametrize("view", VIEWS)
def test_a_run_that_is_gone(view):
    at = screen(view, "no-such-run")
    assert not at.exception
    if view in NEEDS_A_RUN:
        assert "no-such-run" in words(at)


@pytest.mark.parametrize("view", ["scores", "explore", "compare", "rules", "export"])
def test_a_run_with_a_damaged_score(view, run_of, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(run_of("table"), broken)
    shard = next((broken / "scores" / "el2n").glob("*.parquet"))
    shard.write_bytes(shard.read_bytes()[:-40])
    at = screen(view, broken)
    assert not at.exception
    assert "el2n" in words(at)


def test_a_run_whose_source_is_gone_still_opens(run_of, tmp_path):
    folder = tmp_path / "moved"
    shutil.copytree(run_of("table"), folder)
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace("table.csv", "not_there.csv"))
    at = screen("explore", folder)
    assert not at.exception
    assert "60 / 60 points" in words(at)


def test_explore_says_the_same_as_core(run_of):
    run = actions.runs.open_run(run_of("table"))
    view = actions.scores.score_view(run)
    expected = actions.outcomes.outcome(view, actions.rules.default_rules(view), {}).counts
    at = screen("rules", run_of("table"))
    assert f"{expected['kept']:,} kept, {expected['dropped']:,} dropped" in words(at)
