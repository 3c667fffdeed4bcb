"""Rules: presets in words, weights, cuts, strategy, guardrails at the left; the map, counts and the rows at the cut."""

from __future__ import annotations

import streamlit as st

from core import actions
from dashboard.components import embedding_map, messages
from dashboard.components.class_bars import ClassBars, class_bars
from dashboard.components.neighbors import neighbors_strip
from dashboard.panels import (
    composite_form,
    guardrails,
    map_panel,
    near_duplicates,
    rule_effects,
    strategy,
    threshold_list,
    weights,
)
from dashboard.session import commands, error_boundary, navigation, selection
from dashboard.session.current_run import Opened, require_run
from dashboard.session.slots import slot
from dashboard.tables import example_tiles, palette


@require_run("No scores to make rules from", "no_rules")
def render(opened: Opened) -> None:
    """Every control saves on release; what it did is on the right at once."""
    near_duplicates.question(opened)
    left, right = st.columns([2, 3], gap="small")
    with right, st.container(key="rules_right", gap="small"):
        places = [st.container(gap="small") for _ in range(4)]
    with places[2]:  # what a release is waited for is sent first, wherever it stands on the page
        error_boundary.alone(_classes, opened)
        error_boundary.alone(_at_the_cut, opened)
    with left, st.container(key="rules_left", gap="small"):
        panels = (composite_form.composite_form, weights.weights, threshold_list.threshold_list)
        for draw in (_presets, *panels, strategy.strategy, guardrails.guardrails):
            error_boundary.alone(draw, opened)
    with places[0]:
        messages.warnings(near_duplicates.other_warnings(opened), key="rule_warnings")
    with places[1]:
        error_boundary.alone(_map, opened)
    with places[3]:
        for draw in (rule_effects.changed, rule_effects.risks, rule_effects.weights):
            error_boundary.alone(draw, opened)


def _presets(opened: Opened) -> None:
    st.html("<h4>Presets</h4>")
    with st.container(key="presets", horizontal=True, gap="small"):
        for preset in actions.rules.presets():
            st.button(
                preset.title,
                key=f"preset_{preset.name}",
                help=preset.summary,
                on_click=_apply,
                args=(opened, preset),
                type="primary" if opened.rules.preset == preset.name else "secondary",
            )


def _apply(opened: Opened, preset: actions.rules.Preset) -> None:
    built = commands.attempt(lambda: preset.build(opened.view))
    if built is not None:
        answered = actions.rules.with_answer(built, opened.rules.guardrails)
        commands.save_rules(opened.run, answered, f"Saved: {preset.title}")


def _map(opened: Opened) -> None:
    layout = map_panel.first_layout(opened)
    if layout is not None:
        map_panel.draw(opened, layout, embedding_map.MapColors.by_decision(), opened.view.every_row, 340)


def _classes(opened: Opened) -> None:
    view = opened.view
    before, after = actions.outcomes.train_counts(view, opened.outcome)
    counts = opened.outcome.counts
    st.html("<h4>Training rows of each class, before and after</h4>")
    st.text(
        f"{counts['kept']:,} kept, {counts['dropped']:,} dropped; by " + actions.outcomes.sources_words(opened.outcome)
    )
    floor = opened.rules.guardrails.class_floor
    bars = ClassBars(
        view.class_names,
        before,
        after,
        words=_class_words,
        label="Training rows of each class: those that stay, of all",
        act="click to select its rows",
        floor=floor,
        colors=palette.class_colors(view),
    )
    clicked = class_bars(bars, slot=slot("rule_classes"), height=170)
    if clicked is not None:
        selection.choose(view.class_rows[view.class_names.index(clicked)])
        navigation.request_page("explore")
        st.rerun()


def _class_words(name: str, before: int, after: int) -> str:
    if after > before:
        return f"{name}: {before:,} training rows, {after:,} after relabeling"
    return f"{name}: {after:,} of {before:,} training rows stay"


def _at_the_cut(opened: Opened) -> None:
    dropped, kept = actions.cuts.rows_next_to_cut(opened.view, opened.rules, opened.outcome, 12)
    for title, rows, key in (
        ("Last dropped, just beyond the cut", dropped, "beyond"),
        ("First kept, just before it", kept, "before"),
    ):
        tiles = [example_tiles.tile(opened, int(row), order="") for row in rows]
        clicked = neighbors_strip(
            title,
            tiles,
            slot=slot(f"cut_{key}"),
            size=60,
            captions=[f"{opened.outcome.composite[row]:.3f}" for row in rows],
        )
        if clicked is not None:
            navigation.open_example(str(opened.view.ids[clicked]))
            navigation.request_page("explore")
            st.rerun()
