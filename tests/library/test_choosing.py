"""A library result taken further: composite, selection, weights, figures and files agree with the run that it makes."""

import numpy as np
import pytest

from core import actions, examples_from, score
from core.cli import main
from core.export import read_manifest
from core.types.errors import CurationError

N = 60
LABELS = np.arange(N) % 3
VECTORS = (np.eye(3, 5)[LABELS] * 3 + np.random.default_rng(0).normal(size=(N, 5))).astype(np.float32)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def scored():
    texts = [f"number {k} of {HOSTILE}" for k in range(N)]
    ids = [f"{HOSTILE}{k}" for k in range(N)]
    examples = examples_from(texts, LABELS, class_names=["a", HOSTILE, "c"], ids=ids, held_out=np.arange(N) >= 50)
    return score(examples, scores=["lof", "knn_label_agreement", "knn_distance", "label_quality"])


def test_composite_and_selection_are_those_of_the_saved_run(scored, tmp_path, monkeypatch):
    monkeypatch.setenv("CHAFFINCH_HOME", str(tmp_path / "home"))
    run = scored.save(tmp_path / "run")
    view = actions.scores.score_view(run)
    rules = actions.rules.chosen_rules(view, None, "remove_label_errors", None)
    usual = scored.select()
    assert usual.rules == rules
    outcome = actions.outcomes.outcome(view, rules, {})
    np.testing.assert_array_equal(usual.outcome.composite, outcome.composite)
    np.testing.assert_array_equal(scored.composite("find_noise").to_numpy(), outcome.composite)
    assert usual.kept.index.tolist() == run.examples.ids.tolist()


def test_a_share_keeps_that_many_rows_and_weights_follow_them(scored):
    chosen = scored.select(keep_fraction=0.6)
    assert chosen.kept.iloc[chosen.rows].all()
    assert chosen.kept.sum() == len(chosen.rows)
    assert chosen.kept.iloc[50:].all()  # held-out rows stay
    weights = chosen.weights("uniform")
    trained = chosen.kept.to_numpy() & (np.arange(N) < 50)
    np.testing.assert_array_equal(weights.notna() & (weights > 0), trained)
    assert weights[trained].mean() == pytest.approx(1, abs=1e-6)
    with pytest.raises(CurationError, match="A goal alone drops nothing"):
        scored.select(goal="keep_hard")


def test_an_export_from_a_notebook_verifies(scored, tmp_path, capsys):
    report = scored.select(keep_fraction=0.7).export(tmp_path / "out", formats=("csv", "indices"), weight="uniform")
    assert report.kept == len(np.load(tmp_path / "out/kept_rows.npy"))
    assert read_manifest(tmp_path / "out")["provenance"]["made_by"] == "library"
    assert main(["verify", str(tmp_path / "out"), "--level", "2"]) == 0
    assert "level 2, rules and decisions replayed: passed" in capsys.readouterr().out


def test_figures_show_every_row_and_hold_no_markup(scored):
    by_label = scored.plot_map(layout="pca")
    assert sum(len(trace.x) for trace in by_label.data) == N
    by_score = scored.plot_map("lof", layout="pca")
    np.testing.assert_array_equal(by_score.data[0].marker.color, scored.table["lof"])
    for figure in (by_label, by_score, scored.plot_distribution("lof"), scored.plot_distribution("lof", by_class=True)):
        assert HOSTILE not in figure.to_json()
    heights = [len(trace.x) for trace in scored.plot_distribution("lof", by_class=True).data]
    assert heights == np.bincount(LABELS).tolist()
    with pytest.raises(CurationError, match="There are no values of 'aum'"):
        scored.plot_distribution("aum")


def test_what_a_notebook_shows_is_inert(scored):
    page = scored._repr_html_()
    assert "60 examples, 4 scores" in page
    assert "<script" not in page
    assert "&lt;script&gt;" in page
