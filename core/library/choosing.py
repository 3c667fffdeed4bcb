"""What a library result says of its rows as one: the composite, which rows stay, how much each counts, files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.curation import ScoreView, apply_rules, goal_rules, keep_fraction_rules, preset_named, rank_rows, score_column
from core.export import ExportReport, RunFacts, write_export
from core.export.weights import sample_weights
from core.runs.execute.execute import versions
from core.runs.execute.traces import predictions
from core.scores import score_named
from core.types.curation import Outcome, Rules
from core.types.errors import CurationError
from core.types.evidence import Evidence
from core.types.examples import ExampleTable
from core.types.exports import ExportOptions
from core.types.methods import Goal
from core.types.scores import Score, ScoreResult

_USUAL_RULES = "remove_label_errors"


@dataclass(frozen=True, eq=False)
class Selection:
    """Which rows stay under some rules, as on the page *Rules*.

    kept: Series of bool, index id. outcome: what became of each row and why.
    """

    kept: pd.Series
    rules: Rules
    outcome: Outcome
    view: ScoreView
    columns: pd.DataFrame | None

    @property
    def rows(self) -> np.ndarray:
        """int64 rows that stay, ascending: for `torch.utils.data.Subset` or `datasets.select`."""
        return np.flatnonzero(self.outcome.kept)

    def weights(self, name: str = "") -> pd.Series:
        """float32 weight for training of each kept, labeled training row, mean 1; 0 elsewhere. Index: id.

        name: of a registered weight, the default for "". Raises `RulesError` for one that there is not or that needs
        a score which was not computed.
        """
        values = sample_weights(self.view, self.outcome, name)
        return pd.Series(values, self.kept.index, name="sample_weight")

    def export(self, folder: str | Path, formats: tuple[str, ...] = ("csv",), weight: str = "") -> ExportReport:
        """Write curated.csv, decisions.csv and manifest.json, which `python -m core verify FOLDER` checks.

        formats: "csv", and the names of others. Raises `CurationError` for a folder that holds something else, for
        formats that these data cannot be handed over in, and for rules that empty a class.
        """
        known = {"made_by": "library", "versions": versions()}
        options = ExportOptions(formats, sample_weight=weight)
        return write_export(self.view, self.rules, {}, known, self.columns, Path(folder), options, RunFacts())


def view_of(examples: ExampleTable, evidence: Evidence, results: Mapping[str, ScoreResult]) -> ScoreView:
    """The scores of a library result as rules see them."""
    seen = predictions(evidence)
    how = "out_of_fold" if "out_of_fold_pred" in seen else "in_sample"
    label, probability = (
        ("out_of_fold_pred", "out_of_fold_prob") if how == "out_of_fold" else ("predicted", "predicted_prob")
    )
    return ScoreView(
        ids=examples.ids,
        labels=examples.labels,
        class_names=examples.class_names,
        splits=examples.splits,
        scores={
            name: score_column(_score(examples, name, result), score_named(name)) for name, result in results.items()
        },
        groups=examples.groups,
        source_index=examples.source_index,
        source_path=examples.source_path,
        columns=examples.columns,
        label_column=examples.roles.label,
        id_column=examples.roles.id,
        predicted=seen.get(label),
        predicted_prob=seen.get(probability),
        predicted_how=how,
        exact_duplicate_of=examples.exact_duplicate_of,
        fingerprint=examples.fingerprint,
        name=examples.name,
    )


def _score(examples: ExampleTable, name: str, result: ScoreResult) -> Score:
    method = score_named(name)
    return Score(
        name,
        examples.ids,
        result.values,
        result.standard_deviation,
        result.seed_count,
        str(method.direction),
        str(method.group),
        undefined=result.undefined,
        checks=result.checks,
        skill=result.skill,
        meta=result.meta,
        flags=result.flags,
    )


def composite_of(view: ScoreView, goal: str) -> pd.Series:
    """float32 [N], index id: one number per row for a goal; NaN where no score that the goal weighs has a value.

    High goes first for the goals that drop (find_noise, find_ood, remove_redundant), high stays first for the others.
    Raises `CurationError` for an unknown goal.
    """
    values = rank_rows(view, goal_rules(view, goal)).composite
    return pd.Series(np.array(values, np.float32), view.ids.tolist(), name=goal)


def selection_of(
    view: ScoreView, keep_fraction: float | None, goal: str | None, columns: pd.DataFrame | None
) -> Selection:
    """A share of the rows by a goal, or without a share the usual rules: drop the labels that are likely wrong.

    Raises `CurationError` where a goal stands without a share: a goal alone drops nothing.
    """
    if keep_fraction is None and goal is not None:
        raise CurationError("A goal alone drops nothing.", "Say how much stays: keep_fraction=0.9.")
    rules = (
        preset_named(_USUAL_RULES).build(view)
        if keep_fraction is None
        else keep_fraction_rules(goal_rules(view, goal or Goal.FIND_NOISE.value), keep_fraction)
    )
    outcome = apply_rules(view, rules)
    return Selection(pd.Series(outcome.kept, view.ids.tolist(), name="kept"), rules, outcome, view, columns)
