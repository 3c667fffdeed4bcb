"""What pytest checks of the annotations of `core`: beartype, for arguments and results that name an array's shape.

The other types are mypy's: at run time a whole number may stand for a float and a list for a tuple, and functions
without arrays should cost the suite nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, raising where an array does not have the shape or kind that its annotation names."""
    shapes = {name: hint for name, hint in function.__annotations__.items() if names_a_shape(hint)}
    function.__annotations__ = shapes
    return beartype(function) if shapes else function


def names_a_shape(hint: object) -> bool:
    """Whether a resolved annotation is an array with a shape, or holds one (`X | None`, `Mapping[str, X]`)."""
    if isinstance(hint, type) and issubclass(hint, AbstractArray):
        return True
    return any(names_a_shape(part) for part in (hint if isinstance(hint, list) else get_args(hint)))
