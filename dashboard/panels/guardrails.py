"""What rules may not do: on by default, each in words."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.types.curation import Guardrails
from dashboard.session import commands, state
from dashboard.session.current_run import Opened


def guardrails(opened: Opened) -> None:
    """Floor and cap per class, duplicates, held-out rows; every change is saved at once."""
    now, rev = opened.rules.guardrails, opened.curation.stamp
    with st.container(key="guardrails", border=True, gap="small"):
        st.html("<h4>Guardrails</h4>")
        left, right = st.columns(2, gap="small")
        args = (opened, rev)
        left.number_input(
            "Rows each class keeps at least",
            0,
            1_000_000,
            now.class_floor,
            key=f"floor_{rev}",
            on_change=_save,
            args=args,
        )
        right.number_input(
            "Most of a class that rules drop (%)",
            0,
            100,
            round(100 * (now.class_cap if now.class_cap is not None else 1)),
            key=f"cap_{rev}",
            on_change=_save,
            args=args,
        )
        st.toggle(
            "Of near-duplicates keep the best one",
            now.duplicates != "off",
            key=f"dup_{rev}",
            on_change=_save,
            args=args,
        )
        st.slider(
            "Near-duplicate from similarity",
            0.9,
            1.0,
            now.duplicate_similarity,
            0.001,
            format="%.3f",
            key=f"similar_{rev}",
            on_change=_save,
            args=args,
            disabled=now.duplicates == "off",
        )
        st.toggle("Held-out rows are locked", now.lock_held_out, key=f"lock_{rev}", on_change=_save, args=args)
        st.toggle("A class may be emptied", now.allow_empty_class, key=f"empty_{rev}", on_change=_save, args=args)


def _save(opened: Opened, rev: str) -> None:
    cap, before = state.get(f"cap_{rev}"), opened.rules.guardrails
    similarity = float(state.get(f"similar_{rev}"))
    changed = Guardrails(
        class_floor=int(state.get(f"floor_{rev}")),
        class_cap=None if cap == 100 else cap / 100,
        duplicates=duplicates_after(before, state.get(f"dup_{rev}"), similarity),
        duplicate_similarity=similarity,
        lock_held_out=state.get(f"lock_{rev}"),
        allow_empty_class=state.get(f"empty_{rev}"),
    )
    commands.save_rules(opened.run, replace(opened.rules, preset=None, guardrails=changed), "Guardrails saved")


def duplicates_after(before: Guardrails, drop: bool, similarity: float) -> str:
    """What was answered about near-duplicates holds while the toggle stays on, but not for rows less alike."""
    if not drop:
        return "off"
    less, other = similarity < before.duplicate_similarity, similarity != before.duplicate_similarity
    asked_again = less or (other and before.duplicates == "exact")
    return "keep_best" if before.duplicates == "off" or asked_again else before.duplicates
