"""What a run folder keeps for explaining, read without torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.models.sources import is_predicted, source_of
from core.models.stored import ModelCard, read_model_card
from core.store import Run
from core.types.evidence import CheckpointEvidence
from core.types.trace import Checkpoint

from .method import AttributionMethod
from .registry import ATTRIBUTIONS, methods_for

_NAME = re.compile(r"s(\d{1,9})-e(\d{1,9})")  # of a checkpoint: seed number and epoch


def methods_of(run: Run) -> tuple[AttributionMethod, ...]:
    """The methods that can explain the models still in the run folder; none where only outputs were recorded."""
    training = run.spec.training
    if is_predicted(training.model):  # a judge that was trained beside it is another model
        own = source_of(training.model).shares is not None
        return tuple(method for method in ATTRIBUTIONS if own and method.for_brought)
    card = _card(run)
    if card is None:
        return ()
    estimator = card.estimator if (run.path / "model" / "estimator.skops").is_file() else ""
    return methods_for(run.modality, _explained_network(run, card.checkpoints), estimator)


def _explained_network(run: Run, checkpoints: Sequence[Checkpoint]) -> bool:
    """Whether the weights that the worker loads, the last of the first seed, are there: a slim run may lack others."""
    first = [c for c in checkpoints if c.seed == checkpoints[0].seed]
    return bool(first) and (run.path / first[-1].path).is_file()


def stored_checkpoints(run: Run) -> tuple[CheckpointEvidence, ...]:
    """The kept checkpoints whose features and logits are in the run folder, as memory maps; seed by seed."""
    card = _card(run)
    checkpoints = []
    for checkpoint in card.checkpoints if card else ():
        name = Path(checkpoint.path).stem
        features, logits = run.array(f"features-{name}"), _logits(run, name)
        if features is not None and logits is not None:
            checkpoints.append(CheckpointEvidence(checkpoint, logits, features))
    return tuple(checkpoints)


def _logits(run: Run, name: str) -> np.ndarray | None:
    """[N, C] of the checkpoint "s<seed number>-e<epoch>": kept by itself, or a slice of the whole training trace."""
    alone = run.array(f"logits-{name}")
    whole = run.array("logits")
    if alone is not None or whole is None:
        return alone
    match = _NAME.fullmatch(name)
    seed, epoch = map(int, match.groups()) if match else (-1, 0)
    return whole[seed, epoch - 1] if 0 <= seed < len(whole) and 0 < epoch <= whole.shape[1] else None


def _card(run: Run) -> ModelCard | None:
    folder = run.path / "model"
    return read_model_card(folder) if (folder / "model.json").is_file() else None
