"""A component's place on the page, with what has to be remembered for it between two runs of the page."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class Slot:
    """The key of a component and the session that its caller lends it (`dashboard.session.slots.slot`).

    Components own no state: what one must remember (which columns its browser has, which part of a map is in view)
    lies in the session under `<key>:<name>`, and goes with it.
    """

    key: str
    session: MutableMapping[str, Any]

    def reported(self, name: str) -> Any:
        """What the browser last reported under this name, None before it has."""
        return (self.session.get(self.key) or {}).get(name)

    def recall(self, name: str, default: Any = None) -> Any:
        """What was remembered under this name."""
        return self.session.get(f"{self.key}:{name}", default)

    def remember(self, name: str, value: Any) -> None:
        """Keep a value for the next run of the page."""
        self.session[f"{self.key}:{name}"] = value

    def take(self, name: str) -> Any:
        """What was remembered, once; None afterwards."""
        return self.session.pop(f"{self.key}:{name}", None)

    def table(self, name: str, **first: Any) -> dict[str, Any]:
        """A dictionary of this slot, made with `first` in it; what is put into it stays."""
        return self.session.setdefault(f"{self.key}:{name}", first)

    def part(self, name: str) -> Slot:
        """A slot for a component inside of this one."""
        return Slot(f"{self.key}:{name}", self.session)
