"""One run being worked on: its folder, its data, who listens, what it costs, and its log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.models.sources import opened
from core.runs.folder.run_folder import RunFolder
from core.store.atomic import in_words
from core.store.shards import id_column
from core.types.errors import Cancelled, CurationError
from core.types.evidence import GivenEvidence
from core.types.examples import ExampleTable
from core.types.progress import Progress
from core.types.runs import RunSpec
from core.types.terminal import escaped_lines

from .gauge import Gauge


@dataclass(eq=False)
class RunContext:
    """What every stage of one run shares. `problems` maps what failed to the sentence that says why."""

    folder: RunFolder
    progress: Progress
    reuse: bool = True  # take up trainings and signals that other runs of the workspace finished
    gauge: Gauge = field(default_factory=Gauge)
    problems: dict[str, str] = field(default_factory=dict)
    is_begun: bool = False  # the data fits and something can be computed: from here on the run counts as tried
    met_a_bug: bool = False  # log.txt holds a traceback that somebody should read
    _examples: ExampleTable | None = None
    given: GivenEvidence = field(default_factory=GivenEvidence)

    @property
    def spec(self) -> RunSpec:
        """What was asked."""
        return self.folder.spec

    @cached_property
    def factory(self) -> Callable[..., Any] | None:
        """Makes the network that a person brought; None: one of ours. The first look runs their code, if allowed."""
        return opened(self.folder.run_id, self.spec.training)

    @property
    def path(self) -> Path:
        """The run folder."""
        return self.folder.path

    @property
    def examples(self) -> ExampleTable:
        """The dataset, once the first stage has loaded it."""
        assert self._examples is not None, "the dataset is loaded by the first stage"
        return self._examples

    @examples.setter
    def examples(self, examples: ExampleTable) -> None:
        self._examples = examples

    @cached_property
    def ids(self) -> Any:
        """The ids of the examples as shards hold them."""
        return id_column(self.examples.ids)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage and keep the figures in run.json."""
        self.log(name)
        with self.gauge.stage(name):
            yield
        seconds, peaks = self.folder.card.get("seconds", {}), self.folder.card.get("peak_memory_mb", {})
        # an earlier try counts too: what is resumed was paid for before
        self.folder.save(
            seconds={**seconds, name: round(seconds.get(name, 0.0) + self.gauge.seconds[name], 3)},
            peak_memory_mb={**peaks, name: max(peaks.get(name, 0.0), self.gauge.peak_memory_mb[name])},
        )

    @contextmanager
    def record_failures(self, what: str) -> Iterator[None]:
        """Records a failure inside under `what` and lets the run continue; cancellation propagates."""
        try:
            yield
        except Cancelled:
            raise
        except CurationError as error:
            self.problems[what] = " ".join(error.lines().splitlines())
            self.log(f"{what}: {error.lines()}")
        except Exception as error:  # a bug in one score must not cost the others; the traceback goes to the log
            logging.getLogger(__name__).exception(what)
            self.met_a_bug = True
            self.log(f"{what}:\n{traceback.format_exc()}")
            self.problems[what] = (
                f"Something went wrong inside Chaffinch ({type(error).__name__}): "
                f"log.txt of run {self.folder.run_id} has the details."
            )

    def log(self, text: str) -> None:
        """Add to log.txt; raises `RunError` where it cannot be written."""
        try:
            with open(self.path / "log.txt", "a", encoding="utf-8") as file:
                file.write(escaped_lines(text.rstrip()) + "\n")
        except OSError as error:
            raise in_words(self.path / "log.txt", error) from error
