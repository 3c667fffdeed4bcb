"""Small example tables of each modality, made by hand, and a progress that counts or stops."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.types.errors import Cancelled
from core.types.examples import ExampleTable, Modality

CLASSES = ("a", "b", "c")


def table_of(inputs, labels: np.ndarray, modality: Modality, held_out: int = 0, groups=None) -> ExampleTable:
    rows = len(labels)
    splits = np.array(["train"] * (rows - held_out) + ["valid"] * held_out)
    return ExampleTable(
        "tiny",
        modality,
        np.array([f"r{i}" for i in range(rows)]),
        inputs,
        labels.astype(np.int64),
        CLASSES,
        splits,
        groups,
        np.arange(rows),
        None,
        pd.DataFrame(index=range(rows)),
        f"{modality}-{rows}",
    )


def labels_of(rows: int) -> np.ndarray:
    labels = np.arange(rows) % 3
    labels[rows // 2] = -1  # one unlabeled row
    return labels


def columns(rows: int = 60, held_out: int = 0) -> ExampleTable:
    rng, labels = np.random.default_rng(0), labels_of(rows)
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=rows) + labels,
            "y": rng.normal(size=rows) - labels,
            "kind": pd.Series(rng.choice(["u", "v", "w"], rows), dtype=object),
        }
    )
    frame.loc[3, "x"] = np.nan
    frame.loc[4, "kind"] = None
    return table_of(frame, labels, Modality.TABLE, held_out)


def pictures(rows: int = 48, side: int = 10) -> ExampleTable:
    rng, labels = np.random.default_rng(1), labels_of(rows)
    pixels = rng.integers(0, 120, (rows, side, side, 3), dtype=np.uint8) + (labels[:, None, None, None] * 60).astype(
        np.uint8
    )
    return table_of(pixels, labels, Modality.IMAGE)


def sentences(rows: int = 60) -> ExampleTable:
    rng, labels = np.random.default_rng(2), labels_of(rows)
    words = [["late", "bad", "lost"], ["fine", "okay", "same"], ["great", "love", "thanks"]]
    texts = [" ".join(rng.choice(words[max(y, 0)], 3)) + " the flight!" for y in labels]
    texts[5] = "zzz"  # no known word
    return table_of(np.array(texts, dtype=object), labels, Modality.TEXT)


WORLDS = {"table": columns, "image": pictures, "text": sentences}


class Counting:
    """Remembers totals and steps; raises `Cancelled` after `stop` steps."""

    def __init__(self, stop: int | None = None):
        self.stages: list[list] = []
        self.steps, self.stop = 0, stop

    def stage(self, title: str, total: int) -> None:
        self.stages.append([title, total, 0])

    def advance(self, steps: int = 1) -> None:
        self.stages[-1][2] += steps
        self.steps += steps
        if self.stop is not None and self.steps >= self.stop:
            raise Cancelled
