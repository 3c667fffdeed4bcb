"""Every component draws, and returns plain values, on a page without a browser."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components import (
    assets,
    distribution,
    embedding_map,
    gallery,
    images,
    kept_bar,
    live_sliders,
    map_values,
    run_progress,
)


@pytest.fixture
def page() -> AppTest:
    app = AppTest.from_file(str(Path(__file__).with_name("every_component.py")), default_timeout=600).run()
    assert not app.exception
    return app


def test_everything_draws_and_nothing_happens_by_itself(page):
    assert page.session_state["got event"].kind == "none"
    assert not page.session_state["got state"].changed
    assert page.session_state["got state"].share == 0.1
    assert page.session_state["got table"] is None
    assert page.session_state["got words"] == page.session_state["got blocks"] == ()


def test_form_returns_settings_and_keeps_the_last_valid_ones(page):
    assert page.session_state["got params"].k == 5
    page.number_input(key="form-k").set_value(7)
    page.selectbox(key="form-metric").set_value("euclidean")
    page.checkbox(key="form-centre").uncheck()
    page.run()
    made = page.session_state["got params"]
    assert (made.k, made.metric, made.centre, made.heat, made.epochs) == (7, "euclidean", False, 0.5, "auto")


def test_table_returns_dataset_rows(page):
    page.session_state["table"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    page.run()
    assert page.session_state["got table"] == (9,)


def test_columns_travel_once_per_session(page):
    assert set(page.session_state["map:sent"]) >= {"coords:run/pca", "ranks:run", "codes:run/class", "locked:run"}
    first = dict(page.session_state["map:sent"])
    page.run()
    assert page.session_state["map:sent"] == first


def test_browser_events_are_read_with_suspicion():
    read = map_values.event_from_browser
    assert read(None).kind == read({"kind": "drop table"}).kind == "none"
    lasso = read({"kind": "lasso", "polygon": [[0, 0], [1, 0], [1, 1]], "mode": "add"})
    assert (lasso.kind, lasso.mode, lasso.polygon.shape) == ("lasso", "add", (3, 2))
    assert read({"kind": "click", "row": 4, "mode": "nonsense"}).mode == "replace"
    assert gallery.event_from_browser({"kind": "select", "row": 1, "rows": [2, 1]}).rows == (2, 1)
    assert gallery.event_from_browser("select").kind == "none"


def test_weights_from_the_browser_are_held_within_bounds():
    known = {"groupWeights": {"g": 1.0}, "scoreWeights": {"a": 1.0}, "share": 0.1}
    state = live_sliders._state({"groupWeights": {"g": 9, "stranger": 1}, "scoreWeights": {"a": -3}, "share": 7}, known)
    assert (state.group_weights, state.score_weights, state.share, state.changed) == ({"g": 2.0}, {"a": 0.0}, 1.0, True)


def test_pins_are_where_server_and_browser_differ():
    columns = {"a": np.array([1, 20000, 60000, 65534], np.uint16)}
    rule = embedding_map.MapRule({"a": 1.0}, 0.0)
    kept = np.array([False, True, True, False])
    pinned, unpinned = embedding_map._pins(4, embedding_map.MapRanks("k", columns), rule, kept, None)
    assert (pinned.tolist(), unpinned.tolist()) == ([2], [0])
    locked = np.array([False, False, True, False])
    assert embedding_map._pins(4, embedding_map.MapRanks("k", columns), rule, kept, locked)[0].tolist() == []


def test_decided_rows_are_pinned_even_where_the_rule_agrees():
    columns = {"a": np.array([1, 20000, 60000, 65534], np.uint16)}
    kept = np.array([True, True, False, False])
    pinned, unpinned = embedding_map._pins(
        4, embedding_map.MapRanks("k", columns), embedding_map.MapRule({"a": 1.0}, 0.0), kept, None, [0, 3]
    )
    assert (pinned.tolist(), unpinned.tolist()) == ([0], [3])


def test_merged_bins_lose_no_row():
    counts = np.random.default_rng(0).integers(0, 9, (3, 1024))
    counts[:, :100] = counts[:, 1000:] = 0
    given = distribution.Distribution("x", counts, np.linspace(0, 1, 1025), filtered=counts[0])
    merged = distribution._coarser(given, 64)
    assert merged.counts.sum() == counts.sum()
    assert merged.filtered.sum() == counts[0].sum()
    assert len(merged.edges) == merged.counts.shape[1] + 1
    assert merged.edges[0] >= given.edges[100]
    assert 60 <= merged.counts.shape[1] <= 70


def test_the_bar_says_it_in_the_agreed_words():
    summary = kept_bar.KeptSummary(4312, 5000, "ship", 48, 48, (0.061, 0.048, 0.077, 0.914))
    assert " · ".join(part[2] for part in kept_bar._parts(summary)) == (
        "Kept 4,312 of 5,000 (86 %) · dropped 688 · rarest class ship 48 → 48 · "
        "labels that models doubt 6.1 % (4.8–7.7), models 91 % accurate"
    )


@pytest.mark.parametrize(("seconds", "text"), [(12.4, "12 s"), (240, "4 min"), (7500, "2 h 5 min")])
def test_durations_in_words(seconds, text):
    assert run_progress.duration(seconds) == text


def test_pictures_are_embedded_and_foreign_addresses_refused():
    assert images.data_url(np.zeros((2, 2, 1), np.uint8)).startswith("data:image/png;base64,")
    assert images.data_url("https://example.org/a.png") is None


def test_plotly_comes_from_the_installed_package():
    source, version, digest = assets.plotly_source()
    assert len(source) > 1_000_000
    assert version.split(".")[0].isdigit()
    assert len(digest) == 64
