"""The JSON of checks and self-tests, read: what was asked, and the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict, TypeVar

from core.store.atomic import damaged, read_json
from core.types.checks import Result
from core.types.curation import Decision
from core.types.validation import ValidationError, at_least

_Kind = TypeVar("_Kind", bound=Result)
_Number = Annotated[int, at_least(0)]


class AskedCheck(TypedDict):
    """asked.json of a check."""

    fingerprint: str
    run_id: NotRequired[str]
    rules: dict[str, Any]
    decisions: dict[str, Decision]
    mode: Literal["quick", "full"]
    fractions: tuple[float, ...]
    seeds: Annotated[int, at_least(1)]
    number: NotRequired[_Number]
    weight: NotRequired[str]


class AskedSelfTest(TypedDict):
    """asked.json of a self-test."""

    fingerprint: NotRequired[str]
    flip: float
    number: _Number


def read_asked_check(path: Path) -> dict[str, Any]:
    """What was asked of a check; `RunError` for a file that was cut or edited."""
    return read_json(path, AskedCheck)


def read_asked_self_test(path: Path) -> dict[str, Any]:
    """What was asked of a self-test; `RunError` for a file that was cut or edited."""
    return read_json(path, AskedSelfTest)


def read_result(path: Path, kind: type[_Kind]) -> _Kind:
    """A finished result; `RunError` for a file that was cut or edited, or that a newer version wrote."""
    try:
        return kind.from_json(read_json(path, dict))
    except ValidationError as error:
        raise damaged(path, str(error)) from error
