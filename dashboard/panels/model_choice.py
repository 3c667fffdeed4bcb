"""Which model makes the evidence: a built-in one, own weights, or none at all."""

from __future__ import annotations

import streamlit as st

from core.models import MODELS
from core.types.examples import ExampleTable, Modality, Roles
from core.types.runs import RunSpec, TrainingSpec
from dashboard import state


def model_choice(
    source: str, modality: str | None, roles: Roles, labels: str | None, class_map: str | None, examples: ExampleTable
) -> None:
    """The model and how long it trains; the button leads to the Scores step with this draft."""
    st.html("<h3>Model</h3>")
    training = TrainingSpec() if examples.modality == Modality.TRACE else _training(examples)
    if examples.modality == Modality.TRACE:
        st.text("No training: the scores read the recorded outputs.")
    spec = RunSpec(source=source, modality=modality, roles=roles, labels=labels, class_map=class_map, training=training)
    st.button("Choose scores", key="to_scores", type="primary", on_click=_go, args=(spec,))


def _training(examples: ExampleTable) -> TrainingSpec:
    families = {
        "auto": "Best fit for this data",
        **{m.name: m.title for m in MODELS if examples.modality in m.modalities},
    }
    left, middle, right = st.columns([2, 1, 1], gap="small")
    model = left.selectbox("Trained here", list(families), format_func=families.__getitem__, key="model")
    epochs = middle.number_input("Epochs (0 = its own default)", 0, 500, 0, key="epochs")
    seeds = right.number_input("Seeds", 1, 10, 2, key="seeds", help="Two or more give every score a spread")
    weights = _own_weights()
    about = next((m.summary for m in MODELS if m.name == model), "Chosen by kind of data.")
    st.caption(about)
    return TrainingSpec(model=model, epochs=int(epochs) or None, seeds=int(seeds), weights=weights)


def _own_weights() -> tuple[str, ...]:
    with st.expander("Own weights for this architecture (.pt or .safetensors)"):
        lines = st.text_area("One path per checkpoint, in order of training", key="weights", height=80)
        st.caption(
            "Read with `weights_only=True`; files never run code. A network of your own: `--model module:factory` "
            "on the command line."
        )
    return tuple(line.strip() for line in lines.splitlines() if line.strip())


def _go(spec: RunSpec) -> None:
    state.put("draft_spec", spec)
    state.close_run()
    state.follow("scores")
