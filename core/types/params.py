"""One field of a method's settings: default, label, bounds and help, read by the form, the flags and the docs."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any

from .errors import CurationError
from .registry import check_name


@dataclass(frozen=True)
class NoParams:
    """For methods with nothing to set."""


def param(
    default: Any,
    *,
    label: str,
    help: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
) -> Any:
    """A dataclass field with what a form, a flag and a table of settings need to know about it."""
    return field(default=default, metadata={"label": label, "help": help, "low": low, "high": high, "choices": choices})


def check_params(params: Any) -> None:
    """Raise `CurationError` naming the first field outside its bounds or choices."""
    for spec in fields(params):
        _check_one(spec, getattr(params, spec.name))


def _check_one(spec: Field, value: Any) -> None:
    meta = spec.metadata
    if meta.get("choices") and value not in meta["choices"]:
        raise CurationError(f"{spec.name} is {value!r}.", f"Choose one of: {', '.join(meta['choices'])}.")
    low, high = meta.get("low"), meta.get("high")
    if low is not None and value < low:
        raise CurationError(f"{spec.name} is {value}, below {low}.", f"Give a value of at least {low}.")
    if high is not None and value > high:
        raise CurationError(f"{spec.name} is {value}, above {high}.", f"Give a value of at most {high}.")


def params_from_dict(cls: type, settings: dict[str, Any]) -> Any:
    """Build `cls` from JSON-like values, converting by the type of each default; unknown names are refused."""
    known = {f.name: f for f in fields(cls)}
    unknown = sorted(set(settings) - set(known))
    if unknown:
        check_name(unknown[0], known, f"setting for {cls.__name__}")
    params = cls(**{name: _convert(known[name], value) for name, value in settings.items()})
    check_params(params)
    return params


def _convert(spec: Field, value: Any) -> Any:
    default: Any = spec.default
    if isinstance(default, bool):
        return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "on")
    try:
        return type(default)(value) if default is not None else value
    except (TypeError, ValueError):
        expected = type(default).__name__
        raise CurationError(f"{spec.name} is {value!r}, not a {expected}.", spec.metadata.get("help", "")) from None
