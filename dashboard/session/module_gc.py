"""Streamlit collects garbage after every run of a page; modules are kept out of it."""

from __future__ import annotations

import gc
import sys

_frozen: list[int] = []  # how many modules were loaded at the last freeze


def skip_module_gc() -> None:
    """Keep modules out of the collection: walking them takes 150 ms, in which nothing is sent to the page.

    Called at the start of a run, just after such a collection, so that no garbage is frozen with them.
    """
    if _frozen != [len(sys.modules)]:
        _frozen[:] = [len(sys.modules)]
        gc.freeze()
