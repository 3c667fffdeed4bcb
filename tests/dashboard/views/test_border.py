"""Whatever is raised, wherever on the page: two lines and a way on, and the rest of the page stands."""

from pathlib import Path

import pytest
from screens import VIEWS, screen, words
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard.panels import drawer, facet_cards, map_panel, rows_panel, selection_bar, weights
from dashboard.views import check, compare, data, explore, export, methods, rules, scores, start

pytestmark = pytest.mark.usefixtures("calm_border")
PAGE = Path(dashboard.__file__).with_name("page.py")
STEPS = (start, data, scores, explore, compare, rules, check, export, methods)
PANELS = {
    "facets": (facet_cards, map_panel, rows_panel, selection_bar),
    "example": (drawer,),
    "weights": (weights,),
}


def _boom(*_, **__):
    raise KeyError("no such thing " + "x" * 5000)


def _asserts_two_lines(at, times=1):
    said = words(at)
    assert not at.exception
    assert said.count("Something went wrong inside Chaffinch (KeyError: ") == times
    assert said.count("What was saved is kept. The details are in ") == times
    assert "x" * 1000 not in said
    assert said.count("Go to Start</a>") == times


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__.rpartition(".")[2])
def test_a_step_that_fails_leaves_the_way_to_the_others(step, monkeypatch, own_workspace):
    name = step.__name__.rpartition(".")[2]
    assert len(STEPS) == len(VIEWS)
    monkeypatch.setattr(step, "render", _boom)
    at = AppTest.from_file(str(PAGE), default_timeout=600)
    at.session_state["go"] = name
    at.run()
    _asserts_two_lines(at)
    assert "Chaffinch</div>" in words(at), "the steps stand at the left"
    assert "KeyError" in (own_workspace / "log.txt").read_text(), "the traceback is kept"


@pytest.mark.parametrize("side", PANELS)
def test_panels_fail_alone(side, run_of, monkeypatch):
    for panel in PANELS[side]:
        monkeypatch.setattr(panel, panel.__name__.rpartition(".")[2], _boom)
    at = screen("explore", run_of("table"), side=side, example="r05")
    _asserts_two_lines(at, len(PANELS[side]))
    assert at.get("segmented_control") or at.get("button_group"), "the switch of panes stands"


def test_an_error_of_ours_keeps_its_own_lines_in_a_part_that_is_drawn_alone():
    def script():
        import streamlit as st

        from core.types.errors import RunError
        from dashboard.session.fragments import fragment

        def part():
            raise RunError("This is so.", "Do that.")

        fragment(part)()
        st.text("the rest")

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert "This is so." in words(at)
    assert "Do that." in words(at)
    assert "the rest" in words(at)


def test_a_message_that_was_shown_in_a_run_that_broke_off_does_not_come_back_as_something_else():
    def script():
        import streamlit as st

        from dashboard.panels import top_bar
        from dashboard.session import state

        first = "told" not in st.session_state
        if first:
            st.session_state["told"] = True
            state.tell("Refused.", "Do it again.", "error")
        top_bar._message()
        if first:  # the next click arrives now
            state.tell("Refused again.", "", "error")
            st.rerun()

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert "Refused again." in words(at)
    assert not at.run().exception
