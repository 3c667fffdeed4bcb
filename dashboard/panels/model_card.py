"""What the model of a draft is, wants and can give for its data, before anything is scored, as `inspect-model` says."""

from __future__ import annotations

import re

import streamlit as st

from core.types.errors import CurationError
from core.types.model_words import parts_of
from core.types.models import ModelFacts
from core.types.runs import RunSpec
from dashboard.components import messages
from dashboard.components.display_text import shown
from dashboard.session import cache
from dashboard.session.slots import slot

_SPACES = re.compile(" +")  # what stands in columns at a terminal


def model_card(draft: RunSpec) -> bool:
    """Draws it; False, with the two lines of why, for a model that is not read or does not fit the data."""
    with st.spinner("Looking at the model in a process of its own"):
        try:
            facts = cache.model_facts(draft, cache.changed_model(draft))
        except CurationError as error:
            messages.error_box(error, slot=slot("model_card_error"))
            return False
    with st.container(border=True, key="model_card"):
        _parts(facts)
    return True


def _parts(facts: ModelFacts) -> None:
    for title, lines in parts_of(facts):
        if title:
            st.divider()
            st.text(shown(title))
        st.text("\n".join(shown(_SPACES.sub(" ", line)) for line in lines))
