"""Rebuild the three sample datasets, their answer keys and their scored runs, from one seed.

    python sample_data/make_samples.py data [FOLDER_OF_THE_REAL_DATA]     (default ../shared/data)
    python sample_data/make_samples.py run [digits] [banking] [adult]     (scores the data that lie here; minutes)
    python sample_data/make_samples.py check [digits] [banking] [adult]   (the finished check of each alone; seconds)

Each gets 5 % label flips and near-duplicates (some with another label) planted into its training rows, one class made
rare, a held-out split, and ids that do not tell what was planted. Running it twice gives the same bytes.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.datasets.perturb import near_image, near_number, near_text

HERE = Path(__file__).resolve().parent
SEED = 20
FLIPS, HELD_OUT = 0.05, 0.18
DUPLICATES, CONFLICTS = 50, 20
INTENTS = (
    "card_arrival",
    "card_not_working",
    "lost_or_stolen_card",
    "card_swallowed",
    "declined_card_payment",
    "card_payment_fee_charged",
    "pending_transfer",
    "failed_transfer",
    "declined_transfer",
    "transfer_timing",
    "transfer_fee_charged",
    "cancel_transfer",
)


@dataclass
class Draft:
    """Rows on their way into a sample: base rows first, then the planted copies; all arrays of one length."""

    base: np.ndarray  # row of the source that each row shows
    label: np.ndarray
    original: np.ndarray
    split: np.ndarray
    fault: np.ndarray


def draft(
    label: np.ndarray, keep: np.ndarray, verified: np.ndarray, suggested: np.ndarray, rng: np.random.Generator
) -> tuple[Draft, int]:
    """Held-out split, flips and copies over the kept source rows; returns the draft and how many rows are no copies."""
    label, verified = label[keep], verified[keep]
    count = len(keep)
    valid = np.zeros(count, bool)
    for name in np.unique(label):  # stratified, and never a row that people doubted: faults live in training rows
        members = rng.permutation(np.flatnonzero((label == name) & ~verified))
        valid[members[: round(HELD_OUT * len(members))]] = True
    fault = np.where(verified, "human_verified_error", "").astype("<U24")
    original = np.where(verified, suggested[keep], label).astype(object)
    given = label.astype(object)
    free = rng.permutation(np.flatnonzero(~valid & ~verified))
    flips = round(FLIPS * (~valid).sum())
    flipped, copied = free[:flips], free[flips : flips + DUPLICATES]
    for row in flipped:
        given[row] = another(label, label[row], rng)
    fault[flipped] = "label_flip"
    clash = np.arange(DUPLICATES) < CONFLICTS
    copies = np.array(
        [another(label, label[r], rng) if c else label[r] for r, c in zip(copied, clash, strict=True)], object
    )
    return Draft(
        np.concatenate([keep, keep[copied]]),
        np.concatenate([given, copies]),
        np.concatenate([original, label[copied].astype(object)]),
        np.concatenate([np.where(valid, "valid", "train"), np.full(DUPLICATES, "train")]),
        np.concatenate([fault, np.where(clash, "near_duplicate_conflict", "near_duplicate")]),
    ), count


def another(label: np.ndarray, given, rng: np.random.Generator):
    """A class other than the given one, uniformly."""
    names = [n for n in np.unique(label) if n != given]
    return names[int(rng.integers(len(names)))]


def thin(
    label: np.ndarray, rare, most: int, rows: np.ndarray, protected: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The rows, with all but about `most` of the class `rare` left out."""
    members = rng.permutation(rows[(label[rows] == rare) & ~protected[rows]])
    return np.setdiff1d(rows, members[most:])


def finish(folder: Path, made: Draft, prefix: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Shuffle, name the rows, write the key; returns the order and the ids."""
    order = rng.permutation(len(made.base))
    ids = np.array([f"{prefix}-{i:04d}" for i in range(len(order))])
    fault = made.fault[order]
    is_fault = np.isin(fault, ["label_flip", "human_verified_error", "near_duplicate_conflict"]).astype(int)
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(
        {"example_id": ids, "is_fault": is_fault, "fault": fault, "original_label": made.original[order]}
    ).to_csv(folder / "key.csv", index=False, lineterminator="\n")
    return order, ids


def make_digits(data: Path) -> None:
    """1,500 MNIST digits, 100 of them reviewed by people, with few eights."""
    rng = np.random.default_rng([SEED, 1])
    with np.load(data / "sample_digits_1500.npz", allow_pickle=False) as source:
        images, label, verdict, suggested = (source[k] for k in ("images", "label", "verdict", "suggested_label"))
    doubted = np.isin(verdict, ["suggested_correct", "neither", "no_majority"])
    reviewed = np.isin(verdict, ["given_correct"]) | doubted
    label = label.astype(int)
    better = np.where(verdict == "suggested_correct", suggested.astype(int).astype(object), "")
    keep = thin(label, 8, 40, np.arange(len(label)), reviewed, rng)
    made, fresh = draft(label, keep, doubted, better, rng)
    pixels = np.stack([images[b] if i < fresh else near_image(images[b], rng) for i, b in enumerate(made.base)])
    order, ids = finish(HERE / "digits", made, "digit", rng)
    np.savez_compressed(
        HERE / "digits" / "data.npz",
        images=pixels[order],
        label=made.label[order].astype(np.uint8),
        id=ids,
        split=made.split[order],
    )


def make_banking(data: Path) -> None:
    """Twelve intents about cards and transfers, one of them rare."""
    rng = np.random.default_rng([SEED, 2])
    source = pd.read_csv(data / "banking77_train.csv", dtype=str, keep_default_na=False).drop_duplicates("text")
    label, text = source["category"].to_numpy(str), source["text"].to_numpy(object)
    rows = np.concatenate([rng.permutation(np.flatnonzero(label == name))[:125] for name in INTENTS])
    nobody = np.zeros(len(label), bool)
    keep = thin(label, "cancel_transfer", 25, rows, nobody, rng)
    made, fresh = draft(label, rng.permutation(keep), nobody, label, rng)
    texts = np.array([text[b] if i < fresh else near_text(text[b], rng) for i, b in enumerate(made.base)], object)
    order, ids = finish(HERE / "banking", made, "query", rng)
    pd.DataFrame({"id": ids, "text": texts[order], "label": made.label[order], "split": made.split[order]}).to_csv(
        HERE / "banking" / "data.csv", index=False, lineterminator="\n"
    )


def make_adult(data: Path) -> None:
    """2,000 census rows, incomes above 50K made rare."""
    rng = np.random.default_rng([SEED, 3])
    source = pd.read_csv(data / "adult_10k.csv", dtype=str, keep_default_na=False).drop_duplicates(ignore_index=True)
    label = source["income"].to_numpy(str)
    below, above = (rng.permutation(np.flatnonzero(label == name)) for name in ("<=50K", ">50K"))
    keep = np.sort(np.concatenate([below[:1700], above[:300]]))
    made, fresh = draft(label, keep, np.zeros(len(label), bool), label, rng)
    table = source.iloc[made.base].reset_index(drop=True)
    spread = source["fnlwgt"].astype(float).std()
    for row in range(fresh, len(table)):  # the survey weight: the column that a re-entered record would differ in
        moved = near_number(float(table.loc[row, "fnlwgt"]), spread, rng, whole=True)
        table.loc[row, "fnlwgt"] = str(int(moved))
    table["income"] = made.label
    order, ids = finish(HERE / "adult", made, "person", rng)
    table = table.iloc[order].assign(split=made.split[order])
    table.insert(0, "id", ids)
    table.to_csv(HERE / "adult" / "data.csv", index=False, lineterminator="\n")


SHIPPED = (
    "el2n", "grand", "grand_last", "loss", "margin", "entropy", "vog", "aum", "forgetting", "confidence", "variability",
    "correctness", "tracin_self", "influence", "influence_self", "label_quality", "knn_label_agreement", "knn_shapley",
    "memorization", "knn_distance", "duplicate_similarity", "prototype_distance",
)  # fmt: skip


def make_run(name: str) -> None:
    """Score a sample with one score or more of each kind, keep what the dashboard opens on, and check its rule."""
    from core import actions
    from core.cli.progress import PlainProgress
    from core.runs.export.slim_copy import slim_run
    from core.types.runs import RunSpec, TrainingSpec

    with tempfile.TemporaryDirectory(prefix="chaffinch-sample-") as scratch:
        slender = TrainingSpec(model_params={"width": 64}) if name == "adult" else TrainingSpec()
        spec = RunSpec(source=name, scores=SHIPPED, training=slender, threads=1)
        run = actions.runs.run_here(spec, Path(scratch) / "run", PlainProgress())
        slim_run(run.path, HERE / name / "run")
    make_check(name)


def make_check(name: str) -> None:
    """A finished quick check of the rule that the sample opens with, beside its scores."""
    from core import actions
    from core.cli.progress import PlainProgress
    from core.runs.check.checks import check_folder

    run = actions.runs.open_run(name)
    shutil.rmtree(run.path / "check", ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="chaffinch-check-") as scratch:
        os.environ["CHAFFINCH_HOME"] = scratch  # a bundled run is checked in the workspace
        rules = actions.rules.default_rules(actions.scores.score_view(run))
        result = actions.checks.check_here(run, rules, {}, "quick", (), 3, PlainProgress())
        for kept in ("asked.json", "result.json"):
            (run.path / "check" / result.key).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(check_folder(run) / result.key / kept, run.path / "check" / result.key / kept)


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["data"]
    if what in ("run", "check"):
        for sample in rest or ("digits", "banking", "adult"):
            {"run": make_run, "check": make_check}[what](sample)
    else:
        folder = Path(rest[0]) if rest else HERE.parent.parent / "shared" / "data"
        make_digits(folder)
        make_banking(folder)
        make_adult(folder)
