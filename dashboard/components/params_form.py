"""A dataclass of settings as widgets: label, bounds, choices and help come from `core.types.params.param`."""

from __future__ import annotations

from typing import Any


def params_form(cls: type, *, key: str, value: Any = None, disabled: bool = False, columns: int = 2) -> Any:
    """Widgets for each field of dataclass `cls`, starting from `value` (an instance) or the defaults; returns an instance.

    bool -> checkbox, choices -> select box, int/float -> number input within its bounds, str -> text, None -> text.
    A class without fields draws nothing. A value out of bounds shows its `CurationError` and the last valid one returns.
    """
