"""A field that is left properly however one leaves it, so that what was typed there arrives."""

from __future__ import annotations

from dashboard.components.browser import browser_component


def saved_field(field: str, *, key: str) -> None:
    """Take the cursor out of the widget whose key is `field` on Escape, on Back and when the tab is hidden or closed.

    Streamlit hears of what was typed when the cursor leaves; a field that is only taken off the page says nothing.
    """
    browser_component("saved_field", js=("saved_field.js",))(key=key, data={"field": field})
