"""The distribution of one score and a card of bars per facet; each is a filter for all the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from core import actions
from core.types.facets import Facet, Filters
from core.types.figures import digits
from dashboard.components import messages, theme
from dashboard.components.class_bars import ClassBars, class_bars
from dashboard.components.distribution import Distribution, HistogramOptions, histogram
from dashboard.session import cache, navigation, row_filters, selection, state, url_widgets
from dashboard.session.current_run import Opened
from dashboard.session.slots import slot
from dashboard.tables import palette, row_table

_CURVES = {"histogram": "Bars", "ecdf": "Cumulative", "table": "Table"}
_BARS = {"filter": "Filter", "select": "Select"}


def facet_cards(opened: Opened, facets: Sequence[Facet], shown: np.ndarray, filters: Filters) -> None:
    """Search, what is filtered now, the histogram, the cards."""
    with st.container(key="search_line", horizontal=True, gap="small", vertical_alignment="center"):
        st.text_input(
            "Search",
            key="words",
            bind="query-params",
            placeholder="Search ids, text and columns",
            label_visibility="collapsed",
            icon=":material/search:",
        )
        st.segmented_control(
            "A click on a bar",
            list(_BARS),
            format_func=_BARS.__getitem__,
            required=True,
            label_visibility="collapsed",
            help="What a bar, or a drag across the histogram, does: filter all views, or select its rows among those "
            "that pass the filters.",
            **url_widgets.sticky_choice("bars", _BARS, "filter"),
        )
        st.button("Show all", key="clear_filters", disabled=not filters.active, on_click=row_filters.clear_filters)
    _chips(filters)
    _distribution(opened, shown)
    for facet in facets:
        with st.container(key=f"facet_{facet.name}", border=True, gap=None):
            st.html(f"<h4>{facet.title}</h4>")
            bars = ClassBars(
                facet.options,
                facet.counts(),
                facet.counts(shown),
                words=_bar_words,
                label=f"Rows by {facet.title.lower()}: those that pass the filters, of all",
                act=_act(facet, filters),
                colors=palette.bar_colors(opened.view, facet),
            )
            clicked = class_bars(bars, slot=slot(f"bars_{facet.name}"), height=150)
        if clicked is not None:
            _clicked(facet, clicked, shown, filters)


def _bar_words(name: str, rows: int, passing: int) -> str:
    return f"{name}: {passing:,} of {rows:,} pass the filters"


def _act(facet: Facet, filters: Filters) -> str:
    if _selects():
        return "click to select those that pass"
    return "click to filter, or to let the filter go" if filters.chosen.get(facet.name) else "click to filter"


def _clicked(facet: Facet, option: str, shown: np.ndarray, filters: Filters) -> None:
    if _selects():
        selection.choose(actions.facets.rows_of_option(facet, option, shown))
    else:
        row_filters.toggle_filter(facet.name, option)
    st.rerun()


def _selects() -> bool:
    return navigation.pane("bars", "filter") == "select"


def _chips(filters: Filters) -> None:
    entries = [(name, option) for name, options in filters.chosen.items() for option in options]
    if not entries and not filters.ranges and not filters.words:
        return
    with st.container(key="chips", horizontal=True, gap="small"):
        if filters.words:
            st.button(
                f"search: {filters.words}"[:40],
                key="chip_words",
                icon=":material/close:",
                on_click=row_filters.clear_search,
                help="Let this search go",
            )
        for number, (name, option) in enumerate(entries):
            st.button(
                messages.as_markdown(f"{name}: {option}"[:40]),
                key=f"chip_{number}",
                icon=":material/close:",
                on_click=row_filters.toggle_filter,
                args=(name, option),
                help="Let this filter go",
            )
        for name, (low, high) in filters.ranges.items():
            st.button(
                f"{row_table.title(name)}: {digits(low)} to {digits(high)}",
                key=f"chip_range_{name}",
                icon=":material/close:",
                on_click=row_filters.set_range,
                args=(name, None),
                help="Let this filter go",
            )


def _distribution(opened: Opened, shown: np.ndarray) -> None:
    names = list(opened.view.scores)
    with st.container(key="distribution", border=True, gap="small"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key="distribution_tools"):
            name = st.selectbox(
                "Score",
                names,
                format_func=row_table.title,
                label_visibility="collapsed",
                width="stretch",
                **url_widgets.sticky_choice("score", names, names[0]),
            )
            mode = st.segmented_control(
                "Form",
                list(_CURVES),
                required=True,
                label_visibility="collapsed",
                format_func=_CURVES.__getitem__,
                **url_widgets.sticky_choice("curve", _CURVES, "histogram"),
            )
            by_class = st.toggle("by class", **url_widgets.sticky_toggle("by_class"))
        index = cache.score_index(opened.run.run_id, opened.at, name, opened.run)
        cut, drop = actions.cuts.cut_on_score(opened.rules, name, index)
        options = HistogramOptions(
            mode=mode or "histogram",
            by_class=by_class,
            palette=(*palette.class_colors(opened.view), theme.NO_CLASS_COLOR),
            value=_focused_value(opened, name),
            height=170,
            cut=cut,
            drop=drop,
        )
        drawn = histogram(distribution(opened, name, shown), options, key=f"histogram_{name}")
    if drawn is not None and state.is_new(f"histogram_{name}", drawn):
        if _selects():
            selection.choose(actions.facets.rows_in_range(opened.view, name, drawn, shown))
        else:
            row_filters.set_range(name, drawn)
        st.rerun()


def distribution(opened: Opened, name: str, shown: np.ndarray) -> Distribution:
    """Counts from the run's index, with those of the filtered rows."""
    index, column = cache.score_index(opened.run.run_id, opened.at, name, opened.run), opened.view.scores[name]
    filtered = None
    if not shown.all():
        filtered = np.histogram(opened.view.scores[name].values[shown], bins=index.edges())[0]
    return Distribution(
        column.title,
        np.asarray(index.counts),
        index.edges(),
        (*opened.view.class_names, "no label"),
        filtered,
        column.low_means,
        column.high_means,
    )


def _focused_value(opened: Opened, name: str) -> float | None:
    row = opened.view.row_of.get(navigation.focused() or "")
    value = None if row is None else float(opened.view.scores[name].values[row])
    return None if value is None or np.isnan(value) else value
