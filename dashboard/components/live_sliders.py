"""Weights and threshold that repaint the map while they are dragged, and tell the server on release."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dashboard.components.browser import shared_component
from dashboard.components.slot import Slot

_RUNS_THAT_SEND = 3  # names and titles: a rerun may overtake the first, and the second
_DESCRIBED = "described"


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


@dataclass(frozen=True)
class Sliders:
    """What the sliders show; authoritative: after the server changes it (undo, preset) the sliders follow.

    map_key: the map that dragging repaints. share None hides the threshold (another strategy decides).
    drop: the side of the composite that goes. total: rows that may be dropped, for the count beside the threshold.
    """

    map_key: str
    scores: tuple[LiveScore, ...]
    group_weights: Mapping[str, float]
    score_weights: Mapping[str, float]
    share: float | None
    drop: str = "above"
    group_titles: Mapping[str, str] = field(default_factory=dict)
    total: int = 0


def live_sliders(
    sliders: Sliders, *, slot: Slot, on_release: Callable[[SliderState], None] | None = None
) -> SliderState:
    """Range inputs: one per group, one per score inside (folded), one for the share to drop.

    Dragging repaints the map in the browser; on release (or a key press) the new state is returned.
    on_release: called before the rerun's script, so that one run shows what the release did.
    """
    groups = list(dict.fromkeys(score.group for score in sliders.scores))
    titles = [[group, sliders.group_titles.get(group, group.replace("_", " "))] for group in groups]
    about = {"scores": [asdict(score) for score in sliders.scores], "groups": titles}
    digest = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:8]
    message = {
        "map": sliders.map_key,
        "about": digest,
        **(about if _must_send(slot, digest) else {}),
        "groupWeights": {group: float(sliders.group_weights.get(group, 1.0)) for group in groups},
        "scoreWeights": {s.name: float(sliders.score_weights.get(s.name, 1.0)) for s in sliders.scores},
        "share": sliders.share,
        "drop": sliders.drop,
        "total": sliders.total,
    }

    def receive() -> None:
        released = slot.reported("released")
        if on_release is not None and released is not None:
            on_release(_state(released, message))

    mount = shared_component("sliders")
    result = mount(key=slot.key, data=message, on_released_change=receive, on_need_change=lambda: slot.take(_DESCRIBED))
    return _state(result.get("released"), message)


def _must_send(slot: Slot, digest: str) -> bool:
    """Whether names and titles must travel: the browser keeps them, and asks when it does not have them.

    Reruns may overtake one another, so the first few runs carry them.
    """
    last, times = slot.recall(_DESCRIBED, ("", 0))
    times = times + 1 if last == digest else 1
    slot.remember(_DESCRIBED, (digest, times))
    return times <= _RUNS_THAT_SEND


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
