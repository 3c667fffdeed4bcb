"""Plain JSON values, checked against the type they should have: an edited or cut file is one kind of error.

A shape is a type as it is written in an annotation: `int`, `str | None`, `tuple[str, ...]`, `dict[str, float]`, an
enum, a dataclass (built from its entries; an unknown entry is refused), or a TypedDict (its entries are checked, others
are let through). `Annotated[shape, check]` also calls `check(value)`, which raises `ValueError` with the reason.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired

from .errors import CurationError

_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a mapping of names",
    list: "a list",
    type(None): "null",
}
_LARGEST = 2**63  # what the database and Arrow can hold


class ShapeError(CurationError):
    """A value of our own JSON that is not what it should be; the message names its place."""

    def __init__(self, place: str, why: str):
        super().__init__(f"{place or 'the whole'} {why}", "Take the file from a backup, or make it again.")


def shaped(plain: Any, shape: Any, place: str = "") -> Any:
    """`plain` as the value that `shape` describes; raises `ShapeError` naming the first place that does not fit."""
    if shape is Any:
        return plain
    origin, arguments = typing.get_origin(shape), typing.get_args(shape)
    if origin is Annotated:
        return _annotated(plain, arguments, place)
    if origin in (types.UnionType, typing.Union):
        return _one_of(plain, arguments, place)
    if origin is NotRequired:
        return shaped(plain, arguments[0], place)
    if typing.is_typeddict(shape):
        return _entries(plain, shape, place)
    if dataclasses.is_dataclass(shape):
        return _built(plain, shape, place)
    if (origin or shape) in (dict, Mapping):
        named, inner = arguments or (Any, Any)
        entries = _of_type(plain, dict, place).items()
        return {shaped(_key(k, place), named, place): shaped(v, inner, _at(place, k)) for k, v in entries}
    if (origin or shape) in (list, tuple, Sequence):
        return _items(plain, origin or shape, arguments, place)
    return _scalar(plain, shape, place)


def at_least(lowest: float) -> Any:
    """A check for `Annotated`: the number is not smaller."""
    return Within(lowest)


@dataclasses.dataclass(frozen=True)
class Within:
    """A check for `Annotated`: the number is from `low` (`above`: not `low` itself) to `high`."""

    low: float
    high: float = math.inf
    above: bool = False

    def __call__(self, value: float) -> None:
        """Raises `ValueError` with the value and the limits."""
        if not self.low <= value <= self.high or (self.above and value == self.low):
            raise ValueError(f"is {value}, and should be {self}")

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"above {self.low:,}" if self.above else f"{self.low:,} or more"
        return f"{'above' if self.above else 'from'} {self.low:,} {'and at most' if self.above else 'to'} {self.high:,}"


def path_part(value: str) -> None:
    """A check for `Annotated`: the text can be one part of a path and leads nowhere else."""
    if value in ("", ".", "..") or len(value) > 128 or not value.isprintable() or set(value) & set("/\\:"):
        raise ValueError(f"should be one plain name, and is {_said(value)}")


def path_inside(value: str) -> None:
    """A check for `Annotated`: the text is a path of plain names that stays in its folder, or empty."""
    for part in value.split("/") if value else ():
        path_part(part)


def _scalar(plain: Any, shape: Any, place: str) -> Any:
    if typing.get_origin(shape) is Literal:
        return _chosen(plain, typing.get_args(shape), place)
    if isinstance(shape, type) and issubclass(shape, Enum):
        return shape(_chosen(plain, [member.value for member in shape], place))
    value = _of_type(plain, shape, place)
    if shape is str and "\0" in value:
        raise ShapeError(place, "holds a NUL.")
    if shape in (int, float) and not -_LARGEST <= value < _LARGEST:
        raise ShapeError(place, "is a number beyond all bounds.")
    return value


def _chosen(plain: Any, known: Sequence[Any], place: str) -> Any:
    if plain not in known or isinstance(plain, bool):
        raise ShapeError(place, f"should be one of {', '.join(map(str, known))}, and is {_said(plain)}.")
    return plain


def _of_type(plain: Any, kind: type, place: str) -> Any:
    fits = isinstance(plain, (int, float) if kind is float else kind)
    if not fits or (isinstance(plain, bool) and kind is not bool):
        raise ShapeError(place, f"should be {_NAMES.get(kind, kind.__name__)}, and is {_said(plain)}.")
    return plain


def _annotated(plain: Any, arguments: tuple[Any, ...], place: str) -> Any:
    value = shaped(plain, arguments[0], place)
    for check in arguments[1:]:
        try:
            check(value)
        except ValueError as error:
            raise ShapeError(place, f"{error}.") from None
    return value


def _one_of(plain: Any, arms: tuple[Any, ...], place: str) -> Any:
    if plain is None and type(None) in arms:
        return None
    told: ShapeError | None = None
    for arm in arms:
        if arm is not type(None):
            try:
                return shaped(plain, arm, place)
            except ShapeError as error:
                told = told or error
    assert told is not None, "a union has an arm besides None"
    raise told


def _entries(plain: Any, shape: Any, place: str) -> Any:
    given = _of_type(plain, dict, place)
    for name, inner in _hints(shape).items():
        if name in given:
            shaped(given[name], inner, _at(place, name))
        elif typing.get_origin(inner) is not NotRequired and shape.__total__:
            raise ShapeError(_at(place, name), "is missing.")
    return plain


def _built(plain: Any, shape: Any, place: str) -> Any:
    given, hints = _of_type(plain, dict, place), _hints(shape)
    fields = {field.name: field for field in dataclasses.fields(shape) if field.init}
    unknown = next((name for name in given if name not in fields), None)
    if unknown is not None:
        raise ShapeError(_at(place, unknown), "is no entry that this version knows.")
    for name, field in fields.items():
        if name not in given and field.default is field.default_factory is dataclasses.MISSING:
            raise ShapeError(_at(place, name), "is missing.")
    try:
        return shape(**{name: shaped(value, hints[name], _at(place, name)) for name, value in given.items()})
    except ShapeError:
        raise
    except (CurationError, ValueError, TypeError) as error:  # what the class itself has against these values
        raise ShapeError(place, f"will not do: {error}") from None


def _items(plain: Any, kind: Any, arguments: tuple[Any, ...], place: str) -> Any:
    given = list(plain) if isinstance(plain, tuple) else _of_type(plain, list, place)
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(given) != len(arguments):
            raise ShapeError(place, f"should hold {len(arguments)} values, and holds {len(given)}.")
        inner: Sequence[Any] = arguments
    else:
        inner = [arguments[0] if arguments else Any] * len(given)
    made = [shaped(value, one, f"{place}[{i}]") for i, (value, one) in enumerate(zip(given, inner, strict=True))]
    return tuple(made) if kind is tuple else made


@functools.cache
def _hints(shape: Any) -> dict[str, Any]:
    return typing.get_type_hints(shape, include_extras=True)


def _key(key: Any, place: str) -> str:
    if not isinstance(key, str) or "\0" in key:
        raise ShapeError(place, f"has the entry {_said(key)}.")
    return key


def _at(place: str, name: object) -> str:
    return f"{place}.{_cut(str(name))}" if place else _cut(str(name))


def _said(plain: Any) -> str:
    """A value in words: what kind it is, and how it reads when that is short."""
    kind = next((name for one, name in _NAMES.items() if type(plain) is one), type(plain).__name__)
    return kind if isinstance(plain, (dict, list, type(None))) else f"{kind}: {_cut(ascii(plain))}"


def _cut(text: str) -> str:
    plain = text.encode("unicode_escape").decode() if not text.isprintable() else text
    return plain if len(plain) <= 60 else f"{plain[:60]}…"
