"""The border where errors become words: two lines and a way on, whatever was raised, wherever on the page."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from core import actions
from core.types.errors import CurationError
from dashboard.components import messages
from dashboard.session import navigation
from dashboard.session.slots import slot

_LONGEST = 300  # letters of a stranger's exception
_WAY_ON = "<a href='./' target='_self'>Go to Start</a> · <a href='' target='_self'>Load this page again</a>"


def words(error: Exception) -> CurationError:
    """The error itself when it is one of ours; else one calm sentence, with the traceback in the workspace's log."""
    if isinstance(error, CurationError):
        return error
    text = f"{type(error).__name__}: {error}"
    if len(text) > _LONGEST:
        text = text[:_LONGEST] + "…"
    what = f"Something went wrong inside Chaffinch ({text})."
    return CurationError(what, f"What was saved is kept. {_logged(error)}")


def _logged(error: Exception) -> str:
    text = "".join(traceback.format_exception(error))
    with suppress(OSError, CurationError):
        path = actions.workspace.folder() / "log.txt"
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
        return f"The details are in {path}; please report them."
    return "The details are in the terminal of the server; please report them."


def show(error: Exception) -> bool:
    """Draw the two lines where the page stands; True: Streamlit's own words are not needed."""
    name = f"border_{uuid.uuid4().hex[:12]}"  # several parts of one page may fail, each says so
    with st.container(key=name, gap="small"):
        messages.error_box(words(error), slot=slot(f"{name}_lines"))
        st.html(_WAY_ON)
    navigation.mark_drawn()  # nothing more is to be waited for
    return True


def alone(draw: Callable[..., Any], *args: Any, **how: Any) -> None:
    """Draw a part of a page that, if it fails, fails alone: the rest of the page stands."""
    try:
        draw(*args, **how)
    except Exception as error:  # control flow of Streamlit is no Exception
        show(error)
