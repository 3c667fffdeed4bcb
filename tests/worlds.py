"""Tiny datasets on disk, one per modality: a few dozen rows, seconds to score."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

WORDS = {
    "refund": ["money", "back", "card", "charge", "refund", "please"],
    "login": ["password", "account", "sign", "in", "locked"],
    "delivery": ["parcel", "late", "courier", "address", "door"],
}
COMMON = ["hello", "the", "my", "a", "could", "you", "thanks", "and", "today"]


def write_table(folder: Path, rows: int = 90, seed: int = 0) -> tuple[Path, Path]:
    """data.csv (id, numbers, a category, label, split) and key.csv; every ninth training label is wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, rows)
    numbers = rng.normal(size=(rows, 3)) + 3.0 * np.eye(3)[truth]
    wrong = (np.arange(rows) % 9 == 0) & (np.arange(rows) < rows * 4 // 5)
    label = np.where(wrong, (truth + 1) % 3, truth)
    lines = [
        [
            f"row-{i}",
            *(f"{v:.4f}" for v in numbers[i]),
            "abc"[rng.integers(3)],
            "xyz"[label[i]],
            "valid" if i >= rows * 4 // 5 else "train",
        ]
        for i in range(rows)
    ]
    data = _csv(folder / "data.csv", ["id", "a", "b", "c", "kind", "label", "split"], lines)
    return data, _key(folder, [line[0] for line in lines], wrong)


def write_texts(folder: Path, rows: int = 60, seed: int = 0) -> tuple[Path, Path]:
    """data.csv (id, text, intent) and key.csv."""
    rng = np.random.default_rng(seed)
    names = list(WORDS)
    truth = rng.integers(0, 3, rows)
    wrong = np.arange(rows) % 10 == 0
    label = np.where(wrong, (truth + 1) % 3, truth)
    lines = [
        [f"q{i}", " ".join([*rng.choice(WORDS[names[truth[i]]], 4), *rng.choice(COMMON, 5)]), names[label[i]]]
        for i in range(rows)
    ]
    return _csv(folder / "data.csv", ["id", "text", "intent"], lines), _key(folder, [line[0] for line in lines], wrong)


def write_images(folder: Path, rows: int = 48, seed: int = 0) -> tuple[Path, Path]:
    """data.npz (images [N, 12, 12] uint8, labels, id) and key.csv: bright left, right or middle."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, rows)
    images = rng.integers(0, 90, (rows, 12, 12))
    for i, t in enumerate(truth):
        images[i, :, 4 * t : 4 * t + 4] += 120
    wrong = np.arange(rows) % 10 == 0
    ids = np.array([f"im{i}" for i in range(rows)])
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(
        folder / "data.npz", images=images.astype(np.uint8), labels=np.where(wrong, (truth + 1) % 3, truth), id=ids
    )
    return folder / "data.npz", _key(folder, ids.tolist(), wrong)


def write_logits(folder: Path, rows: int = 40, seed: int = 0) -> Path:
    """trace.npz: logits [4 epochs, N, 3] that learn the labels, and the labels."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, rows)
    grown = np.arange(1, 5)[:, None, None] * np.eye(3)[labels][None]
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "trace.npz", logits=(grown + rng.normal(size=grown.shape)).astype(np.float32), labels=labels)
    return folder / "trace.npz"


def _csv(path: Path, head: list[str], lines: list[list[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([head, *lines])
    return path


def _key(folder: Path, ids: list[str], wrong: np.ndarray) -> Path:
    return _csv(
        folder / "key.csv", ["example_id", "is_fault"], [[i, str(int(w))] for i, w in zip(ids, wrong, strict=True)]
    )
