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
from dashboard.components.display_text import shown
from dashboard.panels import model_card, own_model, training_settings
from dashboard.session import navigation, state
from dashboard.session.slots import slot

NO_ENCODER = ""


_WHOSE = {"ours": "trained here", "own": "my own model"}


def model_choice(draft: RunSpec, report: SourceReport) -> None:
    """The model and how long it trains, and what it can give; the button leads to the Scores step with this draft."""
    st.html("<h3>Model</h3>")
    if report.modality == Modality.TRACE:
        st.text("No training: the scores read the recorded outputs.")
        _to_scores(draft)
        return
    if draft.recorded.logits is not None:
        st.text("Training dynamics come from the recorded logits; this model only judges the labels, out of fold.")
    training = _checked(report.modality, report.rows)
    if training is None:
        return
    chosen = replace(draft, training=training)
    if training.brought:
        if model_card.model_card(chosen):
            _to_scores(chosen)
        return
    _to_scores(chosen)
    with st.expander("What this model is and can give for these data", key="card", on_change="rerun") as card:
        if card.open:
            model_card.model_card(chosen)


def _to_scores(spec: RunSpec) -> None:
    for line in actions.runs.said_of_vectors(spec):
        st.text(shown(line))
    st.button("Choose scores", key="to_scores", type="primary", on_click=_go, args=(spec,))


def _checked(modality: Modality, rows: int) -> TrainingSpec | None:
    """What the form says; None while it says too little, or with the two lines of why nothing can be read or fed so."""
    try:
        training = _training(modality, rows)
        if training is not None:
            actions.runs.check_training(training, modality)
    except CurationError as error:
        messages.error_box(error, slot=slot("model_error"))
        return None
    return training


def _training(modality: Modality, rows: int) -> TrainingSpec | None:
    whose = st.segmented_control(
        "Whose model", list(_WHOSE), format_func=_WHOSE.__getitem__, default="ours", key="whose_model", required=True
    )
    own = whose == "own"
    training = own_model.own_model(modality) if own else _trained_here(modality, rows)
    if training is None:
        return None
    left, right = st.columns([1, 2], gap="small", vertical_alignment="center")
    with left:
        device = training_settings.device()
    with right:
        judge = _judge(own)
    return training_settings.more_settings(replace(training, device=device, judge=judge))


def _trained_here(modality: Modality, rows: int) -> TrainingSpec:
    encoder = _encoder(modality, rows)
    choices = {choice.name: choice for choice in actions.methods.model_choices(modality, encoder)}
    left, right = st.columns(2, gap="small")
    key = "head" if encoder else "model"
    model = left.selectbox("Trained here", list(choices), format_func=lambda name: choices[name].title, key=key)
    with right:
        training = training_settings.lengths(TrainingSpec(model, encoder=encoder))
    st.caption(choices[model].summary)
    return training if encoder else _at_weights(training, modality)


def _judge(own: bool) -> str:
    best = st.checkbox(
        "Let the best of several models judge the labels",
        value=not own,
        key="judge_own" if own else "judge",
        help="Models that read such data are compared by how often they agree, out of fold, with the given labels; the "
        "best of them, or the mean of several where that is better, gives the label quality.",
    )
    return BEST if best else ""


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


def _at_weights(training: TrainingSpec, modality: Modality) -> TrainingSpec:
    """One of our networks at weights of the person's own, instead of trained here."""
    with st.expander("Own weights for this architecture (.pt or .safetensors)"):
        training = replace(training, weights=own_model.checkpoints("weights"))
        return with_image_format(training, *own_model.image_format()) if modality == Modality.IMAGE else training


def _go(spec: RunSpec) -> None:
    state.put("draft_spec", spec)
    navigation.close_run()
    navigation.request_page("scores")
