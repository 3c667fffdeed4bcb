"""Speed of what one visit per checkpoint gives: fused pass, GraNd, VoG, TracIn, and everything together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from core.library import examples_from
from core.library.scored import Scored, score_all
from core.library.visiting import observe
from core.models.network import Network
from core.numerics.closed_forms import QUICK, closed_forms
from core.scores import score_named
from core.scores.outlier_gradient import distance_to_mean
from core.scores.vog import normalize_in_class
from core.training.passes import visit
from core.training.quick import quick_scores
from core.training.rows import ArrayRows
from core.training.spread import StageSpreads
from core.types.evidence import CheckpointEvidence, Evidence
from core.types.progress import SilentProgress
from core.types.signals import Signal
from core.types.trace import Checkpoint
from tests.benchmarks import peers
from tests.benchmarks.comparison import Comparison, Peer
from tests.benchmarks.measure import Work, alternate, best_batch
from tests.benchmarks.workloads import WORKLOADS, Workload, forward, forward_backward, input_gradient

SIX = ("el2n", "loss", "margin", "entropy", "gradnorm_ood", "grand_last")
TWELVE = (*SIX, "grand", "margin_logit", "least_confidence", "vog", "tracin_self", "outlier_gradient")
CHECKPOINTS = 3
QUIET = SilentProgress()
_EVERY = frozenset({Signal.LOGITS, Signal.FEATURES, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD})
_PROBE_ROWS, _PROBE_IMAGES = 4_096, 256  # enough for the bare pass to find its best batch
_CHECKED_ROWS = 64


@dataclass(frozen=True, eq=False)
class Bench:
    """A workload with networks from three seeds: what a visit costs does not depend on the weights."""

    load: Workload
    networks: tuple[Network, ...]
    batches: dict[str, int]

    @classmethod
    def of(cls, load: Workload) -> Bench:
        """With the batch size that each bare pass likes best here."""
        networks = tuple(load.build(seed).eval() for seed in range(CHECKPOINTS))
        few = load.first(min(len(load), _PROBE_ROWS)) if load.x.dim() == 2 else load.first(_PROBE_IMAGES)
        bare = (forward, forward_backward, input_gradient)
        sizes = [size for size in load.batches if size <= len(few)] or [len(few)]
        best = {one.__name__: best_batch(partial(one, few, networks[0]), sizes) for one in bare}
        return cls(load, networks, best)

    def limit(self, bare: Callable[[Workload, Network, int], None], times: int = 1) -> Work:
        """The bare pass over all rows, for one network or for `times` of them."""
        return lambda: [bare(self.load, network, self.batches[bare.__name__]) for network in self.networks[:times]]

    def evidence(self, signals: Sequence[Signal], times: int = 1) -> tuple[Evidence, frozenset[Signal]]:
        """One visit per checkpoint for the union of `signals`."""
        return observe(
            self.networks[0],
            self.examples,
            self.load.x.numpy(),
            frozenset(signals),
            checkpoints=[network.state_dict() for network in self.networks[:times]],
            rates=(0.1,) * times,
            weight_decay=0.0,
            progress=QUIET,
        )

    def scores(self, names: Sequence[str], times: int = 1) -> Scored:
        """Visits and scores: what a person gets who asks for `names`."""
        needs = [signal for name in names for signal in score_named(name).needs]
        evidence, have = self.evidence(needs, times)
        return score_all(self.examples, evidence, have, scores=names, params=None, seed=0, progress=QUIET)

    @property
    def examples(self) -> Any:
        names = tuple(str(c) for c in range(self.load.classes))
        if not hasattr(self, "_table"):
            object.__setattr__(self, "_table", examples_from(None, self.load.labels, class_names=names))
        return self._table

    def gradient_norms(self, times: int = 1) -> list[np.ndarray]:
        """[N] for each checkpoint: the norm over all parameters."""
        rows, signals = ArrayRows(self.load.x), frozenset({Signal.GRADIENT_NORM})
        return [visit(n, rows, self.load.labels, signals, progress=QUIET).gradient_norm for n in self.networks[:times]]

    def vog(self) -> np.ndarray:
        """[N] over all checkpoints, compared within classes: one stage, accumulated as the visits go."""
        epochs = tuple(range(1, CHECKPOINTS + 1))
        rows, spreads = ArrayRows(self.load.x), StageSpreads(len(self.load), {"all": epochs})
        signals = frozenset({Signal.INPUT_GRADIENT_SPREAD})
        for epoch, network in zip(epochs, self.networks, strict=True):
            spreads.begin(epoch)
            visit(network, rows, self.load.labels, signals, progress=QUIET, input_gradients=spreads.add)
            spreads.end(epoch)
        return normalize_in_class(spreads.results["all"], self.load.labels)

    def together(self) -> dict[str, np.ndarray]:
        """All twelve from one visit per checkpoint, which takes every signal; of the last where not summed."""
        epochs = tuple(range(1, CHECKPOINTS + 1))
        rows, spreads, labels = ArrayRows(self.load.x), StageSpreads(len(self.load), {"all": epochs}), self.load.labels
        out: dict[str, np.ndarray] = {"tracin_self": np.zeros(len(labels))}
        features: np.ndarray | None = None  # one array for all checkpoints, as one file is in a run
        for epoch, network in zip(epochs, self.networks, strict=True):
            spreads.begin(epoch)
            seen = visit(
                network, rows, labels, _EVERY, progress=QUIET, input_gradients=spreads.add, features_out=features
            )
            spreads.end(epoch)
            features = seen.features
            h = torch.from_numpy(seen.features)
            sizes = h.abs().sum(1), torch.linalg.vecdot(h, h) + 1.0
            found = closed_forms(QUICK, torch.from_numpy(seen.logits), self.load.targets, *sizes)
            out |= {name: values.numpy() for name, values in found.items()} | {"grand": seen.gradient_norm}
            out["tracin_self"] += 0.1 * seen.gradient_norm**2
            one = CheckpointEvidence(Checkpoint(0, epoch, 0.1), seen.logits, seen.features)
            out["outlier_gradient"] = distance_to_mean(one, labels, np.arange(len(labels)))
        return out | {"vog": normalize_in_class(spreads.results["all"], labels)}

    def tracin_self_whole(self) -> np.ndarray:
        """[N] self-influence over all parameters: squared gradient norms times learning rates, summed."""
        return sum(0.1 * norm**2 for norm in self.gradient_norms(CHECKPOINTS))


def rows(bench: Bench) -> list[Comparison]:
    """Every row about passes on one workload."""
    load, name = bench.load, bench.load.name
    bare = {"workload": name, "count": len(load)}
    alone: dict[str, Work] = {"grand": partial(bench.gradient_norms, CHECKPOINTS), "vog": bench.vog}
    seen = alternate(alone, 1)
    dearest = max(seen, key=lambda one: seen[one].cpu[0])
    asked = name != "W1"  # a pass of two milliseconds is all overhead: no target is set for it
    return [
        Comparison(
            "fused pass",
            name,
            lambda: quick_scores(bench.networks[0], load.x, load.labels, SIX),
            bench.limit(forward),
            "forward",
            1.15 if asked else None,
            [
                Peer(
                    "loop over a DataLoader",
                    "torch",
                    "torch",
                    lambda: partial(peers.data_loader_loop, load, bench.networks[0]),
                )
            ],
            _memory("fused", bare),
            ", ".join(SIX),
        ),
        Comparison(
            "the six scores with checks",
            name,
            lambda: bench.scores(SIX),
            bench.limit(forward),
            "forward",
            note="as core.score gives them: with assumption checks and the skill of the networks",
        ),
        Comparison(
            "grand",
            name,
            bench.gradient_norms,
            bench.limit(forward_backward),
            "forward + backward",
            (1.0 if load.x.dim() == 4 else 1.1) if asked else None,
            peers.gradient_norms(load, bench.networks[0]),
            _memory("grand", bare),
            facts={"largest_relative_error": grand_error(bench)},
        ),
        Comparison(
            "vog",
            name,
            bench.vog,
            bench.limit(input_gradient, CHECKPOINTS),
            f"{CHECKPOINTS} x forward + input gradient",
            1.15 if asked else None,
            [Peer("captum Saliency", "captum", "captum", lambda: partial(peers.saliency, load, bench.networks))],
            _memory("vog", bare),
        ),
        Comparison(
            "tracin_self",
            name,
            bench.tracin_self_whole,
            bench.limit(forward_backward, CHECKPOINTS),
            f"{CHECKPOINTS} x forward + backward",
            1.15 if asked else None,
            peers.self_influence(load, bench.networks),
            note="over all parameters",
        ),
        Comparison(
            "twelve scores together",
            name,
            bench.together,
            alone[dearest],
            f"{dearest} alone",
            1.35 if asked else None,
            memory=_memory("twelve", bare),
            note=", ".join(TWELVE),
        ),
        Comparison(
            "the twelve with checks",
            name,
            lambda: bench.scores(TWELVE, CHECKPOINTS),
            bench.together,
            "twelve scores together",
            note="as core.score gives them",
        ),
    ]


def grand_error(bench: Bench) -> float:
    """Largest relative error of `grand` against torch.func's per-example gradients, on a few rows."""
    few = bench.load.first(_CHECKED_ROWS)
    exact = peers.vmap_norms(few, bench.networks[0])
    ours = visit(
        bench.networks[0], ArrayRows(few.x), few.labels, frozenset({Signal.GRADIENT_NORM}), progress=QUIET
    ).gradient_norm
    return float(np.max(np.abs(ours - exact) / exact))


def _memory(what: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "tests.benchmarks.speed_passes:call", {"what": what, "threads": torch.get_num_threads(), **arguments}


def call(what: str, workload: str, count: int, threads: int) -> Work:
    """The call behind a row's memory figure, set up in a fresh process."""
    torch.set_num_threads(threads)
    bench = Bench.of(WORKLOADS[workload]().first(count))
    bench.examples  # noqa: B018  made before the measurement
    return {
        "fused": lambda: quick_scores(bench.networks[0], bench.load.x, bench.load.labels, SIX),
        "grand": bench.gradient_norms,
        "vog": bench.vog,
        "twelve": bench.together,
    }[what]
