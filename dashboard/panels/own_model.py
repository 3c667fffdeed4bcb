"""A model made elsewhere, named as by `--model` and `--weights`: a folder, a file, a library's network, code."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import actions
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.image_format import with_image_format
from core.types.runs import TrainingSpec
from dashboard.panels import training_settings


def own_model(modality: Modality) -> TrainingSpec | None:
    """The model that is typed; None while nothing is. Nothing of it is read here. Raises `ModelError`."""
    typed = st.text_input(
        "Folder, file, timm:NAME, torchvision:NAME or module:factory",
        key="own_model",
        placeholder="/models/my-bert, trees.json, timm:resnet18, mynet:make",
        help="; ".join(f"{source.title}: {source.summary}" for source in actions.models.model_sources()[:-1]),
    ).strip()
    if not typed:
        st.caption("Files and folders are read as data by a process with limits: no code in them is run.")
        return None
    training = TrainingSpec(actions.runs.model_named_here(typed), weights=checkpoints("own_weights"))
    if not training.brought:
        raise ModelError(f"{typed} is no model of your own.", "Choose it among the models that are trained here.")
    if modality == Modality.IMAGE:
        training = with_image_format(training, *image_format())
    return _of_code(training) if training.own_code else training


def checkpoints(key: str) -> tuple[str, ...]:
    """Paths of weights, as typed."""
    lines = st.text_area(
        "Checkpoints: one path a line, in order of training",
        key=key,
        height=80,
        help="The model is scored at each: .safetensors, .pt, .pth. They are read as tensors alone; files never run "
        "code. A Trainer's output holds its own.",
    )
    return tuple(line.strip() for line in lines.splitlines() if line.strip())


def image_format() -> tuple[str, str, str]:
    """Size, mean and deviation as typed."""
    columns = st.columns(3, gap="small")
    size = columns[0].text_input("Image size in pixels", key="image_size", placeholder="224, or height x width: 128x64")
    mean = columns[1].text_input("Mean, after x / 255", key="image_mean", placeholder="0.485,0.456,0.406")
    std = columns[2].text_input("Deviation, after x / 255", key="image_std", placeholder="0.229,0.224,0.225")
    st.caption(
        "As the network was trained: it reads (x / 255 - mean) / deviation. Left empty, the model's own files say it; "
        "a network trained here takes 32 pixels (small images as they are) and the data's own."
    )
    return size, mean, std


def _of_code(training: TrainingSpec) -> TrainingSpec:
    """A factory that was allowed on this machine, trained here unless it is finished; `ModelError` for others."""
    actions.runs.check_allowed(training.model)
    if training.weights:
        return training
    if st.checkbox("It returns a network that is trained: score it as it is", key="factory_is_trained"):
        return replace(training, epochs=0)
    return training_settings.lengths(training)
