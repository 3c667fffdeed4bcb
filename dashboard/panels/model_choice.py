"""Which model makes the evidence: a built-in one, own weights, or none at all."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core import actions
from core.types.errors import CurationError
from core.types.examples import Modality, SourceReport
from core.types.image_format import with_image_format
from core.types.runs import BEST, RunSpec, TrainingSpec
from dashboard.components import messages
from dashboard.session import navigation, state
from dashboard.session.slots import slot

NO_ENCODER = ""


def model_choice(draft: RunSpec, report: SourceReport) -> None:
    """The model and how long it trains; the button leads to the Scores step with this draft."""
    st.html("<h3>Model</h3>")
    if draft.recorded.logits is not None and report.modality != Modality.TRACE:
        st.text("Training dynamics come from the recorded logits; this model only judges the labels, out of fold.")
    training = TrainingSpec() if report.modality == Modality.TRACE else _checked(report.modality, report.rows)
    if report.modality == Modality.TRACE:
        st.text("No training: the scores read the recorded outputs.")
    if training is not None:
        spec = replace(draft, training=training)
        st.button("Choose scores", key="to_scores", type="primary", on_click=_go, args=(spec,))


def _checked(modality: Modality, rows: int) -> TrainingSpec | None:
    """What the form says; None, with the two lines of why, where no network can be read or fed so."""
    try:
        training = _training(modality, rows)
        actions.runs.check_training(training, modality)
    except CurationError as error:
        messages.error_box(error, slot=slot("model_error"))
        return None
    return training


def _training(modality: Modality, rows: int) -> TrainingSpec:
    encoder = _encoder(modality, rows)
    choices = {choice.name: choice for choice in actions.methods.model_choices(modality, encoder)}
    left, middle, right = st.columns([2, 1, 1], gap="small")
    key = "head" if encoder else "model"
    model = left.selectbox("Trained here", list(choices), format_func=lambda name: choices[name].title, key=key)
    epochs = middle.number_input("Epochs (0 = its own default)", 0, 500, 0, key="epochs")
    seeds = right.number_input("Seeds", 1, 10, 2, key="seeds", help="Two or more give every score a spread")
    weights, seen = ((), ("", "", "")) if encoder else _own_weights(modality)
    st.caption(choices[model].summary)
    best = st.checkbox(
        "Let the best of several models judge the labels",
        value=True,
        key="judge",
        help="Models that read such data are compared by how often they agree, out of fold, with the given labels; the "
        "best of them, or the mean of several where that is better, gives the label quality.",
    )
    training = TrainingSpec(
        model,
        epochs=int(epochs) or None,
        seeds=int(seeds),
        weights=weights,
        judge=BEST if best else "",
        encoder=encoder,
    )
    return with_image_format(training, *seen)


def _encoder(modality: Modality, rows: int) -> str:
    """Which frozen encoder the model sees the data through; the first that is installed comes first, for images."""
    encoders = {encoder.name: encoder for encoder in actions.methods.encoders(modality)}
    if not encoders:
        return ""
    names = [name for name, encoder in encoders.items() if encoder.is_here]
    chosen = st.selectbox(
        "Seen through",
        [*names, NO_ENCODER] if modality == Modality.IMAGE else [NO_ENCODER, *names],
        format_func=lambda name: encoders[name].title if name else "Nothing: the model reads the data itself",
        key="encoder",
        help="A frozen, pretrained encoder judges better than a network trained from scratch on a few thousand rows.",
    )
    if chosen:
        cost = encoders[chosen].cost(rows)
        st.caption(
            f"{encoders[chosen].summary} Cost: {cost}; the head trains in seconds, where a network takes minutes."
        )
    missing = [f"{e.title}: `{e.install}`" for e in encoders.values() if not e.is_here]
    if missing:
        st.caption(f"More of them, once installed: {'; '.join(missing)}")
    return chosen or NO_ENCODER


def _own_weights(modality: Modality) -> tuple[tuple[str, ...], tuple[str, str, str]]:
    """Paths of weights, and how their network reads images, as typed: size, mean, deviation."""
    with st.expander("Own weights for this architecture (.pt or .safetensors)"):
        lines = st.text_area("One path per checkpoint, in order of training", key="weights", height=80)
        st.caption(
            "Read with `weights_only=True`; files never run code. A network of your own: `--model module:factory` "
            "on the command line."
        )
        seen = _image_format() if modality == Modality.IMAGE else ("", "", "")
    return tuple(line.strip() for line in lines.splitlines() if line.strip()), seen


def _image_format() -> tuple[str, str, str]:
    columns = st.columns(3, gap="small")
    size = columns[0].text_input("Image size in pixels", key="image_size", placeholder="224, or height x width: 128x64")
    mean = columns[1].text_input("Mean, after x / 255", key="image_mean", placeholder="0.485,0.456,0.406")
    std = columns[2].text_input("Deviation, after x / 255", key="image_std", placeholder="0.229,0.224,0.225")
    st.caption(
        "As the network was trained: it reads (x / 255 - mean) / deviation. Left empty, a network trained here takes "
        "32 pixels (small images as they are) and the data's own."
    )
    return size, mean, std


def _go(spec: RunSpec) -> None:
    state.put("draft_spec", spec)
    navigation.close_run()
    navigation.request_page("scores")
