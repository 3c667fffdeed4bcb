"""What a run folder keeps for explaining, read without torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.store import Run
from core.store.atomic import read_json
from core.types.evidence import CheckpointEvidence
from core.types.shapes import shaped
from core.types.trace import Checkpoint

from .method import AttributionMethod
from .registry import methods_for


def methods_of(run: Run) -> tuple[AttributionMethod, ...]:
    """The methods that can explain the models still in the run folder; none where only outputs were recorded."""
    card = _card(run)
    if card is None:
        return ()
    estimator = card["estimator"] if (run.path / "model" / "estimator.skops").is_file() else ""
    return methods_for(run.modality, _explained_network(run, card["checkpoints"]), estimator)


def _explained_network(run: Run, checkpoints: list[dict]) -> bool:
    """Whether the weights that the worker loads, the last of the first seed, are there: a slim run may lack others."""
    first = [c for c in checkpoints if c["seed"] == checkpoints[0]["seed"]]
    return bool(first) and (run.path / first[-1]["path"]).is_file()


def stored_checkpoints(run: Run) -> tuple[CheckpointEvidence, ...]:
    """The kept checkpoints whose features and logits are in the run folder, as memory maps; seed by seed."""
    card = _card(run)
    found = []
    for plain in card["checkpoints"] if card else ():
        checkpoint = shaped(plain, Checkpoint, "checkpoint")
        name = Path(checkpoint.path).stem
        features, logits = run.array(f"features-{name}"), _logits(run, name)
        if features is not None and logits is not None:
            found.append(CheckpointEvidence(checkpoint, logits, features))
    return tuple(found)


def _logits(run: Run, name: str) -> np.ndarray | None:
    """[N, C] of the checkpoint "s<seed number>-e<epoch>": kept by itself, or a slice of the whole training trace."""
    alone = run.array(f"logits-{name}")
    whole = run.array("logits")
    if alone is not None or whole is None:
        return alone
    seed, epoch = (int(part[1:]) for part in name.split("-"))
    return whole[seed, epoch - 1]


def _card(run: Run) -> dict | None:
    path = run.path / "model" / "model.json"
    return read_json(path) if path.is_file() else None
