"""Weights and threshold that repaint the map while they are dragged, and tell the server on release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from dashboard.components.assets import browser_component

_TOLD = 3


@dataclass(frozen=True)
class LiveScore:
    """One score in the sliders. words: what a high value means, shown under the name ("high = hard to fit")."""

    name: str
    title: str
    group: str
    orientation: int  # -1, 0 or +1 under the goal; 0 is shown as left out
    words: str = ""


@dataclass(frozen=True)
class SliderState:
    """Weights (0..2) and the share of rows to drop (0..1), as the sliders stand after a release."""

    group_weights: Mapping[str, float]
    score_weights: Mapping[str, float]
    share: float | None
    changed: bool = False  # True in the run that the release started


def live_sliders(
    *,
    key: str,
    map_key: str,
    scores: tuple[LiveScore, ...],
    group_weights: Mapping[str, float],
    score_weights: Mapping[str, float],
    share: float | None,
    drop: str = "above",
    group_titles: Mapping[str, str] | None = None,
    total: int = 0,
    on_release: Callable[[SliderState], None] | None = None,
) -> SliderState:
    """Range inputs: one per group, one per score inside (folded), one for the share to drop.

    Dragging repaints the map `map_key` in the browser; on release (or a key press) the new state is returned.
    share None hides the threshold (another strategy decides). total: rows that may be dropped, for the count beside it.
    on_release: called before the rerun's script, so that one run shows what the release did.
    The values given here are authoritative: after the server changes them (undo, preset) the sliders follow.
    """
    groups = list(dict.fromkeys(score.group for score in scores))
    titles = [[g, (group_titles or {}).get(g, g.replace("_", " "))] for g in groups]
    about = {"scores": [asdict(score) for score in scores], "groups": titles}
    name = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]
    message = {
        "map": map_key,
        "about": name,
        **(about if _untold(f"{key}:told", name) else {}),
        "groupWeights": {g: float(group_weights.get(g, 1.0)) for g in groups},
        "scoreWeights": {s.name: float(score_weights.get(s.name, 1.0)) for s in scores},
        "share": share,
        "drop": drop,
        "total": total,
    }

    def told() -> None:
        released = (st.session_state.get(key) or {}).get("released")
        if on_release is not None and released is not None:
            on_release(_state(released, message))

    mount = browser_component("sliders", js=("sliders.js",), css=("sliders.css",))
    result = mount(
        key=key,
        data=message,
        on_released_change=told,
        on_need_change=lambda: st.session_state.pop(f"{key}:told", None),
    )
    return _state(result.get("released"), message)


def _untold(key: str, name: str) -> bool:
    """Whether names and titles must travel: the page keeps them, and asks when it has them not.

    Reruns may overtake one another, so the first few runs carry them.
    """
    told, times = st.session_state.get(key, ("", 0))
    times = times + 1 if told == name else 1
    st.session_state[key] = (name, times)
    return times <= _TOLD


def _state(released: Any, message: Mapping[str, Any]) -> SliderState:
    if not isinstance(released, Mapping):
        return SliderState(message["groupWeights"], message["scoreWeights"], message["share"])
    share = released.get("share")
    return SliderState(
        {**message["groupWeights"], **_weights(released.get("groupWeights"), message["groupWeights"])},
        {**message["scoreWeights"], **_weights(released.get("scoreWeights"), message["scoreWeights"])},
        None if message["share"] is None or share is None else min(max(float(share), 0.0), 1.0),
        changed=True,
    )


def _weights(sent: Any, known: Mapping[str, float]) -> dict[str, float]:
    """Weights of known names from the browser, held within 0..2."""
    return {name: min(max(float(value), 0.0), 2.0) for name, value in dict(sent or {}).items() if name in known}
