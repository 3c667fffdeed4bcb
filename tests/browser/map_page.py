"""A page with the map and its sliders over made-up points; says what the server thinks, for the browser test."""

import json

import numpy as np
import streamlit as st

from core.composite import coefficients
from core.composite.normalise import normalise
from core.types.curation import Rules
from dashboard.components.assets import share_code
from dashboard.components.embedding_map import (
    HoverCard,
    MapColors,
    MapContent,
    MapHollow,
    MapLayout,
    MapRanks,
    MapRule,
    embedding_map,
)
from dashboard.components.live_sliders import LiveScore, Sliders, live_sliders
from dashboard.components.map_binned import MOST_POINTS
from dashboard.components.map_wire import browser_composite, encode_ranks
from dashboard.components.polygon import rows_in_polygon
from dashboard.components.theme import class_colors
from dashboard.session.slots import slot

st.set_page_config(layout="wide")
share_code()  # as every page does
N = int(st.query_params.get("n", "1500"))
CAP = float(st.query_params.get("cap", "1"))
DROP = st.query_params.get("drop", "above")
MOST = int(st.query_params.get("most", MOST_POINTS))
SCORES = (
    LiveScore("el2n", "EL2N", "difficulty", 1),
    LiveScore("loss", "Loss", "difficulty", 1),
    LiveScore("aum", "AUM", "dynamics", -1),
)


@st.cache_resource
def made_up(n):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, n)
    angle = labels * 2 * np.pi / 5
    coords = (np.c_[np.cos(angle), np.sin(angle)] * 6 + rng.normal(size=(n, 2))).astype("f4")
    lean = 0.6 * (labels == 0)  # the rules would take more of the first class
    return labels, coords, {s.name: encode_ranks(normalise(rng.normal(size=n) + s.orientation * lean)) for s in SCORES}


def cap_classes(composite, cut):
    """(kept, what holds each class back): rules drop at most CAP of a class, those nearest the cut stay. Row by row.

    The first twenty rows have a person's word and are none of the rules' business.
    """
    side = 1 if DROP == "above" else -1
    kept, held = np.ones(N, bool), np.full(5, np.nan, np.float32)
    for c in range(5):
        rows = np.flatnonzero(labels == c)
        asked = (r for r in rows if r >= 20 and side * composite[r] > side * cut)
        beyond = sorted(asked, key=lambda r: -side * composite[r])
        most = int(np.floor(CAP * len(rows) + 1e-9))
        kept[beyond[:most]] = False
        if len(beyond) > most:
            held[c] = (composite[beyond[most - 1]] + composite[beyond[most]]) / 2 if most else side * np.inf
    return kept, held


labels, coords, ranks = made_up(N)
state = st.session_state
state.setdefault("chosen", np.array([], int))
state.setdefault("rules", ({}, {}, 0.1))
state["runs"] = state.get("runs", 0) + 1


# as many classes as asked for, the later ones larger
NAMES = [f"class of kind {k}" for k in range(int(st.query_params.get("classes", "0")))] or list("abcde")
codes = labels if len(NAMES) == 5 else np.floor(np.sqrt(np.arange(N) / N) * len(NAMES)).astype(int)


def heard(event):
    if event.kind == "lasso":
        rows = rows_in_polygon(coords, event.polygon)
        join = {"replace": lambda old, new: new, "add": np.union1d, "subtract": np.setdiff1d}[event.mode]
        state["chosen"] = join(state["chosen"], rows)
    if event.kind == "clear":
        state["chosen"] = np.array([], int)
    if event.kind == "click":
        state["focused"] = event.row


with st.sidebar:
    sliders = Sliders(
        map_key="map",
        scores=SCORES,
        group_weights=state["rules"][0],
        score_weights=state["rules"][1],
        share=state["rules"][2],
        total=N,
        drop=DROP,
    )
    moved = live_sliders(sliders, slot=slot("sliders"))
    if moved.changed:
        state["rules"] = (moved.group_weights, moved.score_weights, moved.share)
orientation, groups = {s.name: s.orientation for s in SCORES}, {s.name: s.group for s in SCORES}
rules = Rules(group_weights=state["rules"][0], score_weights=state["rules"][1])
weights = coefficients(tuple(orientation), orientation, groups, rules)
composite = browser_composite(ranks, weights)
ends = np.sort(composite)[::-1] if DROP == "above" else np.sort(composite)
cut = float(ends[round(state["rules"][2] * N)])
kept, held = cap_classes(composite, cut)
kept[:10], kept[10:20] = True, False  # a person's word
content = MapContent(
    layout=MapLayout(f"{N}/pca", coords),
    ranks=MapRanks(str(N), ranks, (labels + 1).astype(np.uint16)),
    rule=MapRule(weights, cut, DROP, held, cap=CAP),
    kept=kept,
    decided=range(20),
    colors=MapColors.by_category(f"{N}/label/{len(NAMES)}", "Label", codes, NAMES, class_colors(np.bincount(codes))),
    selected=state["chosen"],
    focused=state.get("focused"),
    on_event=heard,
    hollow=MapHollow(f"{N}/odd", np.arange(N) % 2 == 1, "odd rows") if "hollow" in st.query_params else None,
    card=lambda row: HoverCard(f"example {row}", (("label", "abcde"[labels[row]]),), "<b>as typed</b>"),
)
embedding_map(content, slot=slot("map"), height=500, most=MOST)
with st.container(key="truth"):
    st.text(
        json.dumps(
            {
                "kept": int(kept.sum()),
                "chosen": state["chosen"].tolist(),
                "share": state["rules"][2],
                "focused": state.get("focused"),
                "runs": state["runs"],
            }
        )
    )
