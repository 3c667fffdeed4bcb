"""Compare says what core says, and what it offers as buttons becomes the selection that every view shows."""

import shutil

import numpy as np
import pytest
from screens import screen, words

from core import actions
from core.curation.comparing import compare_pair, correlations, quadrant_words
from core.curation.crossing import cross_zones
from core.curation.evidence import zones
from dashboard.tables import comparison

PANES = ("pair", "matrix", "learning", "zones", "clusters")


@pytest.mark.parametrize("pane", PANES)
@pytest.mark.parametrize("modality", ["table", "text", "image"])
def test_every_pane_draws(pane, modality, run_of):
    at = screen("compare", run_of(modality), pane=pane)
    assert not at.exception
    assert "0 selected" in words(at)


def test_a_quadrant_selects_its_rows(run_of):
    at = screen("compare", run_of("table"), across="el2n", up="aum")
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    found = compare_pair(view, "el2n", "aum")
    assert f"{found.spearman:+.3f} over {found.rows:,} rows" in words(at)
    at.button(key="part_3").click().run()
    np.testing.assert_array_equal(at.session_state["selection"], np.flatnonzero(found.quadrants == 3))
    named = quadrant_words(*(comparison.short_title(name) for name in ("el2n", "aum")))[3]
    assert f"{named} · {found.counts()[3]}" in words(at)


def test_scores_that_the_run_does_not_have_fall_back(run_of):
    at = screen("compare", run_of("table"), across="nothing", up="neither")
    assert not at.exception
    assert "high Difficulty, low Label evidence" in words(at)


def test_filters_hold_here_too(run_of):
    at = screen("compare", run_of("table"), f=["split:test"])
    assert "12 / 60 rows" in words(at)


def test_the_matrix_is_a_table_on_demand(run_of):
    at = screen("compare", run_of("table"), pane="matrix")
    at.toggle(key="correlation_table").set_value(True).run()
    shown = at.dataframe[0].value
    found = correlations(actions.scores.score_view(actions.runs.open_run(run_of("table"))))
    np.testing.assert_allclose(shown.iloc[:, 1:].to_numpy(float), found.matrix)


def test_zones_table_counts_and_selects(run_of):
    at = screen("compare", run_of("table"), pane="zones")
    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    expected = cross_zones(view, view.labels, view.class_names)
    np.testing.assert_array_equal(at.dataframe[0].value.iloc[:, 2:6].to_numpy(int), expected.counts)
    at.button(key="zone_hard_useful").click().run()
    np.testing.assert_array_equal(at.session_state["selection"], np.flatnonzero(zones(view) == 2))


def test_a_cluster_selects_its_rows(run_of):
    at = screen("compare", run_of("text"), pane="clusters")
    codes = actions.scores.clusters(actions.runs.open_run(run_of("text")), "kmeans")
    at.button(key="select_cluster").click().run()
    np.testing.assert_array_equal(at.session_state["selection"], np.flatnonzero(codes == 0))


@pytest.mark.parametrize("pane", PANES)
def test_without_the_source_there_is_still_something_to_compare(pane, run_of, tmp_path):
    folder = tmp_path / "moved"
    shutil.copytree(run_of("text"), folder)
    spec = folder / "spec.json"
    spec.write_text(spec.read_text().replace("text.csv", "not_there.csv"))
    at = screen("compare", folder, pane=pane)
    assert not at.exception
    assert "60 / 60 rows" in words(at)
    if pane == "clusters":  # words of the texts cannot be had: the labels stand in for them
        assert list(at.dataframe[0].value.columns) == ["Cluster", "Rows", "Suspected labels", "Labels"]


def test_rows_in_no_cluster_are_a_line_that_selects_them(run_of, monkeypatch):
    path = run_of("table")
    run = actions.runs.open_run(path)
    codes = np.where(np.arange(60) < 20, 0, -1).astype(np.int32)
    arrays = type(run).array
    monkeypatch.setattr(type(run), "array", lambda self, name: codes if name == "hdbscan" else arrays(self, name))
    at = screen("compare", path, pane="clusters", clustering="hdbscan")
    frames = [frame.value for frame in at.dataframe if "Cluster" in frame.value.columns]
    assert frames[0][["Cluster", "Rows"]].values.tolist() == [["cluster 0", 20], ["in no cluster", 40]]
    assert frames[0]["Rows"].sum() == 60
    at.session_state["clusters_hdbscan"] = {"selection": {"rows": [1], "columns": []}}
    at.run().button(key="select_cluster").click().run()
    assert at.session_state["selection"].tolist() == list(range(20, 60))


def test_one_name_has_one_count(run_of):
    from core.curation.facets import fixed_facets
    from core.types.curation import Zone

    view = actions.scores.score_view(actions.runs.open_run(run_of("table")))
    words = {zone.words for zone in Zone}
    assert not set(quadrant_words("difficulty", "label evidence")) & words
    zone = next(facet for facet in fixed_facets(view, None) if facet.name == "zone")
    assert set(zone.options) == words  # facets call a zone as Compare does
