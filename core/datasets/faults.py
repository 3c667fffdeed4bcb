"""Plant known faults into a copy of a dataset, and write the answer key."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Roles

from .planted_files import Edits, source_rows, write_planted
from .sources import load_examples, source_path


@dataclass(frozen=True)
class Planted:
    """What `plant` wrote: the copy, its key, and how many rows of each kind."""

    data: Path
    key: Path
    rows: int
    flipped: int
    duplicates: int
    conflicts: int


def plant(
    source: str | Path,
    flip: float,
    seed: int,
    out: Path,
    *,
    duplicates: float = 0.0,
    conflicts: float = 0.0,
    modality: str | None = None,
    roles: Roles = Roles(),
    cache: Path | None = None,
) -> Planted:
    """Write `data.<same format>` and `key.csv` (example_id, is_fault, fault, original_label: a line a row) into `out`.

    flip: share of the training rows whose label becomes another class, chosen uniformly. duplicates, conflicts: shares
    of the training rows that get a near-duplicate with the same, or with another label. Held-out and unlabeled rows
    stay as they are. The same seed gives the same bytes. Ids equal those that loading the written file gives.
    """
    for name, share in (("flip", flip), ("duplicates", duplicates), ("conflicts", conflicts)):
        if not 0 <= share <= 1:
            raise DataError(f"{name} is {share}, not a share between 0 and 1.", "Give for example 0.1 for ten percent.")
    examples = load_examples(source, modality, roles, cache)
    edits = draw_edits(examples, flip, duplicates, conflicts, np.random.default_rng(seed))
    _free_folder(out)
    data = write_planted(source_path(source), examples, edits, out)
    again = replace(roles, label=None, id=None, split=None) if data.is_dir() else examples.roles
    planted = load_examples(data, examples.modality.value, again, cache)
    key = out / "key.csv"
    _key(examples, planted, edits, source_rows(planted, data.is_dir())).to_csv(key, index=False, lineterminator="\n")
    return Planted(
        data, key, len(planted), len(edits.flipped), len(edits.copied) - int(edits.clash.sum()), int(edits.clash.sum())
    )


def _free_folder(out: Path) -> None:
    """Make the folder; an earlier planted copy of one file may be replaced, anything else may not."""
    if out.is_dir() and any(p.is_dir() or (p.name != "key.csv" and p.stem != "data") for p in out.iterdir()):
        raise DataError(f"{out} is not empty.", "Give a new folder.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{out} cannot be made: {error.strerror}.", "Give a folder that can be written.") from None


def draw_edits(
    examples: ExampleTable, flip: float, duplicates: float, conflicts: float, rng: np.random.Generator
) -> Edits:
    """Which training rows get which fault; flipped rows are never the ones that are copied."""
    rows = rng.permutation(examples.train_rows)
    present = np.unique(examples.labels[examples.train_rows])
    if (flip or conflicts) and len(present) < 2:
        raise DataError(
            f"{examples.name} has {len(present)} classes among its training rows.",
            "Flipping a label needs two classes.",
        )
    count = [round(share * len(rows)) for share in (flip, duplicates, conflicts)]
    if sum(count) > len(rows):
        raise DataError(
            f"{sum(count):,} faults do not fit into {len(rows):,} training rows.", "Ask for smaller shares."
        )
    flipped, copied = np.sort(rows[: count[0]]), rows[count[0] : sum(count)]
    clash = np.arange(len(copied)) >= count[1]
    return Edits(
        flipped,
        _others(examples.labels[flipped], present, rng),
        copied,
        clash,
        np.where(clash, _others(examples.labels[copied], present, rng), examples.labels[copied]),
        rng,
    )


def _others(labels: np.ndarray, present: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A class other than each given one, uniformly among those present."""
    if len(present) < 2 or not len(labels):
        return labels.copy()
    place = np.searchsorted(present, labels)
    return present[(place + rng.integers(1, len(present), len(labels))) % len(present)]


def _key(examples: ExampleTable, planted: ExampleTable, edits: Edits, rows: np.ndarray) -> pd.DataFrame:
    count = len(examples)
    fault = np.full(len(planted), "", dtype=object)
    fault[edits.flipped] = "label_flip"
    fault[count:] = np.where(edits.clash, "near_duplicate_conflict", "near_duplicate")
    names = np.array([*examples.class_names, ""], dtype=object)  # the last stands for UNLABELED (-1)
    original = np.concatenate([names[examples.labels], names[examples.labels[edits.copied]]])
    is_fault = np.isin(fault, ["label_flip", "near_duplicate_conflict"]).astype(int)
    return pd.DataFrame(
        {"example_id": planted.ids, "is_fault": is_fault[rows], "fault": fault[rows], "original_label": original[rows]}
    )
