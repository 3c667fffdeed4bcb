"""What a person can do, one function each. The dashboard and the command line call these and nothing else.

Importing this module is cheap: neither torch nor umap, and each action imports what it needs when it is called.
Every action raises a `CurationError` that says what happened and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.curation_actions import curation_state as curation_state
from core.curation_actions import decide as decide
from core.curation_actions import history as history
from core.curation_actions import redo as redo
from core.curation_actions import save_rules as save_rules
from core.curation_actions import save_selection as save_selection
from core.curation_actions import undo as undo
from core.store import Run, RunSummary, workspace_root
from core.store.workspace import cache_root
from core.types.curation import Decision, Outcome, Rules
from core.types.examples import ExampleTable, Modality, Roles, SourceReport
from core.types.progress import Progress
from core.types.runs import RunSpec, RunStatus, TrainingSpec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from core.attributions import AttributionClient, AttributionMethod
    from core.curation import Preset, ScoreView
    from core.datasets import SourcePreview
    from core.datasets.faults import Planted
    from core.runs.prepare import ScorePlan
    from core.runs.samples import SampleCard
    from core.store.consent import Consent
    from core.types.attributions import Attribution, ExampleInfluence


def workspace() -> Path:
    """The folder with the database, the cache and the screen's runs ($CHAFFINCH_HOME or ~/.chaffinch)."""
    return workspace_root()


# -- data ------------------------------------------------------------------------------------------------------------


def inspect_source(
    source: str, modality: str | None = None, roles: Roles = Roles(), labels: str | None = None
) -> SourcePreview:
    """What a path or sample name holds: columns with guessed roles and the first five rows. Reads little."""
    from core.datasets import inspect_source as inspect

    return inspect(source, modality, roles, labels=labels, cache=cache_root())


def preview_source(
    source: str, modality: str | None = None, roles: Roles = Roles(), labels: str | None = None
) -> SourcePreview:
    """`inspect_source` in a child process with limits; `UnsafeFileError` when that crashes, hangs or takes too much."""
    from core.datasets import preview_in_child

    return preview_in_child(source, modality, roles, labels=labels, cache=cache_root())


def report_source(
    source: str,
    modality: str | None = None,
    roles: Roles = Roles(),
    labels: str | None = None,
    class_map: str | None = None,
) -> SourceReport:
    """Load the whole dataset in a child process with limits and return its report card; errors as `preview_source`."""
    from core.datasets import report_in_child

    return report_in_child(source, modality, roles, labels=labels, class_map=class_map, cache=cache_root())


def samples() -> list[SampleCard]:
    """The bundled datasets: name, title, modality, rows, what is known about their faults, and the shipped run."""
    from core.runs.samples import sample_cards

    return sample_cards()


def check_training(training: TrainingSpec, modality: Modality) -> None:
    """Refuse, before anything begins, weights that are no such files and pictures whose size nobody told."""
    from core.runs.prepare import check_training as check

    check(training, modality)


def plan_scores(spec: RunSpec, examples: ExampleTable | None = None) -> list[ScorePlan]:
    """Each registered score with `runs` (can it be computed here?) and `why_not` in one line."""
    from core.runs.prepare import plan_scores as plan

    return plan(spec, examples)


def plan_source(spec: RunSpec) -> list[ScorePlan]:
    """`plan_scores` with the data that the spec names, loaded in a child process with limits; errors as there."""
    from core.runs.planning import plan_in_child

    return plan_in_child(spec)


# -- runs ------------------------------------------------------------------------------------------------------------


def list_runs() -> list[RunSummary]:
    """Every run this workspace knows, the last changed first."""
    from core.runs.launch import list_runs as listed

    return listed()


def start_run(spec: RunSpec, out: Path | None = None, trust: bool = False) -> str:
    """Start a run in its own process and return its id; without `out` the folder is made in the workspace.

    trust: allows the `module:factory` that the spec names, which is code: for this run, on this machine.
    """
    from core.runs.launch import start

    return start(spec, out, named_code(spec.training.model) if trust else None)


def run_here(spec: RunSpec, out: Path, progress: Progress, truth: Path | None = None, trust: bool = False) -> Run:
    """Run in this process until finished; goes on where an interrupted run of the same spec stopped.

    trust: allows the `module:factory` that the spec names, which is code: for this run, on this machine. Raises
    `Cancelled` when someone asked it to stop.
    """
    from core.runs.attended import run_attended

    return run_attended(spec, out, progress, truth, named_code(spec.training.model) if trust else None)


def resume_run(run: str | Path) -> str:
    """Go on with a stopped, cancelled or incomplete run in its own process; returns the run id."""
    from core.runs.launch import resume

    return resume(run)


def cancel_run(run_id: str) -> None:
    """Ask a run to stop at its next safe point. What is finished stays; `resume_run` goes on."""
    from core.runs.launch import cancel

    cancel(run_id)


def run_status(run_id: str) -> RunStatus:
    """State, stage, done of total, age of the heartbeat; a dead process shows as STOPPED."""
    from core.runs.launch import status

    return status(run_id)


def is_at_home(path_or_id: str) -> bool:
    """False for a run folder that this workspace neither made nor opened before; nothing in it is read for that."""
    from core.runs.source import is_at_home as at_home

    return at_home(path_or_id)


def visit_run(folder: Path) -> None:
    """A person chose to open this run folder from elsewhere: from now on its path in an address opens it."""
    from core.store.visited import visit

    visit(folder)


def open_run(path_or_id: str | Path) -> Run:
    """A run to read: a folder, a run id of this workspace, or the name of a sample."""
    from core.runs.source import open_run as opened

    return opened(path_or_id)


def named_code(model: str, folder: Path | None = None) -> Consent | None:
    """The file of a `module:factory` that the person names on this call, searched in `folder` first; None for ours."""
    from core.models.own_code import is_own_code, located

    return located(model, folder) if is_own_code(model) else None


def allow_code(run: Run) -> None:
    """The person consents, on this call, to the `module:factory` that a run names: this machine may run it for this run
    as long as the file stays as it is now. Nothing happens for models of ours. Raises `ModelError` when not found.
    """
    from core.models.own_code import allow

    allow(run.run_id, run.spec.training.model)


# -- what a run says -------------------------------------------------------------------------------------------------


def score_view(run: Run) -> ScoreView:
    """The arrays that rules act on. Costs one read of every score: keep it (the dashboard caches one per run)."""
    from core.runs.view import score_view as view_of

    return view_of(run)


def clusters(run: Run, name: str) -> np.ndarray:
    """int32 [N] cluster of each row (`kmeans` or `hdbscan`), -1 = in none."""
    from core.runs.reading import clusters as read

    return read(run, name)


def neighbors(run: Run, row: int, k: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the k nearest other examples in the label-free embedding (nearest first) and their distances."""
    from core.runs.reading import neighbors as read

    return read(run, row, k)


def example_input(run: Run, row: int) -> tuple[Any, str]:
    """One input (uint8 [H, W, C], str, or dict column -> value) and "", or None and why it cannot be shown."""
    from core.runs.reading import example_input as read

    return read(run, row)


def training_curve(run: Run, row: int) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """epochs [T], probability of the given label [S, T], predicted class [S, T]; None without a training trace."""
    from core.runs.reading import training_curve as read

    return read(run, row)


def attribution_methods(run: Run) -> tuple[AttributionMethod, ...]:
    """The attribution methods that apply to this run's model and modality."""
    from core.runs.reading import attribution_methods as read

    return read(run)


def explain(
    run: Run, row: int, method: str, params: dict[str, Any] | None = None, client: AttributionClient | None = None
) -> Attribution:
    """Why the model predicts what it does for one row, computed in a child process (kept alive in `client`)."""
    from core.runs.reading import explain as explained

    return explained(run, row, method, params or {}, client)


def influential_examples(run: Run, row: int, k: int = 5) -> tuple[ExampleInfluence, ExampleInfluence]:
    """The k most helpful and the k most harmful training examples for one row (last-layer TracIn)."""
    from core.runs.reading import influential_examples as read

    return read(run, row, k)


# -- rules and decisions ---------------------------------------------------------------------------------------------


def presets() -> tuple[Preset, ...]:
    """Ready-made rules in plain words; `preset.build(view)` gives the `Rules`."""
    from core.curation import PRESETS

    return PRESETS


def preset_named(name: str) -> Preset:
    """The preset of that name; `RulesError` lists those there are."""
    from core.curation import preset_named as named

    return named(name)


def default_rules(view: ScoreView) -> Rules:
    """The rules a fresh run starts with: the first preset, which finds likely label errors."""
    return presets()[0].build(view)


def outcome(view: ScoreView, rules: Rules, decisions: Mapping[str, Decision]) -> Outcome:
    """What rules and manual decisions do to each row: the one path for screen, command line and export."""
    from core.curation import apply_rules

    return apply_rules(view, rules, decisions)


def plant(
    source: str,
    flip: float,
    seed: int,
    out: Path,
    *,
    duplicates: float = 0.0,
    modality: str | None = None,
    roles: Roles = Roles(),
) -> Planted:
    """Write a copy of a dataset with planted label flips and its answer key `key.csv`."""
    from core.datasets.faults import plant as planted

    return planted(source, flip, seed, out, duplicates=duplicates, modality=modality, roles=roles, cache=cache_root())


def evaluate_run(run: Run, key: Path | None = None) -> dict[str, Any]:
    """How well each score and the composite find known faults (key: `example_id,is_fault`)."""
    from core.runs.evaluating import evaluate_run as evaluated

    return evaluated(run, key)


def ranked(run: Run, score: str, top: int = 20) -> pd.DataFrame:
    """The `top` rows to look at first by a score or "composite": rank, example_id, source_index, labels, value."""
    from core.runs.tables import ranked as rows

    return rows(run, score, top)


def methods_table() -> pd.DataFrame:
    """The registered scores: name, title, group, direction, what each end means, needs, cost, paper."""
    from core.runs.tables import methods_table as table

    return table()


def scores_table(run: Run) -> pd.DataFrame:
    """One row per example: example_id, source_index, label, predicted_label, then a column per score."""
    from core.runs.tables import scores_table as table

    return table(run)


def spreadsheet_csv(frame: pd.DataFrame) -> str:
    """A table as CSV of which a spreadsheet runs nothing: an apostrophe before ids and classes like =1+1."""
    from core.datasets.spreadsheet import csv_text, safe_frame

    return csv_text(safe_frame(frame))
