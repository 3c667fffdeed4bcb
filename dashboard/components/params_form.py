"""A dataclass of settings as widgets: label, bounds, choices and help come from `core.types.params.param`."""

from __future__ import annotations

from dataclasses import Field, fields, replace
from typing import Any

import streamlit as st

from core.types.errors import CurationError
from core.types.params import check_params, params_from_dict


def params_form(cls: type, *, key: str, value: Any = None, disabled: bool = False, columns: int = 2) -> Any:
    """Widgets for the fields of dataclass `cls`, starting from `value` or the defaults; returns an instance.

    bool -> checkbox, choices -> select box, int/float -> number input within its bounds, str -> text, None -> text.
    A class without fields draws nothing. A value out of bounds shows its error, and `value` returns.
    """
    start = value if value is not None else cls()
    if not fields(cls):
        return start
    places = st.columns(min(columns, len(fields(cls))))
    entered: dict[str, Any] = {}
    for at, spec in enumerate(fields(cls)):
        with places[at % len(places)]:
            entered[spec.name] = _widget(spec, getattr(start, spec.name), f"{key}-{spec.name}", disabled)
    return _checked(cls, start, entered)


def _checked(cls: type, start: Any, entered: dict[str, Any]) -> Any:
    try:
        plain = {name: v for name, v in entered.items() if v is not None}
        made = replace(params_from_dict(cls, plain), **{name: None for name, v in entered.items() if v is None})
        check_params(made)
    except CurationError as error:
        st.error(error.lines())
        return start
    return made


def _widget(spec: Field, value: Any, key: str, disabled: bool) -> Any:
    meta = spec.metadata
    label, about = meta.get("label") or spec.name.replace("_", " "), meta.get("help") or None
    common: dict[str, Any] = {"key": key, "help": about, "disabled": disabled}
    if meta.get("choices"):
        choices = list(meta["choices"])
        return st.selectbox(label, choices, index=choices.index(value) if value in choices else 0, **common)
    if isinstance(spec.default, bool):
        return st.checkbox(label, value=bool(value), **common)
    if isinstance(spec.default, (int, float)):
        return _number(label, spec, value, common)
    text = st.text_input(label, value="" if value is None else str(value), **common)
    return text if text or isinstance(spec.default, str) else None


def _number(label: str, spec: Field, value: Any, common: dict[str, Any]) -> Any:
    whole = isinstance(spec.default, int)
    low, high = spec.metadata.get("low"), spec.metadata.get("high")
    kind = int if whole else float
    return st.number_input(
        label,
        value=kind(value),
        step=1 if whole else None,
        format="%d" if whole else "%.6g",
        min_value=None if low is None else kind(low),
        max_value=None if high is None else kind(high),
        **common,
    )
