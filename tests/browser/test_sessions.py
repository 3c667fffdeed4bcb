"""Nothing that is pressed is lost, and no page dies, whatever the server is drawing in that moment."""

import subprocess
import sys

import pytest
from clicking import click_together, explore_it
from pages import ROOT, server
from sessions import Session
from streamlit.proto.WidgetStates_pb2 import WidgetState


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server with the samples."""
    folder = tmp_path_factory.mktemp("sessions")
    with server(folder / "home", folder) as running:
        yield running


def test_a_press_that_arrives_with_a_part_of_the_page_is_followed(address):
    """The browser names one part of the page for all that changed in a moment: the press of "Explore it", too."""
    session = Session(address)
    part = session.parts["warm_up_mount"]
    assert part
    assert session.title() == "Start"
    session.press("try_digits", part)
    session.until(lambda: session.title() == "Explore" and "run=digits" in session.query)
    session.until(lambda: "gallery" in session.widgets)
    assert not session.errors
    session.close()


def test_what_a_component_tells_with_a_part_of_the_page_is_followed(address):
    """A card for the point under the mouse is asked for in the moment in which Export is pressed."""
    session = Session(address, "explore", run="digits")
    session.until(lambda: "map:hover" in session.widgets)
    session.tell("kept_bar", "act", "export", session.parts["map:hover"])
    session.until(lambda: session.title() == "Export")
    assert not session.errors
    session.close()


@pytest.mark.parametrize("wait", [False, True], ids=["at once", "in the middle of it"])
def test_a_press_whose_run_is_overtaken_is_followed(address, wait):
    """A tile is pressed; before its run gets to the gallery, the page is asked for once more."""
    session = Session(address, "explore", run="digits")
    session.tell("gallery", "event", {"kind": "focus", "row": 5})
    if wait:
        session.listen()
    session.send()
    session.until(lambda: "example=" in session.query)
    assert not session.errors
    session.close()


def test_a_press_from_before_the_address_changed_leaves_what_is_open(address):
    """The browser sends its address with every press: the one before, if the answer to the last press is on its way."""
    session = Session(address, "explore", run="digits")
    before = session.query
    session.tell("gallery", "event", {"kind": "focus", "row": 5})
    session.until(lambda: "drawer_keep" in session.widgets)
    session.rest()
    session.query = before
    session.click("drawer_keep")
    session.rest()
    assert "example=" in session.query
    session.close()


def test_a_press_from_before_the_address_changed_stays_in_the_run_that_was_opened(address):
    session = Session(address, run="adult")
    before = session.query
    session.press("try_digits")
    session.until(lambda: "run=digits" in session.query and "gallery" in session.widgets)
    session.rest()
    session.query, runs = before, session.runs
    session.tell("kept_bar", "act", "undo")
    session.until(lambda: session.runs > runs)
    session.rest()
    assert "run=digits" in session.query
    session.close()


@pytest.mark.parametrize("by", ["the clock of a part", "another press"])
def test_what_the_browser_showed_before_takes_nothing_back(address, by):
    """A tile is opened, which turns to its pane; a message that left before still tells of the pane of before."""
    session = Session(address, "explore", run="digits")
    session.until(lambda: "map:hover" in session.widgets)
    session.rest()
    before = session.query
    pane = WidgetState(id=session.widgets["switch_side"])
    pane.string_array_value.data.append("Facets")
    session.send([pane])  # so does a browser that has drawn it
    session.rest()
    session.tell("gallery", "event", {"kind": "focus", "row": 5})
    session.until(lambda: "drawer_keep" in session.widgets)
    session.rest()
    session.query, runs = before, session.runs
    if by == "another press":
        session.send([pane, WidgetState(id=session.widgets["select_filtered"], trigger_value=True)])
    else:
        session.send([pane], session.parts["map:hover"], timed=True)
    session.until(lambda: session.runs > runs)
    session.rest()
    assert "side=example" in session.query
    runs = session.runs
    session.send([pane])  # and a press of it is a press
    session.until(lambda: session.runs > runs)
    session.rest()
    assert "side=facets" in session.query
    session.close()


def test_sessions_that_click_together_refuse_each_other_only_about_the_same_rows(address):
    found = click_together(address, sessions=3, seconds=4)
    assert found.runs >= found.decided.total() > 0
    assert found.dead == []
    assert found.refused["own"] == 0, found


def test_every_press_of_explore_it_arrives(address):
    assert explore_it(address, 8) == 8


def test_fault_87_port_in_use_is_said(address, tmp_path):
    port = address.rpartition(":")[2]
    app = str(ROOT / "dashboard" / "app.py")
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", app, "--server.port", port, "--server.headless", "true"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 1
    assert f"Port {port} is not available" in done.stdout + done.stderr
