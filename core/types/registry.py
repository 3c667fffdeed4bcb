"""Looking something up by its name: one wording for a name that is not there, and the nearest one that is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Protocol, TypeVar

from .errors import CurationError


class Named(Protocol):
    """An entry of a registry."""

    @property
    def name(self) -> str: ...


Entry = TypeVar("Entry", bound=Named)


def find(
    name: str, entries: Iterable[Entry], kind: str, error: type[CurationError] = CurationError, also: str = ""
) -> Entry:
    """The entry of that name. Raises `error` with the nearest name and all names; `kind` is what an entry is.

    also: what else may stand for a name, in words.
    """
    known = {entry.name: entry for entry in entries}
    check_name(name, known, kind, error, also)
    return known[name]


def check_name(
    name: str, names: Iterable[str], kind: str, error: type[CurationError] = CurationError, also: str = ""
) -> None:
    """Raise `error` for a name that is none of `names`; see `find`."""
    known = [str(one) for one in names]
    if name in known:
        return
    close = get_close_matches(str(name), known, n=1)
    guess = f'Did you mean "{close[0]}"? ' if close else ""
    available = ", ".join(known) or "none"
    raise error(f'Unknown {kind} "{name}".', f"{guess}Available: {available}{f', or {also}' if also else ''}.")
