"""What a score is, and what it may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Integer, Shaped

from core.types.errors import CurationError
from core.types.evidence import CheckpointEvidence, Evidence, FoldModel, ThresholdRun
from core.types.examples import ExampleTable
from core.types.methods import Direction, Goal, Group, Method, Use
from core.types.progress import Progress
from core.types.scores import ScoreResult
from core.types.signals import Signal, listed
from core.types.trace import TrainingTrace


def orient(
    *,
    find_noise: int = 0,
    keep_hard: int = 0,
    keep_clean_core: int = 0,
    remove_redundant: int = 0,
    find_ood: int = 0,
    most_helpful: int = 0,
) -> Mapping[Goal, int]:
    """For each goal +1 where a high value serves it, -1 where a low one does, 0 where the score takes no side."""
    return {
        Goal.FIND_NOISE: find_noise,
        Goal.KEEP_HARD: keep_hard,
        Goal.KEEP_CLEAN_CORE: keep_clean_core,
        Goal.REMOVE_REDUNDANT: remove_redundant,
        Goal.FIND_OOD: find_ood,
        Goal.MOST_HELPFUL: most_helpful,
    }


@dataclass(frozen=True, kw_only=True)
class ScoreMethod(Method):
    """A registered score. `compute` turns what the shared pass left into one number per example.

    range: the values it can take, in words. high_means, low_means: each end in a few words for people.
    inspect_first: the end that deserves a look first: "highest", "lowest" or "neither".
    cost: how the work grows, in words with N, V, d, C.
    needs_labels: False for a score of the inputs alone; others are left out where there are no two labels to compare.
    why_not: one line on why this dataset cannot have it, empty if it can; for what `needs` and labels do not say.
    also_needs: further signals that some settings ask for. lifted: whether these settings do without `why_not`.
    least_checkpoints, least_epochs: how many moments of training must be kept for it, and how many seen.
    through_encoder: it is computed where a frozen encoder stands in front, or what was recorded gives all it needs.
    uses: what the house takes it for beside ranking. coverage_rank: its place among the scores whose strata coverage
    selection spreads over, 1 the first choice; 0: none.
    judged_by_held_out: the labels of held-out rows are what its values are measured on, so that an accuracy measured on
    the same rows flatters whatever it selects.
    """

    group: Group
    direction: Direction
    inspect_first: str
    orientation: Mapping[Goal, int]
    needs: tuple[Signal, ...]
    compute: Callable[[ScoreInputs, Any, Progress], ScoreResult] = field(repr=False)
    range: str
    high_means: str
    low_means: str
    cost: str
    needs_labels: bool = True
    why_not: Callable[[ExampleTable], str] | None = field(default=None, repr=False)
    also_needs: Callable[[Any], tuple[Signal, ...]] | None = field(default=None, repr=False)
    lifted: Callable[[Any], bool] | None = field(default=None, repr=False)
    least_checkpoints: int = 1
    least_epochs: int = 1
    judged_by_held_out: bool = False
    through_encoder: bool = False
    uses: tuple[Use, ...] = ()
    coverage_rank: int = 0

    @property
    def looks_at_all_rows(self) -> bool:
        """Whether held-out inputs take part in it as any other: scores without labels are about the data at hand."""
        return not self.needs_labels

    def needs_with(self, params: Any) -> tuple[Signal, ...]:
        """What it reads under these settings: `needs`, and what only they ask for."""
        return self.needs + (self.also_needs(params) if self.also_needs else ())

    def why_not_with(self, examples: ExampleTable, params: Any) -> str:
        """One line on why this dataset cannot have it under these settings; empty if it can."""
        return self.why_not(examples) if self.why_not and not (self.lifted and self.lifted(params)) else ""


@dataclass(frozen=True, eq=False)
class ScoreInputs:
    """Everything a score may read. Asking for a signal that the method did not declare is an error."""

    examples: ExampleTable
    evidence: Evidence
    needs: tuple[Signal, ...]
    seed: int = 0

    @property
    def labels(self) -> Integer[np.ndarray, " example"]:
        """[N] int64 given labels, -1 where unlabeled."""
        return self.examples.labels

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator from the run's seed: the same on each call."""
        return np.random.default_rng(self.seed)

    @property
    def trace(self) -> TrainingTrace:
        """Logits over epochs and seeds."""
        return self._have(Signal.LOGITS, self.evidence.trace)

    @property
    def checkpoints(self) -> tuple[CheckpointEvidence, ...]:
        """The kept checkpoints, in order of seed and then epoch. Raises `CurationError` where none was declared."""
        for signal in self.needs:
            if signal.of_each_checkpoint:
                return self._have(signal, self.evidence.checkpoints)
        known = listed(signal for signal in Signal if signal.of_each_checkpoint)
        raise CurationError(f"A score read the checkpoints without declaring any of {known}.", "Declare it in `needs`.")

    def input_gradient_spread(self, stage: str) -> Float[np.ndarray, "seed example"]:
        """[S, N] for the stage; see `Evidence`."""
        return self._have(Signal.INPUT_GRADIENT_SPREAD, self.evidence.input_gradient_spread.get(stage))

    @property
    def out_of_fold(self) -> Float[np.ndarray, "example class"]:
        """[N, C] probabilities from models that did not see the row."""
        return self._have(Signal.OUT_OF_FOLD, self.evidence.out_of_fold)

    @property
    def fold_models(self) -> tuple[FoldModel, ...]:
        """Cross-fitted networks."""
        return self._have(Signal.FOLD_MODELS, self.evidence.fold_models)

    @property
    def embedding(self) -> Float[np.ndarray, "example feature"]:
        """[N, d] float32 label-free vectors. Raises `CurationError` naming a row that is not finite."""
        embedding = self._have(Signal.EMBEDDING, self.evidence.embedding)
        bad = np.flatnonzero(~np.isfinite(embedding).all(axis=1))
        if len(bad):
            raise CurationError(
                f"The embedding of row {bad[0]} (id {self.examples.ids[bad[0]]}) is not finite.",
                "Look at that row's input.",
            )
        return embedding

    @property
    def texts(self) -> Shaped[np.ndarray, " example"]:
        """[N] str. Raises `CurationError` naming a row without text."""
        texts = self._have(Signal.TEXTS, self.evidence.texts)
        bad = next((row for row, text in enumerate(texts) if not isinstance(text, str)), None)
        if bad is not None:
            raise CurationError(
                f"The text of row {bad} (id {self.examples.ids[bad]}) is missing.", "Check the text column there."
            )
        return texts

    @property
    def threshold_runs(self) -> tuple[ThresholdRun, ...]:
        """Trainings with some rows relabeled to an extra class."""
        return self._have(Signal.THRESHOLD_SAMPLES, self.evidence.threshold_runs)

    def _have(self, signal: Signal, value):
        if signal not in self.needs:
            raise CurationError(
                f"A score read the signal {signal.value!r} without declaring it.", "Declare it in `needs`."
            )
        if signal in self.evidence.refused:
            raise CurationError(self.evidence.refused[signal], "Leave this score out, or change the network.")
        if value is None or (isinstance(value, tuple) and not value):
            raise CurationError(
                f"This run has no {signal.words}.",
                "Run it with a model and data that can give it, or leave this score out.",
            )
        return value
