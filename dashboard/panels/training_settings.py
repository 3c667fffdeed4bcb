"""How often, how long, with which steps and on which device a model is trained or passed over."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.types import runs
from core.types.runs import TrainingSpec
from core.types.validation import Within


def lengths(training: TrainingSpec) -> TrainingSpec:
    """Epochs and seeds."""
    left, right = st.columns(2, gap="small")
    epochs = left.number_input("Epochs (0 = its own default)", 0, 500, 0, key="epochs")
    seeds = right.number_input("Seeds", 1, 10, 2, key="seeds", help="Two or more give every score a spread")
    return replace(training, epochs=int(epochs) or None, seeds=int(seeds))


def device() -> str:
    """Where networks work; "" leaves it to what is there."""
    chosen = st.selectbox(
        "Device",
        runs.DEVICES,
        key="device",
        help="Where networks are trained and passed over. auto: CUDA where there is one, else the CPU. A batch that "
        "the device's memory does not hold is taken in halves, with the same numbers.",
    )
    return "" if chosen == "auto" else chosen


def more_settings(training: TrainingSpec) -> TrainingSpec:
    """What few people change; what is left empty is the model's own."""
    with st.expander("More settings of the training"):
        left, middle, right = st.columns(3, gap="small")
        folds = left.number_input("Folds", *_ends(runs.FOLDS), TrainingSpec.folds, key="folds")
        moments = middle.number_input("Checkpoints", *_ends(runs.CHECKPOINTS), TrainingSpec.checkpoints, key="moments")
        batch = right.number_input("Batch size", *_ends(runs.BATCH_SIZE), None, key="batch_size", placeholder="its own")
        rate = left.number_input(
            "Learning rate", 0.0, value=None, key="learning_rate", placeholder="its own", format="%g"
        )
        decay = middle.number_input(
            "Weight decay", 0.0, value=None, key="weight_decay", placeholder="its own", format="%g"
        )
        bf16 = right.checkbox("Passes in bfloat16", key="bf16", help="Quicker where only outputs are asked for")
    return replace(
        training,
        folds=int(folds),
        checkpoints=int(moments),
        batch_size=None if batch is None else int(batch),
        learning_rate=rate or None,
        weight_decay=decay,
        bf16=bf16,
    )


def _ends(bounds: Within) -> tuple[int, int]:
    return int(bounds.low), int(bounds.high)
