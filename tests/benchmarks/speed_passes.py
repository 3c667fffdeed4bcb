"""Speed of what one pass per checkpoint gives: each pass by itself, then scores with their checks as `core.score` gives
them. `run_pass` is the pass of `python -m core run` and of `core.score` alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from core.library import Scored, score
from core.library.influence_pairs import InfluenceSettings, self_influence_of
from core.models.network import Network
from core.scores.vog import normalize_in_class
from core.training.passes import PassOutputs, run_pass
from core.training.rows import ArrayRows
from core.training.spread import StageSpreads
from core.types.progress import SilentProgress
from core.types.signals import Signal
from tests.benchmarks import peers
from tests.benchmarks.comparison import Comparison, Peer
from tests.benchmarks.measure import Work, alternate, best_batch
from tests.benchmarks.workloads import WORKLOADS, Workload, forward, forward_backward, input_gradient

SIX = ("el2n", "loss", "margin", "entropy", "gradnorm_ood", "grand_last")
TWELVE = (*SIX, "grand", "margin_logit", "least_confidence", "vog", "tracin_self", "outlier_gradient")
CHECKPOINTS = 3
RATE = 0.1  # of every checkpoint: what a pass costs does not depend on it
QUIET = SilentProgress()
_EVERY = (Signal.LOGITS, Signal.FEATURES, Signal.GRADIENT_NORM, Signal.INPUT_GRADIENT_SPREAD)
_PROBE_ROWS, _PROBE_IMAGES = 4_096, 256  # enough for the bare pass to find its best batch
_CHECKED_ROWS = 64  # each compared with its own backward pass, which takes a millisecond


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

    def score(self, names: Sequence[str], times: int = 1) -> Scored:
        """What a person gets who asks `core.score` for `names`, checks included."""
        return score(
            (self.load.x.numpy(), self.load.labels),
            self.networks[0],
            scores=names,
            checkpoints=[network.state_dict() for network in self.networks[:times]],
            learning_rates=(RATE,) * times,
            progress=QUIET,
        )

    def logits_and_features(self) -> np.ndarray:
        """[N, C] logits; features [N, d] are taken in the same pass: all that the six scores read."""
        signals = frozenset({Signal.LOGITS, Signal.FEATURES})
        return run_pass(self.networks[0], ArrayRows(self.load.x), self.load.labels, signals, progress=QUIET).logits

    def gradient_norms(self, times: int = 1) -> list[np.ndarray]:
        """[N] for each checkpoint: the norm over all parameters."""
        rows, signals = ArrayRows(self.load.x), frozenset({Signal.GRADIENT_NORM})
        return [
            run_pass(n, rows, self.load.labels, signals, progress=QUIET).gradient_norm for n in self.networks[:times]
        ]

    def every_signal(self) -> np.ndarray:
        """[N] spread over all checkpoints, one pass each for logits, features, gradient norms and spread."""
        return self._spread(frozenset(_EVERY))

    def vog(self) -> np.ndarray:
        """[N] over all checkpoints, compared within classes: one stage, accumulated as the visits go."""
        return normalize_in_class(self._spread(frozenset({Signal.INPUT_GRADIENT_SPREAD})), self.load.labels)

    def _spread(self, signals: frozenset[Signal]) -> np.ndarray:
        epochs = tuple(range(1, CHECKPOINTS + 1))
        rows, spreads = ArrayRows(self.load.x), StageSpreads(len(self.load), {"all": epochs})
        for epoch, network in zip(epochs, self.networks, strict=True):
            spreads.begin(epoch)
            run_pass(
                network, rows, self.load.labels, signals, progress=QUIET, into=PassOutputs(input_gradients=spreads.add)
            )
            spreads.end(epoch)
        return spreads.results["all"]

    def self_influence(self) -> np.ndarray:
        """[N] TracIn over all layers: squared gradient norms times learning rates, summed over the checkpoints."""
        rows, rates = (self.load.x.numpy(), self.load.labels), [RATE] * CHECKPOINTS
        settings = InfluenceSettings("tracin", learning_rates=rates)
        return self_influence_of(list(self.networks), rows, settings=settings).values


def rows(bench: Bench) -> list[Comparison]:
    """Every row about passes and about the scores that they serve, on one workload."""
    return [*_pass_rows(bench), *_score_rows(bench)]


def _pass_rows(bench: Bench) -> list[Comparison]:
    """Passes by themselves, beside the bare ones: `run_pass`, the pass of a run and of `core.score`."""
    load, name = bench.load, bench.load.name
    bare = {"workload": name, "count": len(load)}
    asked = name != "W1"  # a pass of two milliseconds is all overhead: no target is set for it
    return [
        Comparison(
            "pass for logits and features",
            name,
            bench.logits_and_features,
            bench.limit(forward),
            "forward",
            1.15 if asked else None,
            memory=_memory("logits_and_features", bare),
            note=f"all that {', '.join(SIX)} read",
        ),
        Comparison(
            "pass for grand",
            name,
            bench.gradient_norms,
            bench.limit(forward_backward),
            "forward + backward",
            (1.0 if load.x.dim() == 4 else 1.1) if asked else None,
            peers.gradient_norms(load, bench.networks[0]),
            _memory("gradient_norms", bare),
            facts={"largest_relative_error": grand_error(bench)},
        ),
        Comparison(
            "passes for vog",
            name,
            bench.vog,
            bench.limit(input_gradient, CHECKPOINTS),
            f"{CHECKPOINTS} x forward + input gradient",
            1.15 if asked else None,
            [Peer("captum Saliency", "captum", "captum", lambda: partial(peers.saliency, load, bench.networks))],
            _memory("vog", bare),
        ),
        Comparison(
            "passes for every signal",
            name,
            bench.every_signal,
            dearest(bench),
            "the dearest signal alone",
            1.35 if asked else None,
            memory=_memory("every_signal", bare),
        ),
    ]


def _score_rows(bench: Bench) -> list[Comparison]:
    """What a person waits for who asks the library: passes, formulas, assumption checks, skill, and the table."""
    load, name = bench.load, bench.load.name
    loader = partial(peers.data_loader_loop, load, bench.networks[0])
    return [
        Comparison(
            "six scores by core.score",
            name,
            partial(bench.score, SIX),
            bench.limit(forward),
            "forward",
            peers=[Peer("EL2N in a loop over a DataLoader", "torch", "torch", lambda: loader)],
            note=", ".join(SIX),
        ),
        Comparison(
            "twelve scores by core.score",
            name,
            partial(bench.score, TWELVE, CHECKPOINTS),
            bench.limit(forward_backward, CHECKPOINTS),
            f"{CHECKPOINTS} x forward + backward",
            note=", ".join(TWELVE),
        ),
        Comparison(
            "tracin_self of all layers by self_influence_of",
            name,
            bench.self_influence,
            bench.limit(forward_backward, CHECKPOINTS),
            f"{CHECKPOINTS} x forward + backward",
            peers=peers.self_influence(load, bench.networks),
        ),
    ]


def dearest(bench: Bench) -> Work:
    """The passes for gradient norms or for VoG, whichever take longer here."""
    alone: dict[str, Work] = {"grand": partial(bench.gradient_norms, CHECKPOINTS), "vog": bench.vog}
    seen = alternate(alone, 1)
    return alone[max(seen, key=lambda name: seen[name].cpu[0])]


def grand_error(bench: Bench) -> float:
    """Largest relative error of `grand` against torch.func's per-example gradients, on a few rows."""
    few = bench.load.first(_CHECKED_ROWS)
    exact = peers.vmap_norms(few, bench.networks[0])
    ours = run_pass(
        bench.networks[0], ArrayRows(few.x), few.labels, frozenset({Signal.GRADIENT_NORM}), progress=QUIET
    ).gradient_norm
    return float(np.max(np.abs(ours - exact) / exact))


def _memory(what: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "tests.benchmarks.speed_passes:call", {"what": what, "threads": torch.get_num_threads(), **arguments}


def call(what: str, workload: str, count: int, threads: int) -> Work:
    """The call behind a row's memory figure, set up in a fresh process."""
    torch.set_num_threads(threads)
    bench = Bench.of(WORKLOADS[workload]().first(count))
    works: dict[str, Work] = {
        "logits_and_features": bench.logits_and_features,
        "gradient_norms": bench.gradient_norms,
        "vog": bench.vog,
        "every_signal": bench.every_signal,
    }
    return works[what]
