"""Libraries that the plain install does not bring: imported when a model asks for them, or named with their extra."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from core.types.errors import ModelError


def required(module: str, extra: str) -> ModuleType:
    """The module; `ModelError` says which extra installs it, or why it does not load here."""
    try:
        return import_module(module)
    except ImportError as error:
        if getattr(error, "name", None) == module.partition(".")[0]:
            raise ModelError(
                f"{module.partition('.')[0]} is not installed, which reads such models.",
                f"pip install 'chaffinch[{extra}]' (or all of them: 'chaffinch[models]').",
            ) from None
        raise _does_not_load(module, error) from error
    except (OSError, RuntimeError) as error:  # compiled for another version of torch
        raise _does_not_load(module, error) from error


def _does_not_load(module: str, error: Exception) -> ModelError:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ModelError(
        f"{module} is installed and does not load: {first[:160]}.",
        "Its build must fit the installed torch: install both together, from one index.",
    )
