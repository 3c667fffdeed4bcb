"""A run folder, read: torch-free, lazy, memory-mapped. Nothing here writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from core.types.errors import CurationError, RunError
from core.types.examples import ExampleTable, Finding, Modality
from core.types.runs import RunSpec, RunState, spec_from_json
from core.types.scores import AssumptionCheck, Score
from core.types.validation import path_part, validated

from .cards import ScoreCard, mixed, read_asked, read_card, read_scores

if TYPE_CHECKING:
    from core.types.scores import ScoreIndex

Reopen = Callable[[RunSpec], ExampleTable]


class Run:
    """One run, opened. Its arrays are read-only; without the dataset's files everything but the inputs can be read."""

    def __init__(self, path: Path, card: Mapping[str, Any], spec: RunSpec, reopen: Reopen | None = None):
        self.path = path
        self.card = card
        self.spec = spec
        self._reopen = reopen
        self._scores: dict[str, Score] = {}

    @classmethod
    def open(cls, path: str | Path, reopen: Reopen | None = None) -> Run:
        """Open a run folder. reopen: loads the dataset again for its inputs (see `inputs`). Raises `RunError`."""
        path = Path(path)
        if not (path / "spec.json").is_file():
            raise RunError(
                f"{path} is not a run folder: it has no spec.json.", "Give the folder that `run --out` made."
            )
        entries = read_asked(path)
        card = {"run_id": entries["run_id"], **read_card(path, entries["run_id"])}
        return cls(path, card, spec_from_json(entries["spec"]), reopen)

    @property
    def run_id(self) -> str:
        """Names this run in the database of decisions; copies of the folder share it."""
        return self.card["run_id"]

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.card.get("dataset", {}).get("name") or Path(self.spec.source).stem

    @property
    def modality(self) -> Modality:
        """What an example is."""
        return Modality(self._dataset["modality"])

    @property
    def fingerprint(self) -> str:
        """Content hash of the dataset that was scored."""
        return self._dataset["fingerprint"]

    @property
    def source_fingerprint(self) -> str:
        """The same of the source alone, without the decisions that were laid over it."""
        return self._dataset.get("source_fingerprint") or self.fingerprint

    @property
    def _dataset(self) -> Mapping[str, Any]:
        if "dataset" not in self.card:
            raise RunError(
                f"The run {self.path.name} stopped before its data was loaded.", "Resume it, or delete the folder."
            )
        return self.card["dataset"]

    def state(self) -> RunState:
        """What the files alone say: FINISHED, INCOMPLETE, CANCELLED, FAILED, or STOPPED when they say nothing final."""
        said = RunState(self.card.get("state", RunState.STOPPED))
        return RunState.STOPPED if said.is_busy else said

    # -- examples ----------------------------------------------------------------------------------------------------

    @cached_property
    def examples(self) -> ExampleTable:
        """Ids, labels, splits and the user's columns as scored; `inputs` is None here (see `examples_with_inputs`)."""
        from .examples import read_examples

        return read_examples(self.path, self._dataset)

    @cached_property
    def examples_with_inputs(self) -> ExampleTable:
        """The same table with the inputs read again from the source; `RunError` when it is gone or has changed."""
        if self._reopen is None:
            raise RunError("This reader cannot load the dataset again.", "Open it with core.actions.runs.open_run.")
        fresh = self._reopen(self.spec)
        if fresh.fingerprint != self.fingerprint:
            raise RunError(
                f"The dataset {self.name} does not match this run: it has changed since it was scored.",
                "Bring the old file back, or score the new one as a new run.",
            )
        return dataclasses.replace(self.examples, inputs=fresh.inputs)

    def inputs(self) -> tuple[Any, str]:
        """The inputs and "", or None and why they cannot be read: a run opens without its dataset."""
        try:
            return self.examples_with_inputs.inputs, ""
        except CurationError as error:
            return None, str(error)

    @property
    def report(self) -> tuple[Finding, ...]:
        """The report card of the dataset."""
        return validated(self._dataset.get("report", []), tuple[Finding, ...])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of any of its scores must know."""
        bad = self.card.get("rows_not_finite", 0)
        if not bad:
            return ()
        rows = f"{bad:,} of {len(self.examples):,} rows"
        return (f"The model's outputs are NaN or infinite for {rows}: no score of it has a value there.",)

    # -- scores ------------------------------------------------------------------------------------------------------

    @cached_property
    def _manifest(self) -> Mapping[str, Any]:
        return read_scores(self.path, self.run_id, self.card.get("dataset", {}).get("fingerprint"))

    @cached_property
    def _id_column(self) -> Any:
        from .shards import id_column

        return id_column(self.examples.ids)

    @property
    def score_names(self) -> tuple[str, ...]:
        """Finished scores, in the order they were asked for."""
        return tuple(self._manifest["scores"])

    @property
    def failures(self) -> Mapping[str, str]:
        """Scores that failed, and why."""
        return self._manifest["failures"]

    def score(self, name: str) -> Score:
        """One finished score, every shard checked against its sha256 and page checksums."""
        if name not in self._scores:
            self._scores[name] = self._read_score(name)
        return self._scores[name]

    def _read_score(self, name: str) -> Score:
        from .shards import read_shards

        if name not in self._manifest["scores"]:
            why = self.failures.get(name, f"Computed scores: {', '.join(self.score_names) or 'none'}.")
            raise RunError(f"The run {self.path.name} has no score {name!r}.", why)
        known = ScoreCard.__annotations__.keys() - {"index", "flagged"}
        about = {key: value for key, value in self._manifest["scores"][name].items() if key in known}
        values, spread = read_shards(self.path / "scores" / name, about.pop("shards"), self._id_column)
        checks = tuple(AssumptionCheck(**check) for check in about.pop("checks", ()))
        return Score(
            method=name,
            ids=self.examples.ids,
            values=values,
            standard_deviation=spread,
            checks=checks,
            flags=self.array(f"flag-{name}"),
            **about,
        )

    def index(self, name: str) -> ScoreIndex:
        """Sort order, sorted values and class counts of one score: thresholds answer without a scan."""
        from .index import open_index

        noted = self._manifest["scores"].get(name, {}).get("index", {})
        return open_index(self.path / "index", name, lambda: self.score(name).values, self.examples, noted)

    # -- arrays ------------------------------------------------------------------------------------------------------

    def array(self, name: str) -> np.ndarray | None:
        """A stored array, memory-mapped read-only, or None where this run has none of that name.

        Raises `RunError` for bytes that are not those that run.json notes.
        """
        validated(name, Annotated[str, path_part], "the name of an array")
        path = self.path / "arrays" / f"{name}.npy"
        noted = self.card.get("arrays", {})
        if not path.is_file() or (name not in noted and not is_evidence(name)):
            return None
        if name in noted and not self._is_as_noted(name, path):
            raise mixed(path, "its bytes are not those that run.json notes.")
        try:
            return np.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise RunError(f"{path} is damaged: {error}.", "Resume the run: it computes the array again.") from error

    def _is_as_noted(self, name: str, path: Path) -> bool:
        from .verified import agrees

        if agrees(path, self.card["arrays"][name]):
            return True
        fresh = read_card(self.path, self.run_id).get("arrays", {})  # it may have been written since this was opened
        return agrees(path, fresh.get(name))


def is_evidence(name: str) -> bool:
    """Whether a training writes this array: it is noted once that is finished, all others as they are written."""
    return name in ("logits", "seen_correct", "out_of_fold") or name.startswith(
        ("features-", "logits-", "gradient_norm-", "spread-", "fold-", "threshold")
    )


def is_run(path: str | Path) -> bool:
    """Whether the folder holds a run; what cannot be looked into, or be a folder at all, holds none."""
    try:
        return (Path(path) / "spec.json").is_file()
    except OSError:
        return False
