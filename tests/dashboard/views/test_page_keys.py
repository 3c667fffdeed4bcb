"""A wish is granted once, an emptied selection shows rows again, a search without hits says so."""

import numpy as np
from screens import screen, words

from core import actions
from dashboard.panels import keyboard


def _dialogs(at) -> int:
    return words(at).count("Keys work wherever the focus is")


def test_another_run_opens_no_dialog_and_no_field(run_of):
    at = screen("explore", run_of("table"), side="example", example="r05")
    at.session_state["keys_asked"] = 1
    at.session_state["asked_part"] = ("relabel", 1)
    at.run()
    row_open = "open_relabel_5"
    assert at.session_state[row_open] is True
    at.query_params["run"] = str(run_of("text"))
    at.query_params["example"] = "t07"
    at.session_state["url_confirmed"] = True
    actions.runs.admit_run(run_of("text"))
    at.run()
    assert "t07" in words(at)
    assert "open_relabel_7" not in at.session_state or not at.session_state["open_relabel_7"]


def test_wishes_that_were_granted_stay_granted():
    from streamlit.testing.v1 import AppTest

    def script():
        import streamlit as st

        from dashboard.panels import keyboard
        from dashboard.session import navigation

        keyboard.keyboard(None, {})
        navigation.forget_rows()
        st.text("drawn")

    at = AppTest.from_function(script)
    at.session_state["keys_asked"] = 1
    at.run()
    assert _dialogs(at) == 1
    at.run()
    assert _dialogs(at) == 0, "the list was shown, and another run does not show it again"


def test_keys_follow_steps_and_decide_about_the_selection(run_of, monkeypatch):
    done = []
    monkeypatch.setattr(keyboard.selection_bar, "decide", lambda opened, action: done.append(action))
    monkeypatch.setattr(keyboard.commands, "undo", lambda run: done.append("undo"))
    monkeypatch.setattr(keyboard.navigation, "request_page", done.append)

    class Opened:
        run = None

    for what in ("drop", "undo", "rules"):
        keyboard._do(Opened, what)
    assert done == [keyboard.Action.DROP, "undo", "rules"]
    assert {key for key, _ in keyboard.KEYS} >= {"u, Ctrl+Z", "1 to 6", "?"}


def test_an_emptied_selection_falls_back_to_the_filtered_rows(run_of):
    at = screen("explore", run_of("table"), tab="Selected", f=["split:test"])
    at.session_state["selection"] = np.arange(3)
    at.session_state["selection_moved"] = True
    at.run()
    at.button(key="clear_selection").click().run()
    assert at.session_state["switch_tab"] == "Filtered"
    assert "r48" in words(at)


def test_a_search_without_hits_says_so_and_can_be_let_go(run_of):
    at = screen("explore", run_of("text"), words="nowhere")
    assert "No example that passes the filters holds" in words(at)
    assert at.button(key="chip_words").label == "search: nowhere"
    at.button(key="chip_words").click().run()
    assert "t07" in words(at)
    assert "chip_words" not in [button.key for button in at.button]
