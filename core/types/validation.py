"""Plain JSON values, checked against the type they should have: an edited or cut file is one kind of error.

A schema is a type as it is written in an annotation: `int`, `str | None`, `tuple[str, ...]`, `dict[str, float]`, an
enum, a dataclass (built from its entries; an unknown entry is refused), or a TypedDict (its entries are checked, others
are let through). `Annotated[schema, check]` also calls `check(value)`, which raises `ValueError` with the reason.
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


class ValidationError(CurationError):
    """A value of our own JSON that is not what it should be; the message names its place."""

    def __init__(self, place: str, why: str):
        super().__init__(f"{place or 'the whole'} {why}", "Take the file from a backup, or make it again.")


def validated(plain: Any, schema: Any, place: str = "") -> Any:
    """`plain` as the value that `schema` describes; `ValidationError` names the first place that does not fit."""
    if schema is Any:
        return plain
    origin, arguments = typing.get_origin(schema), typing.get_args(schema)
    if origin is Annotated:
        return _annotated(plain, arguments, place)
    if origin in (types.UnionType, typing.Union):
        return _one_of(plain, arguments, place)
    if origin is NotRequired:
        return validated(plain, arguments[0], place)
    if (origin or schema) in (dict, Mapping):
        return _mapping(plain, arguments, place)
    if (origin or schema) in (list, tuple, Sequence):
        return _items(plain, origin or schema, arguments, place)
    return _record_or_scalar(plain, schema, place)


def _record_or_scalar(plain: Any, schema: Any, place: str) -> Any:
    if typing.is_typeddict(schema):
        return _entries(plain, schema, place)
    if dataclasses.is_dataclass(schema):
        return _built(plain, schema, place)
    return _scalar(plain, schema, place)


def _mapping(plain: Any, arguments: tuple[Any, ...], place: str) -> dict[str, Any]:
    key, value = arguments or (Any, Any)
    entries = _of_type(plain, dict, place).items()
    return {validated(_key(k, place), key, place): validated(v, value, _at(place, k)) for k, v in entries}


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
    """A check for `Annotated`: `ValueError` unless the text is one part of a path and leads nowhere else."""
    if value in ("", ".", "..") or len(value) > 128 or not value.isprintable() or set(value) & set("/\\:"):
        raise ValueError(f"should be one plain name, and is {_said(value)}")


def path_inside(value: str) -> None:
    """A check for `Annotated`: `ValueError` unless the text is a path of plain names inside its folder, or empty."""
    for part in value.split("/") if value else ():
        path_part(part)


def _scalar(plain: Any, schema: Any, place: str) -> Any:
    if typing.get_origin(schema) is Literal:
        return _chosen(plain, typing.get_args(schema), place)
    if isinstance(schema, type) and issubclass(schema, Enum):
        return schema(_chosen(plain, [member.value for member in schema], place))
    value = _of_type(plain, schema, place)
    if schema is str and "\0" in value:
        raise ValidationError(place, "holds a NUL.")
    if schema in (int, float) and not -_LARGEST <= value < _LARGEST:
        raise ValidationError(place, "is a number beyond all bounds.")
    return value


def _chosen(plain: Any, known: Sequence[Any], place: str) -> Any:
    if plain not in known or isinstance(plain, bool):
        raise ValidationError(place, f"should be one of {', '.join(map(str, known))}, and is {_said(plain)}.")
    return plain


def _of_type(plain: Any, kind: type, place: str) -> Any:
    fits = isinstance(plain, (int, float) if kind is float else kind)
    if not fits or (isinstance(plain, bool) and kind is not bool):
        raise ValidationError(place, f"should be {_NAMES.get(kind, kind.__name__)}, and is {_said(plain)}.")
    return plain


def _annotated(plain: Any, arguments: tuple[Any, ...], place: str) -> Any:
    value = validated(plain, arguments[0], place)
    for check in arguments[1:]:
        try:
            check(value)
        except ValueError as error:
            raise ValidationError(place, f"{error}.") from None
    return value


def _one_of(plain: Any, arms: tuple[Any, ...], place: str) -> Any:
    if plain is None and type(None) in arms:
        return None
    told: ValidationError | None = None
    for arm in arms:
        if arm is not type(None):
            try:
                return validated(plain, arm, place)
            except ValidationError as error:
                told = told or error
    assert told is not None, "a union has an arm besides None"
    raise told


def _entries(plain: Any, schema: Any, place: str) -> Any:
    entries = _of_type(plain, dict, place)
    for name, inner in _hints(schema).items():
        if name in entries:
            validated(entries[name], inner, _at(place, name))
        elif typing.get_origin(inner) is not NotRequired and schema.__total__:
            raise ValidationError(_at(place, name), "is missing.")
    return plain


def _built(plain: Any, schema: Any, place: str) -> Any:
    entries, hints = _of_type(plain, dict, place), _hints(schema)
    fields = {field.name: field for field in dataclasses.fields(schema) if field.init}
    unknown = next((name for name in entries if name not in fields), None)
    if unknown is not None:
        raise ValidationError(_at(place, unknown), "is no entry that this version knows.")
    for name, field in fields.items():
        if name not in entries and field.default is field.default_factory is dataclasses.MISSING:
            raise ValidationError(_at(place, name), "is missing.")
    try:
        return schema(**{name: validated(value, hints[name], _at(place, name)) for name, value in entries.items()})
    except ValidationError:
        raise
    except (CurationError, ValueError, TypeError) as error:  # what the class itself has against these values
        raise ValidationError(place, f"will not do: {error}") from None


def _items(plain: Any, kind: Any, arguments: tuple[Any, ...], place: str) -> Any:
    items = list(plain) if isinstance(plain, tuple) else _of_type(plain, list, place)
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        if len(items) != len(arguments):
            raise ValidationError(place, f"should hold {len(arguments)} values, and holds {len(items)}.")
        inner: Sequence[Any] = arguments
    else:
        inner = [arguments[0] if arguments else Any] * len(items)
    made = [validated(value, one, f"{place}[{i}]") for i, (value, one) in enumerate(zip(items, inner, strict=True))]
    return tuple(made) if kind is tuple else made


@functools.cache
def _hints(schema: Any) -> dict[str, Any]:
    return typing.get_type_hints(schema, include_extras=True)


def _key(key: Any, place: str) -> str:
    if not isinstance(key, str) or "\0" in key:
        raise ValidationError(place, f"has the entry {_said(key)}.")
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
