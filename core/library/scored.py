"""Every score that a table and its evidence permit, and the answer as one value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from core.scores import SCORES, ScoreInputs, ScoreMethod, score_named
from core.scores.shared.finite import computed, with_finite_outputs
from core.types.errors import CurationError, in_words
from core.types.evidence import Evidence
from core.types.examples import UNLABELED, ExampleTable
from core.types.methods import Goal
from core.types.params import params_from_dict
from core.types.progress import Progress, SilentProgress
from core.types.scores import ScoreResult
from core.types.signals import Signal

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from core.curation import ScoreView
    from core.store import Run

    from .choosing import Selection

ScoreNames = str | Iterable[str]  # "all", one name or several
Settings = Mapping[str, Mapping[str, Any]]  # score name -> setting -> value


@dataclass(frozen=True, eq=False)
class Scored:
    """table: DataFrame, one row per example (index: id), the given label and one float32 column per score.

    results: name -> ScoreResult (spread over seeds, assumption checks, skill). skipped: name -> why it has no values.
    """

    table: pd.DataFrame
    results: Mapping[str, ScoreResult]
    skipped: Mapping[str, str] = field(default_factory=dict)
    made: Made | None = field(default=None, repr=False)  # what `save` needs beside them

    def first(self, name: str, count: int = 20) -> pd.DataFrame:
        """The `count` rows to inspect first by that score, the most suspicious on top. Raises `CurationError`."""
        self._column(name)
        lowest = score_named(name).inspect_first == "lowest"
        return self.table.sort_values(name, ascending=lowest, kind="stable").head(count)

    def composite(self, goal: str = Goal.FIND_NOISE.value) -> pd.Series:
        """One number per row for a goal (find_noise, keep_hard, ...), index id; NaN where none is known.

        High is suspicious for find_noise, and worth keeping for the goals that keep. Raises `CurationError`.
        """
        from .choosing import composite_of

        return composite_of(self._view, goal)

    def select(self, keep_fraction: float | None = None, goal: str | None = None) -> Selection:
        """Which rows stay: the best-ranked share for a goal, or without a share all but the labels likely wrong.

        The answer has `.kept`, `.rows`, `.weights()` and `.export(folder)`. Raises `CurationError`.
        """
        from .choosing import selection_of

        return selection_of(self._view, keep_fraction, goal, self._made.examples.columns)

    def plot_map(self, color: str = "", layout: str = "umap", seed: int = 0) -> go.Figure:
        """The examples on a map of their embedding, by label or by a score. Raises `CurationError` without one."""
        from .plots import plot_map

        return plot_map(self._made.examples, self._made.evidence, self._column(color) if color else None, layout, seed)

    def plot_distribution(self, name: str, by_class: bool = False) -> go.Figure:
        """A histogram of one score, by given label if asked. Raises `CurationError` for a score that is not here."""
        from .plots import plot_distribution

        return plot_distribution(self._column(name), self.table["label"] if by_class else None)

    def _repr_html_(self) -> str:
        from .plots import summary_html

        return summary_html(self.table, self.skipped)

    def _column(self, name: str) -> pd.Series:
        if name not in self.results:
            there = f"There are: {', '.join(self.results)}."
            raise CurationError(f"There are no values of {name!r} here.", self.skipped.get(name, there))
        return self.table[name]

    @property
    def _made(self) -> Made:
        if self.made is None:
            raise CurationError("This result was put together by hand and has no examples.", "Take what score() gave.")
        return self.made

    @cached_property
    def _view(self) -> ScoreView:
        from .choosing import view_of

        return view_of(self._made.examples, self._made.evidence, self.results)

    def save(self, folder: str | Path, source: str | Path | None = None, progress: Progress | None = None) -> Run:
        """Write a run folder, which the dashboard and every command open: `python -m core open FOLDER`.

        source: the path or sample that `load_examples` read; without it texts, tables and images of one size are kept
        in the folder, and arrays that only a network reads leave ids alone. Raises `RunError` for a folder that is
        taken, `DataError` where the source is not what was scored.
        """
        from core.runs.watch.saved_run import Answer

        from .saving import Asked, save_run

        made = self._made
        params = {name: settings_of(score_named(name), made.params) for name in self.results}
        answer = Answer(made.examples, made.evidence, self.results, params, self.skipped)
        asked = Asked(made.seed, made.named, {k: dict(v) for k, v in (made.params or {}).items()})
        where = None if source is None else str(source)
        return save_run(answer, asked, Path(folder), where, progress or SilentProgress())


@dataclass(frozen=True, eq=False)
class Made:
    """What a result was made from: the table, what a screen shows of the evidence, and the question."""

    examples: ExampleTable
    evidence: Evidence
    named: tuple[str, ...]
    params: Settings | None
    seed: int


def chosen(scores: ScoreNames) -> tuple[tuple[ScoreMethod, ...], bool]:
    """The methods asked for, and whether each was named: a named one that cannot be computed raises."""
    names = [scores] if isinstance(scores, str) else list(scores)
    return (SCORES, False) if "all" in names else (tuple(score_named(name) for name in names), True)


def score_all(
    examples: ExampleTable,
    evidence: Evidence,
    have: frozenset[Signal],
    *,
    scores: ScoreNames,
    params: Settings | None,
    seed: int,
    progress: Progress | None,
) -> Scored:
    """Compute the chosen scores from `evidence`, of which `have` says the signals that are in it.

    Raises `CurationError` for a score that was named and cannot be computed, and for settings of one not chosen.
    """
    methods, named = chosen(scores)
    evidence = with_finite_outputs(evidence)
    _check_settings(params or {}, methods)
    results: dict[str, ScoreResult] = {}
    skipped: dict[str, str] = {}
    for method in methods:
        settings = settings_of(method, params)
        why = why_not(method, settings, examples, have, evidence.refused)
        try:
            if why:
                raise CurationError(f"{method.name} cannot be computed here: it {why}.", "Give it, or leave it out.")
            inputs = ScoreInputs(examples, evidence, method.needs_with(settings), seed)
            with in_words(f"{method.name} could not be computed"):
                results[method.name] = computed(method, inputs, settings, progress or SilentProgress())
        except CurationError as error:
            if named:
                raise
            skipped[method.name] = why or error.lines().replace("\n", " ")
    shown = replace(evidence, checkpoints=(), fold_models=(), input_gradient_spread={}, threshold_runs=())
    names = tuple(method.name for method in methods) if named else ("all",)
    return Scored(_table(examples, results), results, skipped, Made(examples, shown, names, params, seed))


def settings_of(method: ScoreMethod, params: Settings | None) -> Any:
    """The settings given for one score over its defaults; `CurationError` for one it does not have."""
    return params_from_dict(method.params, dict((params or {}).get(method.name, {})))


def why_not(
    method: ScoreMethod,
    settings: Any,
    examples: ExampleTable,
    have: frozenset[Signal],
    refused: Mapping[str, str],
) -> str:
    """One line on why the score cannot be computed from these signals; empty if it can. refused: see `Evidence`."""
    if method.needs_labels and len(np.unique(examples.labels[examples.labels != UNLABELED])) < 2:
        return "needs labels of two classes or more"
    targets = Signal.FOLD_MODELS if len(examples.held_out_rows) else None  # held-out rows take the folds' place
    missing = [s for s in method.needs_with(settings) if s not in have and s is not targets]
    return _why_without(missing, refused) if missing else method.why_not_with(examples, settings)


def _why_without(missing: list[Signal], refused: Mapping[str, str]) -> str:
    if missing == [Signal.FOLD_MODELS]:
        return "needs held-out rows (held_out=) as targets"
    known = next((refused[signal] for signal in missing if signal in refused), "")
    if known:
        return f"needs the {missing[0].words}: {known}"
    return f"needs {', '.join(s.words for s in missing)}, which nothing given here can show"


def _check_settings(params: Settings, methods: tuple[ScoreMethod, ...]) -> None:
    unknown = sorted(set(params) - {method.name for method in methods})
    if unknown:
        raise CurationError(
            f"There are settings for {unknown[0]!r}, which is not among the scores asked for.",
            "Ask for that score too, or drop its settings.",
        )


def _table(examples: ExampleTable, results: Mapping[str, ScoreResult]) -> pd.DataFrame:
    names = np.array([*examples.class_names, ""], dtype=object)
    columns = {"label": names[examples.labels], **{name: result.values for name, result in results.items()}}
    return pd.DataFrame(columns, index=pd.Index(examples.ids, name="example_id"))
