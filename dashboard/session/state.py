"""The only module that touches st.session_state; the URL through `address`.

Disk holds what is worth keeping; the URL what is looked at (run, view, example, filters, choices of color and order);
the session only ids and drafts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
import streamlit as st

from core.types.branches import MAIN
from dashboard.components.display_text import shown
from dashboard.session import url as urls
from dashboard.session.url import STICKY as _STICKY
from dashboard.session.url import address as address
from dashboard.session.url import stick as _stick
from dashboard.session.url import stuck as _stuck


def sync() -> None:
    """Once per script run: what is looked at, from the URL."""
    if urls.sync():
        forget_rows()


def current_run() -> str | None:
    """The key (sample name or run id) of what is open."""
    return next(iter(_stuck("run")), None)


def open_run(key: str) -> None:
    """Look at another run: what was selected and filtered in the last one is let go."""
    forget_rows()
    for name in ("example", "f", "range", "branch", "against", "sel"):
        _stick(name, [])
    _stick("run", [key])


def close_run() -> None:
    """Back to nothing open."""
    forget_rows()
    for name in _STICKY:
        _stick(name, [])


def forget_rows() -> None:
    """Drop what only made sense in the run that was open."""
    for name in ("selection", "selection_name", "selection_kept", "selection_moved", "exported"):
        st.session_state.pop(name, None)
    seen = st.session_state.get("seen", {})  # a wish that was granted in one run is not granted again in the next
    st.session_state["seen"] = {name: seen[name] for name in ("keys_shown", "opened_part") if name in seen}


def branch() -> str:
    """The branch of the curation that is looked at."""
    return next(iter(_stuck("branch")), MAIN)


def turn_to_branch(name: str) -> None:
    """Look at another branch from the next draw on."""
    _stick("branch", [] if name == MAIN else [name])


def selection() -> np.ndarray:
    """Selected rows, sorted int64."""
    return st.session_state.get("selection", np.array([], dtype=np.int64))


def select(rows: np.ndarray, name: str = "") -> None:
    """Replace the selection; `name` when it is a saved one."""
    st.session_state["selection"] = np.asarray(rows, dtype=np.int64)
    st.session_state["selection_name"] = name
    st.session_state["selection_moved"] = True
    if not len(rows) and turned_to("tab", "") == "Selected":  # nothing is left to look at there
        turn_to("tab", "Filtered")


def selection_name() -> str:
    """The name under which the present selection was saved, empty for one just made."""
    return st.session_state.get("selection_name", "")


def selection_moved() -> bool:
    """Whether rows were selected, or let go, since the address last said what is selected."""
    return st.session_state.get("selection_moved", False)


def selection_address() -> tuple[str, str]:
    """(what the address says is selected, what it said when the present selection was kept or read)."""
    return next(iter(_stuck("sel")), ""), st.session_state.get("selection_kept", "")


def keep_selection_address(text: str) -> None:
    """The present selection is found again under this text."""
    _stick("sel", [text] if text else [])
    st.session_state.update(selection_kept=text, selection_moved=False)


def focused() -> str | None:
    """The id of the example in the drawer: in the URL, so that it can be shared."""
    return next(iter(_stuck("example")), None)


def focus(example_id: str | None) -> None:
    """Put one example into the drawer, or close it."""
    _stick("example", [] if example_id is None else [example_id])


def open_example(example_id: str) -> None:
    """Put one example into the drawer and bring the drawer forward."""
    focus(example_id)
    turn_to("side", "example")


def ask_for(part: str, example_id: str) -> None:
    """Bring an example forward with its "relabel" or "note" open and ready to type into."""
    open_example(example_id)
    st.session_state["asked_part"] = (part, st.session_state.get("asked_part", ("", 0))[1] + 1)


def asked_part() -> tuple[str, int]:
    """The part of the drawer last asked for and the number of that wish; open it once per number."""
    return st.session_state.get("asked_part", ("", 0))


def turned_to(name: str, default: str) -> str:
    """Which of several panes is in front ("tab", "side"): in the URL by its name, whatever its title says."""
    return next(iter(_stuck(name)), default)


def turn_to(name: str, pane: str) -> None:
    """Bring a pane forward when its switch is drawn next."""
    _stick(name, [pane])


def switch(name: str, panes: Mapping[str, str], default: str, width: Any = "content") -> str:
    """A row of buttons that chooses the pane in front and remembers it in the URL."""
    key, now = f"switch_{name}", turned_to(name, default)

    def keep() -> None:
        # a rerun that overtakes the drawing of the switch reports nothing chosen
        if st.session_state[key] in panes and not urls.overtaken(name):
            _stick(name, [st.session_state[key]])

    st.session_state[key] = now if now in panes else default
    chosen = st.segmented_control(
        name,
        list(panes),
        format_func=panes.__getitem__,
        key=key,
        required=True,
        on_change=keep,
        label_visibility="collapsed",
        width=width,
    )
    return chosen or default


def held(name: str, options: Collection[str], default: str) -> dict[str, Any]:
    """Key and callback of a choice that stays, in the URL, while one steps to another view and back."""
    key, now = f"held_{name}", turned_to(name, default)

    def keep() -> None:
        value = st.session_state[key]
        if not urls.overtaken(name):
            _stick(name, [] if value in (None, default) else [value])

    st.session_state[key] = now if now in options else default
    return {"key": key, "on_change": keep}


def held_toggle(name: str) -> dict[str, Any]:
    """The same for a switch that is off at first."""
    key = f"held_{name}"

    def keep() -> None:
        if not urls.overtaken(name):
            _stick(name, ["yes"] if st.session_state[key] else [])

    st.session_state[key] = bool(_stuck(name))
    return {"key": key, "on_change": keep}


def is_new(name: str, value: Any) -> bool:
    """True once per value: a component hands its last event over again on every rerun."""
    seen = st.session_state.setdefault("seen", {})
    if seen.get(name) == value:
        return False
    seen[name] = value
    return True


def token(name: str) -> str:
    """One token per intended change: a double click sends the same one, and the store applies it once.

    It begins with the name of this tab, whose own changes never stand in its way.
    """
    tab = once("tab", lambda: uuid.uuid4().hex)
    return st.session_state.setdefault("tokens", {}).setdefault(name, f"{tab}:{uuid.uuid4().hex}")


def is_here(step: str) -> bool:
    """Whether the last run of this session drew the same step; remembers this one."""
    before = st.session_state.get("step_drawn")
    st.session_state["step_drawn"] = step
    return before == step


def spend(name: str) -> None:
    """The change arrived: the next click is a new one."""
    st.session_state.get("tokens", {}).pop(name, None)


def revision(run_id: str) -> int | None:
    """The revision of the curation that this tab last showed."""
    return st.session_state.get("revisions", {}).get(curation_key(run_id))


def saw_revision(run_id: str, rev: int) -> None:
    """Remember what this tab showed, so that a change made elsewhere is noticed."""
    st.session_state.setdefault("revisions", {})[curation_key(run_id)] = rev


def curation_key(run_id: str) -> str:
    """The run and the branch looked at."""
    return run_id if branch() == MAIN else f"{run_id}/{branch()}"


def tell(text: str, hint: str = "", level: str = "note") -> None:
    """A message for the next draw: a callback runs before there is a page to write on."""
    st.session_state["waiting_message"] = (shown(text), shown(hint), level)  # its box has the key "message"


def look_at(source: str) -> None:
    """A person asked for this source to be read; what was uploaded or asked for before is let go."""
    let_source_go()
    st.session_state.update(source=source, looked=source)


def looked_at() -> str:
    """The source that a person asked to read; empty for one that only stands in the address."""
    return st.session_state.get("looked", "")


def stands_in_address(*names: str) -> bool:
    """Whether the address gives a value to one of these fields."""
    return any(st.query_params.get(name) for name in names)


def is_preparing() -> bool:
    """Whether new data is looked at."""
    return bool(looked_at()) or st.session_state.get(f"uploaded_{get('upload_number', 0)}") is not None


def let_source_go() -> None:
    """No new data is looked at any more: the field is empty, and the upload's, too."""
    st.session_state.update(source="", looked="", upload_number=st.session_state.get("upload_number", 0) + 1)


def take_message() -> tuple[str, str, str] | None:
    """The waiting message, once."""
    return st.session_state.pop("waiting_message", None)


def get(name: str, default: Any = None) -> Any:
    """A widget's value by its key."""
    return st.session_state.get(name, default)


def show_saved(name: str, saved: str) -> None:
    """Let a field, before it is drawn, show what is saved: at first and whenever that changed; else what is typed."""
    if is_new(f"saved_{name}", saved) or name not in st.session_state:
        st.session_state[name] = saved


def put(name: str, value: Any) -> None:
    """Set a widget's value; only in callbacks, before the widget is drawn."""
    st.session_state[name] = value


def once(name: str, make: Callable[[], Any]) -> Any:
    """A small value made on first use and kept for this session."""
    if name not in st.session_state:
        st.session_state[name] = make()
    return st.session_state[name]


def follow(page_name: str) -> None:
    """Ask for another step after this callback; asked until it is drawn, whatever overtakes the way there."""
    st.session_state["go"] = page_name


def asked_step() -> str | None:
    """The step asked for and not yet reached; begins a run of the whole page."""
    st.session_state["drawn"] = False
    return st.session_state.get("go")


def arrived() -> None:
    """The step asked for is the one that this run draws."""
    st.session_state.pop("go", None)


def drew() -> None:
    """The run of the whole page reached its end."""
    st.session_state["drawn"] = True


def is_drawn() -> bool:
    """Whether what the page shows is whole, and nothing that was pressed waits to be drawn."""
    return st.session_state.get("drawn", True) and not {"go", "waiting_message"} & set(st.session_state)
