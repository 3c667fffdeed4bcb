"""Sessions of a running dashboard over its websocket, as the browser speaks it, without the browser."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE = 120  # seconds; only waited for what does not come
_ID = re.compile(r"\$\$ID-[0-9a-f]+-([\w:]+)")


class Session:
    """One open page: what it was told, and what a person may press on it."""

    def __init__(self, address: str, step: str = "", **query: str):
        stream = address.replace("http", "ws") + "/_stcore/stream"
        self._held = ExitStack()
        opening = connect(stream, subprotocols=["streamlit"], max_size=None, origin=address)  # type: ignore[arg-type]
        self.socket = self._held.enter_context(opening)
        self.step, self.query, self.page = step, urllib.parse.urlencode(query), ""
        self.titles: dict[str, str] = {}  # of pages, by their hash
        self.widgets: dict[str, str] = {}  # id by the key that the page gave it
        self.parts: dict[str, str] = {}  # id of the part of a page that a key belongs to
        self.errors: list[str] = []  # what a dead page says
        self.refusals: list[str] = []  # what a refused action says, in the page's box for messages
        self.runs = 0
        self.send()
        self.until(lambda: self.runs)

    def send(self, widgets: Sequence[WidgetState] = (), part: str = "", *, timed: bool = False) -> None:
        """Ask for a run: of the whole page, or of one part of it (`timed`: as its own clock does)."""
        asked = BackMsg()
        asked.rerun_script.query_string, asked.rerun_script.page_script_hash = self.query, self.page
        asked.rerun_script.page_name = "" if self.page else self.step
        asked.rerun_script.fragment_id, asked.rerun_script.is_auto_rerun = part, timed
        asked.rerun_script.widget_states.widgets.extend(widgets)
        self.socket.send(asked.SerializeToString())

    def press(self, key: str, part: str = "") -> None:
        """A click on the button of that key, without waiting for what follows."""
        self.send([WidgetState(id=self.widgets[key], trigger_value=True)], part)

    def tell(self, key: str, event: str, value: Any, part: str = "") -> None:
        """What a component's own code tells the server, without waiting for what follows."""
        told = json.dumps([{"event": event, "value": value}])
        name = f"$$STREAMLIT_INTERNAL_KEY_{self.widgets[key]}__events"
        self.send([WidgetState(id=name, json_trigger_value=told)], part)

    def listen(self, seconds: float = PATIENCE) -> None:
        """Take in the next message; `TimeoutError` when none comes."""
        told = ForwardMsg.FromString(self.socket.recv(timeout=seconds))
        kind = told.WhichOneof("type")
        if kind == "navigation":
            self.page = told.navigation.page_script_hash
            self.titles = {page.page_script_hash: page.page_name for page in told.navigation.app_pages}
        elif kind == "page_info_changed":
            self.query = told.page_info_changed.query_string
        elif kind == "script_finished":
            self.runs += 1
        elif kind == "delta":
            self._drawn(told)

    def _drawn(self, told: ForwardMsg) -> None:
        words = str(told.delta)
        for found in _ID.finditer(words):
            self.widgets[found[1]] = found[0]
            self.parts[found[1]] = told.delta.fragment_id
        if told.delta.new_element.WhichOneof("type") == "exception":
            self.errors.append(told.delta.new_element.exception.message)
        if told.delta.new_element.bidi_component.id.endswith("-message"):
            self.refusals.append(told.delta.new_element.bidi_component.json)
        if "Something went wrong inside" in words:
            self.errors.append(words[:2000])

    def until(self, condition: Callable[[], Any], seconds: float = PATIENCE) -> None:
        """Take in messages until the condition holds; `TimeoutError` when it does not come to hold."""
        end = time.monotonic() + seconds
        while not condition():
            self.listen(max(0.01, end - time.monotonic()))

    def rest(self, quiet: float = 0.3) -> None:
        """Take in messages until none has come for a while."""
        while True:
            try:
                self.listen(quiet)
            except TimeoutError:
                return

    def click(self, key: str) -> None:
        """Press, and wait for the end of the run that follows."""
        before = self.runs
        self.press(key)
        self.until(lambda: self.runs > before)

    def title(self) -> str:
        """Of the step that is drawn."""
        return self.titles.get(self.page, "")

    def close(self) -> None:
        """As a closed tab."""
        self._held.close()
