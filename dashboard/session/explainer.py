"""Answers of the process that explains a run's predictions, kept while the server runs; its caches stand beside
those of `dashboard.session.cache`."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core import actions
from core.types.attributions import Attribution, Edit, WhatIf
from core.types.scores import AssumptionCheck
from dashboard.components.example_view import Standing

COMPARED_ROWS = 10_000  # so many tell a percentile to within about one


def prepare(run: actions.runs.Run) -> None:
    """Start the process now, so that it has read model and data by the time somebody asks why."""
    if actions.explanations.attribution_methods(run):
        _client(run.run_id, str(run.path), run)


def attribution(run: actions.runs.Run, row: int, method: str, **params: Any) -> Attribution:
    """Why the model predicts what it does for one row."""
    return _attribution(run.run_id, row, method, tuple(sorted(params.items())), run)


@st.cache_resource(max_entries=256, show_spinner=False)
def _attribution(
    run_id: str, row: int, method: str, params: tuple[tuple[str, Any], ...], _run: actions.runs.Run
) -> Attribution:
    return actions.explanations.explain(_run, row, method, dict(params), client=_client(run_id, str(_run.path), _run))


@st.cache_resource(max_entries=256, show_spinner=False)
def checks(run_id: str, row: int, method: str, target: str, _run: actions.runs.Run) -> tuple[AssumptionCheck, ...]:
    """Lights of that attribution of that class."""
    params = {"target": target}
    return actions.explanations.check_attribution(
        _run, row, method, params, client=_client(run_id, str(_run.path), _run)
    )


@st.cache_resource(max_entries=64, show_spinner=False)
def what_if(run_id: str, row: int, edit: str, _run: actions.runs.Run, _edit: Edit) -> WhatIf:
    """The model's judgement before and after an edit, named by `edit`; kept in memory alone."""
    return actions.explanations.what_if(_run, row, _edit, client=_client(run_id, str(_run.path), _run))


@st.cache_resource(max_entries=512, show_spinner=False)
def standing(run_id: str, row: int, _run: actions.runs.Run) -> dict[str, Standing]:
    """Where the cells of a table row stand in their columns, by an even sample of the rows; empty for other inputs."""
    frame, _ = _run.inputs()
    if not isinstance(frame, pd.DataFrame):
        return {}
    sample = frame.iloc[:: max(1, len(frame) // COMPARED_ROWS)]
    standings = {str(name): _stands(sample[name], frame[name].iloc[row]) for name in frame.columns}
    return {name: at for name, at in standings.items() if at is not None}


def _stands(column: pd.Series, value: Any) -> Standing | None:
    known = column.dropna()
    if not len(known) or pd.isna(value):
        return None
    if pd.api.types.is_numeric_dtype(column):
        return Standing(float(((known < value).mean() + (known <= value).mean()) / 2), number=True)
    return Standing(float((column == value).mean()), number=False)


@st.cache_resource(max_entries=2, show_spinner=False, on_release=lambda client: client.close())
def _client(run_id: str, path: str, _run: actions.runs.Run) -> actions.explanations.AttributionClient:
    return actions.explanations.explainer(_run)
