"""With `explainer` the only module with st.cache_*: thin wrappers around what its stamp does not change.

Everything large sits in `cache_resource`, once per server and read-only; nothing of it enters a session.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import streamlit as st

from core import actions
from core.types.attributions import ExampleInfluence
from core.types.branches import CurationState
from core.types.checks import NoiseEstimate
from core.types.comparisons import (
    BranchComparison,
    ClusterCard,
    Crossing,
    PairComparison,
    RankCorrelation,
    WeightEffect,
)
from core.types.curation import Outcome, Rules
from core.types.examples import Roles, SourceReport
from core.types.facets import Facet
from core.types.models import ModelFacts
from core.types.previews import SampleCard, SourcePreview
from core.types.recorded import RecordedFiles
from core.types.review import LabelNext, ReviewQueue
from core.types.rounds import RunComparison
from core.types.runs import RunSpec, ScorePlan
from core.types.scores import ScoreIndex
from dashboard.components import map_wire
from dashboard.components.embedding_map import MapRanks
from dashboard.session import navigation

_MOST_CLASSES = 2**16 - 1  # whose codes fit a column of the map
_KEPT_INPUTS = 512  # of each run
_MOST_PIXELS = 512  # of a side of an image that is kept: more than tiles show, .8 MB each at the most
_inputs: WeakKeyDictionary[actions.runs.Run, dict[int, tuple[Any, str]]] = WeakKeyDictionary()


def stamp(run: actions.runs.Run) -> str:
    """Changes whenever a score is added to the run; cheap (two stats)."""
    files = (run.path / "scores" / "scores.json", run.path / "run.json", run.path / "arrays")
    return "-".join(str(f.stat().st_mtime_ns) for f in files if f.exists())


def run(key: str) -> tuple[actions.runs.Run, str]:
    """The run behind a sample name or run id, with its stamp; opened anew only when its folder changed."""
    opened, at = _open(key)
    if stamp(opened) != at:
        _open.clear(key)
        opened, at = _open(key)
    return opened, at


@st.cache_resource(max_entries=8, show_spinner=False)
def _open(key: str) -> tuple[actions.runs.Run, str]:
    opened = actions.runs.open_run(key)
    return opened, stamp(opened)


@st.cache_resource(max_entries=4, show_spinner=False)
def view(run_id: str, at: str, _run: actions.runs.Run) -> actions.scores.ScoreView:
    """The arrays that rules act on."""
    return actions.scores.score_view(_run)


@st.cache_resource(max_entries=8, show_spinner=False)  # 25 bytes a row each
def outcome(
    run_id: str, at: str, change: str, _view: actions.scores.ScoreView, _rules: Rules, _state: CurationState
) -> Outcome:
    """What rules and decisions do; `change` names both."""
    return actions.outcomes.outcome(_view, _rules, _state.decisions)


@st.cache_resource(max_entries=4, show_spinner=False)
def noise(run_id: str, at: str, _view: actions.scores.ScoreView) -> NoiseEstimate | None:
    """Share of labels that models doubt, and how often those are right; None without out-of-fold predictions."""
    return actions.noise.label_doubt(_view)


@st.cache_resource(max_entries=4, show_spinner=False)
def default_rules(run_id: str, at: str, _view: actions.scores.ScoreView) -> Rules:
    """The rules a fresh run starts with."""
    return actions.rules.default_rules(_view)


@st.cache_resource(max_entries=64, show_spinner=False)
def array(run_id: str, at: str, name: str, _run: actions.runs.Run) -> np.ndarray | None:
    """One stored array of a run."""
    return _run.array(name)


@st.cache_resource(max_entries=4, show_spinner=False)
def sample_preview(name: str) -> SourcePreview:
    """The first examples of a bundled dataset."""
    return actions.data.inspect_source(name)


@st.cache_resource(max_entries=4, show_spinner=False)
def samples(home: str) -> list[SampleCard]:
    """The bundled datasets."""
    return actions.data.samples()


@st.cache_data(max_entries=16, show_spinner=False, ttl=60)
def preview(source: str, modality: str | None, roles: Roles, labels: str | None, changed: float) -> SourcePreview:
    """The first rows and guessed roles of a source, read in a child process with limits."""
    return actions.data.preview_source(source, modality, roles, labels)


@st.cache_data(max_entries=16, show_spinner=False)
def report(draft: RunSpec, changed: float) -> SourceReport:
    """The report card of a whole source and of what lies beside it, read in a child process with limits."""
    where = (draft.source, draft.modality, draft.roles, draft.labels, draft.class_map)
    return actions.data.report_source(*where, draft.recorded)


@st.cache_data(max_entries=16, show_spinner=False)
def plan(spec: RunSpec, changed: float) -> list[ScorePlan]:
    """Which scores the data of a draft can have; the data is read in a child process with limits."""
    return actions.runs.plan_source(spec)


@st.cache_data(max_entries=16, show_spinner=False)
def model_facts(draft: RunSpec, changed: float) -> ModelFacts:
    """What the model of a draft is and can give for its data; both are read in a child process with limits."""
    return actions.models.inspect_model(draft.training, draft)


def changed_model(draft: RunSpec) -> float:
    """Another number whenever the data, the model or its weights are written again."""
    paths = [Path(path).expanduser() for path in (draft.training.model, *draft.training.weights)]
    files = [file for path in paths for file in ([path, *path.iterdir()] if path.is_dir() else [path])]
    return changed(draft.source, draft.recorded) + sum(f.stat().st_mtime if f.exists() else 0.0 for f in files)


def changed(source: str, recorded: RecordedFiles = RecordedFiles()) -> float:
    """Another number whenever a source, or a file beside it, is written again; 0 for sample names."""
    paths = (Path(path).expanduser() for path in (source, *(path for _, path in recorded.paths())))
    return sum(path.stat().st_mtime if path.exists() else 0.0 for path in paths)


def example_input(run: actions.runs.Run, row: int) -> tuple[Any, str]:
    """One input, an image as a thumbnail of it, or None and why it cannot be shown. A page asks for dozens: Streamlit's
    look-up takes .3 ms each.
    """
    inputs = _inputs.setdefault(run, {})
    example = inputs.get(row)
    if example is None:
        for oldest in list(inputs)[: len(inputs) + 1 - _KEPT_INPUTS]:
            inputs.pop(oldest, None)
        example = inputs[row] = actions.examples.example_input(run, row, _MOST_PIXELS)
    return example


@st.cache_resource(max_entries=256, show_spinner=False)
def influential(run_id: str, row: int, _run: actions.runs.Run) -> tuple[ExampleInfluence, ExampleInfluence]:
    """Training examples that helped and harmed one row most."""
    return actions.explanations.influential_examples(_run, row)


@st.cache_data(max_entries=1, show_spinner=False)
def methods_table() -> pd.DataFrame:
    """The registered scores."""
    return actions.scores.methods_table()


@st.cache_resource(max_entries=4, show_spinner=False)
def map_ranks(run_id: str, at: str, _view: actions.scores.ScoreView) -> MapRanks:
    """Every score as the ranks that rules weigh, ready to be sent to the map once."""
    terms = _view.terms()
    columns = {
        name: map_wire.encode_ranks(np.where(terms.present(k), terms.matrix[k], np.nan))
        for k, name in enumerate(terms.names)
    }
    classes = (_view.labels + 1).astype(np.uint16) if len(_view.class_names) < _MOST_CLASSES else None
    return MapRanks(f"{run_id}/{at}", columns, classes)


@st.cache_resource(max_entries=8, show_spinner="Comparing the map with the full space")
def neighbors_kept(run_id: str, at: str, layout: str, _run: actions.runs.Run) -> np.ndarray | None:
    """Of each row, the share of its nearest neighbors in the full space that are also its nearest on this map."""
    return actions.comparisons.neighbors_kept(_run, layout)


@st.cache_resource(max_entries=4, show_spinner=False)
def fixed_facets(run_id: str, at: str, _run: actions.runs.Run, _view: actions.scores.ScoreView) -> tuple[Facet, ...]:
    """Facets that no decision changes."""
    return actions.facets.fixed_facets(_run, _view)


@st.cache_resource(max_entries=32, show_spinner=False)
def score_index(run_id: str, at: str, name: str, _run: actions.runs.Run) -> ScoreIndex:
    """Sorted values and class counts of one score."""
    return _run.index(name)


@st.cache_resource(max_entries=8, show_spinner=False)
def comparison(run_id: str, at: str, a: str, b: str, _view: actions.scores.ScoreView) -> PairComparison:
    """Two scores: ranks, agreement, quadrants."""
    return actions.comparisons.compare_pair(_view, a, b)


@st.cache_resource(max_entries=4, show_spinner=False)
def branch_comparison(
    run_id: str, at: str, a: str, b: str, _view: actions.scores.ScoreView, _a: Outcome, _b: Outcome
) -> BranchComparison:
    """What two branches treat differently; `a` and `b` name their decisions and rules."""
    return actions.branches.compare_branches(_view, _a, _b)


@st.cache_resource(max_entries=4, show_spinner=False)
def label_next(
    run_id: str, at: str, stamp: str, _run: actions.runs.Run, _view: actions.scores.ScoreView, _curation: CurationState
) -> LabelNext:
    """Rows to label next; `stamp` names the decisions."""
    return actions.review.label_next(_run, _view, _curation.decisions)


@st.cache_resource(max_entries=4, show_spinner=False)
def run_comparison(
    before: str, before_stamp: str, after: str, after_stamp: str, _before: actions.runs.Run, _after: actions.runs.Run
) -> RunComparison:
    """Two runs; the stamps name folder, decisions and rules of each. The branch is the one that the page shows."""
    return actions.rounds.compare_runs(_before, _after, navigation.branch())


@st.cache_resource(max_entries=4, show_spinner=False)
def correlations(run_id: str, at: str, _view: actions.scores.ScoreView) -> RankCorrelation:
    """Every score against every other."""
    return actions.comparisons.correlations(_view)


@st.cache_resource(max_entries=4, show_spinner=False)
def learning_map(run_id: str, at: str, _view: actions.scores.ScoreView) -> tuple[np.ndarray, np.ndarray] | None:
    """The data map: coordinates and regions; None without the scores it needs."""
    return actions.comparisons.data_map(_view)


@st.cache_resource(max_entries=8, show_spinner=False)
def zone_crossing(
    run_id: str, at: str, facet: str, version: str, _view: actions.scores.ScoreView, _facet: Facet
) -> Crossing:
    """Zones of each option of a facet in that version of it."""
    return actions.comparisons.cross_zones(_view, np.asarray(_facet.codes), _facet.options)


@st.cache_resource(max_entries=4, show_spinner="Describing the clusters")
def cluster_cards(
    run_id: str, at: str, name: str, _run: actions.runs.Run, _view: actions.scores.ScoreView
) -> tuple[ClusterCard, ...]:
    """What sets each cluster apart."""
    return actions.comparisons.cluster_cards(_run, _view, name)


@st.cache_resource(max_entries=8, show_spinner=False)
def review(run_id: str, at: str, rules_text: str, _view: actions.scores.ScoreView, _rules: Rules) -> ReviewQueue:
    """Rows by decision value; decisions do not move it."""
    return actions.review.review_queue(_view, _rules)


@st.cache_resource(max_entries=4, show_spinner=False)
def noise_sample(run_id: str, at: str, _view: actions.scores.ScoreView) -> np.ndarray:
    """Rows of the random sample for the noise rate in the order in which they are asked."""
    return np.array([_view.row_of[name] for name in actions.noise.review_sample(_view)], np.int64)


@st.cache_resource(max_entries=4, show_spinner=False)
def flip_risks(
    run_id: str, at: str, change: str, _view: actions.scores.ScoreView, _rules: Rules, _outcome: Outcome
) -> np.ndarray:
    """How likely each row would change side under other seeds."""
    return actions.outcomes.flip_risk(_view, _rules, _outcome)


@st.cache_resource(max_entries=8, show_spinner="Counting cells")
def formula_cells(run_id: str, at: str, change: str, _view: actions.scores.ScoreView, _outcome: Outcome) -> int:
    """How many cells of curated.csv a spreadsheet would run."""
    return actions.exports.formula_cells(_view, _outcome)


@st.cache_resource(max_entries=8, show_spinner="Moving each weight")
def weight_effects(
    run_id: str, at: str, change: str, _view: actions.scores.ScoreView, _rules: Rules, _state: CurationState
) -> tuple[WeightEffect, ...]:
    """How many rows each weight would flip."""
    return actions.outcomes.weight_effects(_view, _rules, _state.decisions)
