"""Plant known faults into a copy of a dataset, and write the answer key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from core.types.errors import DataError
from core.types.examples import ExampleTable, Roles

from .planted_files import Edits, safe_roles, source_rows, write_planted
from .sources import load_examples, source_path
from .spreadsheet import csv_text, neutralise

_UNFINISHED = ".planting-"


@dataclass(frozen=True)
class FaultShares:
    """How many of the training rows get which fault, as shares from 0 to 1.

    flip: the label becomes another class, chosen uniformly. duplicates, conflicts: rows that get a near-duplicate with
    the same, or with another label.
    """

    flip: float
    duplicates: float = 0.0
    conflicts: float = 0.0

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share <= 1:
                raise DataError(
                    f"{name} is {share}, not a share between 0 and 1.", "Give for example 0.1 for ten percent."
                )


@dataclass(frozen=True)
class Planted:
    """What `plant` wrote: the copy, its key, how many rows of each kind, and how many cells got an apostrophe because a
    spreadsheet would have run them."""

    data: Path
    key: Path
    rows: int
    flipped: int
    duplicates: int
    conflicts: int
    neutralised: int = 0


def plant(
    source: str | Path,
    shares: FaultShares,
    seed: int,
    out: Path,
    *,
    modality: str | None = None,
    roles: Roles = Roles(),
    cache: Path | None = None,
) -> Planted:
    """Write `data.<same format>` and `key.csv` (example_id, is_fault, fault, original_label: a line a row) into `out`.

    Held-out and unlabeled rows stay as they are. The same seed gives the same bytes. Ids equal those that loading the
    written file gives. Raises `DataError` for a negative seed, faults that do not fit, and a folder that is not free.
    """
    if seed < 0:
        raise DataError(f"The seed is {seed}.", "Give 0 or more.")
    examples = load_examples(source, modality, roles, cache)
    edits = draw_edits(examples, shares, np.random.default_rng(seed))
    with _finished_folder(out) as made:
        data, neutralised = write_planted(source_path(source), examples, edits, made)
        again = replace(roles, label=None, id=None, split=None) if data.is_dir() else safe_roles(data, examples.roles)
        planted = load_examples(data, examples.modality.value, again, cache)
        key = _key(examples, planted, edits, source_rows(planted, data.is_dir()))
        (made / "key.csv").write_text(csv_text(key), encoding="utf-8", newline="")
    clashes = int(edits.clash.sum())
    near = len(edits.copied) - clashes
    return Planted(
        out / data.name, out / "key.csv", len(planted), len(edits.flipped), near, clashes, neutralised=neutralised
    )


@contextmanager
def _finished_folder(out: Path) -> Iterator[Path]:
    """A folder whose files move into `out` when the block ends well; if it does not, `out` is as it was before."""
    new = [p for p in (out, *out.parents) if not p.exists()]
    try:
        _free_folder(out)
        with TemporaryDirectory(dir=out, prefix=_UNFINISHED) as folder:
            yield Path(folder)
            for path in sorted(Path(folder).iterdir()):
                path.replace(out / path.name)
    except BaseException as error:
        for made in new:
            with suppress(OSError):  # it was not made, or another process has put something there
                made.rmdir()
        if not isinstance(error, OSError):
            raise
        words = f"{out} cannot be written: {error.strerror or error}."
        raise DataError(words, "Make room on the disk, or give another folder.") from None


def _free_folder(out: Path) -> None:
    """Make the folder; an earlier planted copy of one file may be replaced, anything else may not."""
    for path in out.iterdir() if out.is_dir() else ():
        if path.name.startswith(_UNFINISHED):
            shutil.rmtree(path)
        elif path.is_dir() or (path.name != "key.csv" and path.stem != "data"):
            raise DataError(f"{out} is not empty.", "Give a new folder.")
    out.mkdir(parents=True, exist_ok=True)


def draw_edits(examples: ExampleTable, shares: FaultShares, rng: np.random.Generator) -> Edits:
    """Which training rows get which fault; flipped rows are never the ones that are copied.

    Raises `DataError` where labels are to change but there are less than two classes, and for more faults than rows.
    """
    rows = rng.permutation(examples.train_rows)
    present = np.unique(examples.labels[examples.train_rows])
    if (shares.flip or shares.conflicts) and len(present) < 2:
        raise DataError(
            f"{examples.name} has {len(present)} classes among its training rows.",
            "Flipping a label needs two classes.",
        )
    count = [round(share * len(rows)) for share in (shares.flip, shares.duplicates, shares.conflicts)]
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
    label = [neutralise(name) for name in original[rows]]
    return pd.DataFrame(
        {"example_id": planted.ids, "is_fault": is_fault[rows], "fault": fault[rows], "original_label": label}
    )
