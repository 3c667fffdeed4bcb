"""A page with every component on it, for the tests beside it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.composite.normalise import normalise
from core.types.attributions import Attribution, Concept, Judgement, WhatIf
from core.types.errors import DataError
from core.types.params import param
from core.types.runs import RunState, RunStatus
from core.types.scores import AssumptionCheck
from dashboard.components import messages
from dashboard.components.attribution_plot import attribution_lights, attribution_plot
from dashboard.components.before_after import before_after
from dashboard.components.class_bars import ClassBars, class_bars
from dashboard.components.concept_profile import concept_profile
from dashboard.components.distribution import Distribution, HistogramOptions, histogram
from dashboard.components.embedding_map import MapColors, MapContent, MapLayout, MapRanks, MapRule, embedding_map
from dashboard.components.example_view import Standing, example_view
from dashboard.components.gallery import Tile, gallery
from dashboard.components.kept_bar import KeptSummary, kept_bar
from dashboard.components.live_sliders import LiveScore, Sliders, live_sliders
from dashboard.components.map_wire import encode_ranks
from dashboard.components.neighbors import neighbors_strip
from dashboard.components.params_form import params_form
from dashboard.components.run_progress import run_progress
from dashboard.components.score_panel import ScoreLine, score_panel
from dashboard.components.table import table
from dashboard.components.theme import apply_page_style
from dashboard.components.toggle_parts import toggle_blocks, toggle_words
from dashboard.components.training_curve import training_curve
from dashboard.session.slots import slot


@dataclass(frozen=True)
class Settings:
    """One field of each kind."""

    k: int = param(5, label="Neighbors", low=1, high=9)
    metric: str = param("cosine", label="Metric", choices=("cosine", "euclidean"))
    heat: float = param(0.5, label="Temperature", low=0.0, high=2.0)
    centre: bool = param(True, label="Centre")
    epochs: str = param("auto", label="Epochs")


apply_page_style()
rng = np.random.default_rng(0)
coords = rng.normal(size=(50, 2)).astype("f4")
ranks = {"el2n": encode_ranks(normalise(rng.normal(size=50)))}
labels = rng.integers(0, 3, 50)
names = ("cat", "<b>dog</b>", "ship")
rule = MapRule({"el2n": 1.0}, 0.3)
kept = rng.random(50) > 0.2
content = MapContent(
    layout=MapLayout("run/pca", coords),
    ranks=MapRanks("run", ranks),
    rule=rule,
    kept=kept,
    colors=MapColors.by_category("run/class", "Label", labels, names),
    locked=labels == 2,
    shown=labels != 1,
    selected=[1, 2],
    flagged=[3],
    focused=4,
    card=lambda row: None,
)
event = embedding_map(content, slot=slot("map"))
other = MapContent(MapLayout("run/xy", coords, "EL2N", "AUM"), MapColors.by_decision())
embedding_map(other, slot=slot("map2"))
sliders = Sliders(
    map_key="map",
    scores=(LiveScore("el2n", "EL2N", "difficulty", 1),),
    group_weights={},
    score_weights={"el2n": 0.5},
    share=0.1,
)
state = live_sliders(sliders, slot=slot("sliders"))
kept_bar(KeptSummary(40, 50, "cat", 9, 8, (0.061, 0.048, 0.077, 0.9), "why"), slot=slot("bar"), on_press=print)
kept_bar(None, slot=slot("bar2"), on_press=print)
bars = ClassBars(
    names,
    np.array([9, 20, 21]),
    np.array([8, 20, 12]),
    floor=12,
    words=lambda name, before, after: f"{name}: {after} of {before} stay",
    label="Rows that stay",
    act="click",
)
class_bars(bars, slot=slot("bars"))
picture = Tile(0, "a.png", "cat", image=np.zeros((4, 4), np.uint8))
gallery([picture, Tile(1, "b.png", problem="cut off")], slot=slot("gallery"), on_event=print)
words = [Tile(2, "t", text="<script>alert(1)</script>"), Tile(3, "r", cells=(("age", "39"),))]
gallery(words, slot=slot("words"), on_event=print)
gallery([], slot=slot("none"), on_event=print)
neighbors_strip("Nearest", [Tile(5, "e", "cat", text="near")], slot=slot("near"), captions=["0.1"])
neighbors_strip("Nothing", [], slot=slot("far"))
counts, edges = rng.integers(0, 9, (3, 256)), np.linspace(0, 1, 257)
for at, how in enumerate([{}, {"by_class": True}, {"mode": "ecdf"}, {"mode": "ecdf", "by_class": True}]):
    histogram(Distribution("EL2N", counts, edges, names), HistogramOptions(cut=0.5, value=0.2, **how), key=f"h{at}")
histogram(Distribution("empty", np.zeros((1, 256), int), edges), key="h9")
score_panel(
    [ScoreLine("el2n", "EL2N", 1.2, 98.0, 0.1, 2, "hard", 1), ScoreLine("if", "Influence", None, reason="held out")],
    key="scores",
)
score_panel([], key="no scores")
attribution_plot(
    Attribution("ig", "cat", rng.normal(size=(8, 8)), (), 0.1, 2.0, 0.01),
    key="heat",
    image=np.zeros((8, 8, 3), np.uint8),
)
attribution_plot(Attribution("ig", "cat", np.zeros(2), ("<i>", "b"), 0.1, 2.0, None), key="tokens")
attribution_plot(
    Attribution("shap", "cat", np.array([1.0, -2.0]), ("age", "pay"), 0.1, 2.0, 0.0),
    key="cells",
    cells={"age": "3"},
    limit=1,
)
attribution_plot(
    Attribution("reagent", "cat", np.array([0.5, -0.1]), ("<i>", "b"), 0.1, 0.9, None, errors=np.array([0.1, 0.2])),
    key="unsure tokens",
)
lights = [AssumptionCheck(light, f"<b>{light}</b> 0.12", "gap") for light in ("green", "amber", "red")]
attribution_lights(lights, key="lights")
concept_profile(
    [Concept("concept 1", 0.9, 0.05, 1.2, 80.0, 0.4, ((3, 0, 1, 2), (4, 1, 1, 2)))],
    (4, 4),
    lambda row: None if row == 4 else np.zeros((8, 8, 3), np.uint8),
    key="concepts",
)
before_after(
    WhatIf(Judgement("cat", 0.9, 0.1, 1.2, 2.3), Judgement("<b>dog</b>", 0.6, 0.6, 0.4, 0.5), "a", "m", "dog", "w"),
    key="before after",
)
before_after(WhatIf(Judgement("cat", 0.9), Judgement("cat", 0.9), "", "m"), key="before after unlabeled")
st.session_state["got words"] = toggle_words("<i> b.", (("<i>", 0, 3), ("b", 4, 5)), slot=slot("left out"), about="1")
st.session_state["got blocks"] = toggle_blocks(np.zeros((4, 6, 3), np.uint8), 2, 3, slot=slot("covered"), about="1")
standing = {"pay": Standing(0.25, number=True), "job": Standing(0.5, number=False)}
example_view({"pay": 2.5, "job": "cook", "age": None}, key="barred", name="e", standing=standing)
for at, example in enumerate([np.zeros((4, 4, 1), np.uint8), "text", {"age": None, "pay": 2.5}, None]):
    example_view(example, key=f"example{at}", name="e")
training_curve(
    np.arange(1, 4),
    np.full((2, 3), 0.5),
    key="curve",
    predicted=np.array([[0, 1, 7], [0, 0, 0]]),
    class_names=names,
    label="cat",
)
for at, run_state in enumerate(RunState):
    run_progress(
        RunStatus("r", run_state, "Training", 3, 9, 45.0, "a message", 120.0), slot=slot(f"run{at}"), on_press=print
    )
st.session_state["got params"] = params_form(Settings, key="form")
messages.empty_state("Nothing is chosen.", "Click a point.", slot=slot("empty"), action="Show all")
messages.error_box(DataError("It broke here.", "Do this."), slot=slot("error"))
st.markdown(messages.light("amber", "in-sample"))
st.session_state["got table"] = table(pd.DataFrame({"id": ["a", "b"]}), key="table", rows=np.array([7, 9]))
st.session_state["got event"], st.session_state["got state"] = event, state
