"""A strip of related examples: nearest neighbors, near-duplicates, helpful and harmful training examples."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components.browser import mount_and_listen, shared_component
from dashboard.components.gallery import Tile, event_from_browser, plain_tile
from dashboard.components.slot import Slot


def neighbors_strip(
    title: str, tiles: Sequence[Tile], *, slot: Slot, captions: Sequence[str] = (), size: int = 64, empty: str = "None."
) -> int | None:
    """One line of tiles with a caption under each (distance, "helped"). Returns a clicked row."""
    st.markdown(f"**{title}**")
    if not tiles:
        st.caption(empty)
        return None
    notes = list(captions) + [""] * (len(tiles) - len(captions))
    wide = any(t.text or t.cells for t in tiles)
    message = {
        "tiles": [{**plain_tile(t, size), "note": note or t.note} for t, note in zip(tiles, notes, strict=True)],
        "kind": "line chf-wide" if wide else "line",
        "size": size,
        "height": None,
        "selected": [],
        "focused": None,
        "empty": empty,
    }
    mount = shared_component("gallery")
    event = event_from_browser(mount_and_listen(mount, "event", slot=slot, data=message))
    return event.row if event.kind == "focus" else None
