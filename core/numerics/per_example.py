"""Norm of each example's loss gradient over all parameters of a network, from one forward and one backward pass.

Parameters are frozen, so that no weight gradient is computed: a tap on every layer with parameters keeps its input and,
during backward, turns it and the output gradient into that layer's share of the squared norm ("ghost norm"). Exact.
What cannot be tapped falls back to torch.func for that layer alone, and `notes` says so.
Goodfellow 2015 (arXiv:1510.01799); Rochette et al. 2019 (arXiv:1912.06015) for convolutions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Float64, Integer
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from core.types.errors import ModelError

from .affine_norms import Statistics, saved_statistics
from .fallback import module_squared_norm, network_squared_norm, single_squared_norm
from .layer_norms import Call, is_plain, layer_squared_norm
from .outer import Scratch
from .packed_attention import PackedAttention, is_packed_attention
from .shared_calls import SharedCalls, rows_of
from .tap_units import has_tied_parameters, units_of

# How closely the tap and plain autograd must agree on squared norms before the tap is trusted; looser below float32.
_AGREES = {torch.float64: 1e-8, torch.float32: 1e-3}


class _Tap(torch.autograd.Function):
    """The identity. With frozen parameters `anchor` makes the graph begin here, after the first layer: a backward pass
    that asks for the anchor alone computes no gradient of the network's input.
    """

    @staticmethod
    def forward(ctx: Any, output: Float[Tensor, " ..."], anchor: Float[Tensor, " ..."]) -> Float[Tensor, " ..."]:
        return output.detach()

    @staticmethod
    def backward(ctx: Any, gradient: Float[Tensor, " ..."]) -> Any:
        return gradient, None


@dataclass
class _Use:
    """One call of a layer: its inputs and, later, the gradient of its output."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    versions: tuple[int, ...]
    statistics: Statistics | None = None
    gradient: Float[Tensor, "batch ..."] | None = None


@dataclass
class _Layer:
    module: nn.Module
    uses: list[_Use] = field(default_factory=list)
    pending: int = 0


class GradientTap:
    """`with GradientTap(network) as tap:` run the network, then ask `tap.squared_norms(x, logits, targets)`.

    Inside the block the network is in eval mode and frozen, afterwards as it was before. Each row of the logits must
    depend on one example alone; `check` finds networks where that is not so. Say `expect(x)` before a run of `x` that
    does not call the network itself.
    """

    def __init__(self, network: nn.Module, memory: int | None = None):
        self.network = network
        self._memory = memory  # bytes; what is taken one example at a time may take a quarter of it
        self.notes: tuple[str, ...] = ()
        self._layers: list[_Layer] = []
        self._handles: list[RemovableHandle] = []
        self._recording = False
        self._total: Tensor | None = None
        self._calls: list[tuple[nn.Module, list[Call]]] = []
        self._scratch = Scratch()
        self._attentions: dict[str, PackedAttention] = {}
        self._shared = SharedCalls()
        self._rooted: bool | None = None  # the input needs a gradient: branches may pass by the first anchor
        self._anchor = torch.zeros((), requires_grad=True)
        self._whole = has_tied_parameters(network)
        if self._whole:
            self.notes = (
                "Tied weights: gradients of the whole network are computed one example at a time by torch.func.",
            )

    @property
    def whole(self) -> bool:
        """The network could not be tapped layer by layer."""
        return self._whole

    def __enter__(self) -> GradientTap:
        self._training = self.network.training
        self._required = {name: p.requires_grad for name, p in self.network.named_parameters()}
        self._fast_path = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)  # the fused kernel would pass by the taps
        self.network.eval().requires_grad_(False)
        device = next((p.device for p in self.network.parameters()), torch.device("cpu"))
        self._anchor = torch.zeros((), requires_grad=True, device=device)
        self._install()
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()
        torch.backends.mha.set_fastpath_enabled(self._fast_path)
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(self._required[name])
        self.network.train(self._training)

    def _install(self) -> None:
        if self._whole:
            return
        names = {id(module): name for name, module in self.network.named_modules()}
        units: list[nn.Module] = []
        for unit in units_of(self.network):
            if is_packed_attention(unit):
                tapped = PackedAttention(unit, lambda: self._recording or not torch.is_grad_enabled())
                self._attentions[names[id(unit)]] = tapped
                units += [*tapped.projections.values(), unit.out_proj]
            else:
                units.append(unit)
        self._layers = [_Layer(module) for module in units]
        self._handles.append(self.network.register_forward_pre_hook(self._before))
        for layer in self._layers:
            hook = _forward_hook(self, layer)
            self._handles.append(layer.module.register_forward_hook(hook, with_kwargs=True))
        unknown = sorted({type(x.module).__name__ for x in self._layers if not is_plain(x.module)})
        if unknown:
            self.notes = (f"Computed by torch.func, one example at a time: {', '.join(unknown)}.",)

    def _remove(self) -> None:
        for handle in self._handles:
            handle.remove()
        for attention in self._attentions.values():
            attention.remove()
        self._handles, self._layers, self._attentions = [], [], {}

    def names(self) -> dict[int, str]:
        """id of a tapped layer -> its name in the network; parts of an attention are named below it."""
        names = {id(module): name for name, module in self.network.named_modules()}
        for name, attention in self._attentions.items():
            names |= {id(layer): f"{name}.{part}" for part, layer in attention.projections.items()}
        return names

    def expect(self, x: Any) -> None:
        """Say which examples run next, so that a call for all of them can be told from a call for each."""
        self._shared.rows = rows_of(x)

    def _before(self, _: nn.Module, args: tuple[Any, ...]) -> None:
        if args and not self._recording:
            self.expect(args[0])

    def _first_run(self, run: Callable[[Any], Float[Tensor, "batch class"]], x: Any) -> Float[Tensor, "batch class"]:
        """Logits of `x`; without spreading shared calls where the network does not bear it."""
        self.expect(x)
        try:
            return run(x)
        except Exception:  # code of the person's own may raise anything; without shared calls it is theirs to explain
            if not self._shared.found:
                raise
            self.forget()
            self._shared.allowed = False
            return run(x)

    def check(self, x: Any, run: Callable[[Any], Float[Tensor, "batch class"]] | None = None) -> None:
        """Compare the tap with plain autograd on the examples `x` (one or two are enough).

        run: how the caller gets logits from `x`, when it does not call the network itself. Raises `ModelError` for a
        network that cannot be differentiated.

        A network whose gradients escape the taps (a layer's weight used by hand, a batch that is not the first axis)
        is from then on taken as a whole, one example at a time; `notes` says so.
        """
        if self._whole:
            return
        logits = self._first_run(run or self.network, x)
        targets = logits.argmin(dim=1)  # the class it believes in least: gradients far from rounding
        try:
            by_autograd = self._unhooked(lambda: single_squared_norm(self.network, x, targets))
        except RuntimeError as error:
            first = str(error).split("\n")[0]
            raise ModelError(
                f"The network cannot be differentiated: {first}",
                "Write in-place steps (+=, inplace=True) on a layer's input as new tensors.",
            ) from error
        try:
            norms = self.squared_norms(x, logits, targets)
        except (ModelError, RuntimeError, IndexError):  # a layer fed in an unforeseen shape, or changed in place
            norms = torch.full_like(by_autograd, torch.nan)
        close = (norms - by_autograd).abs() <= _AGREES.get(logits.dtype, 2e-2) * by_autograd
        if not bool(close.all()) and bool(by_autograd.isfinite().all()):
            self._remove()
            self._whole = True
            self.notes = (
                "Some gradients escape the taps, so the whole network is taken one example at a time by torch.func.",
            )

    def squared_norms(
        self, x: Any, logits: Float[Tensor, "batch class"], targets: Integer[Tensor, " batch"], keep_graph: bool = False
    ) -> Float64[Tensor, " batch"]:
        """[b] float64, squared gradient norm of each example's cross-entropy; `logits` from this block's run of `x`."""
        if self._whole:
            return network_squared_norm(self.network, x, targets, self._memory)
        loss = nn.functional.cross_entropy(logits, targets, reduction="sum")
        self._total = torch.zeros(len(targets), dtype=torch.float64, device=loss.device)
        self._recording = True
        try:
            torch.autograd.grad(loss, [self._anchor], retain_graph=keep_graph, allow_unused=True)
            for layer in self._layers:
                self._add(layer)
        finally:
            self._recording = False
            self.forget()
        return self._total

    def calls(
        self, logits: Float[Tensor, "batch class"], cotangent: Float[Tensor, "batch class"]
    ) -> list[tuple[nn.Module, list[Call]]]:
        """Each tapped layer with inputs and output gradients: the vector-Jacobian product with `cotangent` [b, C]."""
        self._total, self._calls, self._recording = None, [], True
        try:
            torch.autograd.grad(logits, [self._anchor], cotangent, allow_unused=True)
            for layer in self._layers:
                self._add(layer)
        finally:
            self._recording = False
            self.forget()
        return self._calls

    def _unhooked(self, compute: Callable[[], Float[Tensor, " ..."]]) -> Float[Tensor, " ..."]:
        self._recording = True  # hooks let everything pass while recording
        try:
            return compute()
        finally:
            self._recording = False

    def forget(self) -> None:
        """Drop what the last forward left, when no backward pass follows it."""
        self._rooted = None
        for layer in self._layers:
            layer.uses, layer.pending = [], 0

    def _keep(self, layer: _Layer, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        if self._recording or not torch.is_grad_enabled():
            return output
        use, first = self._use(layer, args, kwargs, output[0] if isinstance(output, tuple) else output)
        layer.uses.append(use)
        layer.pending += 1

        def record(gradient: Float[Tensor, "batch ..."]) -> None:
            if self._recording:
                self._record(layer, use, gradient)

        if self._rooted is None:
            self._rooted = first.requires_grad
        tapped = _Tap.apply(first, self._anchor) if self._rooted or not first.requires_grad else first
        tapped.register_hook(record)
        return (tapped, *output[1:]) if isinstance(output, tuple) else tapped

    def _use(
        self, layer: _Layer, args: tuple[Any, ...], kwargs: dict[str, Any], first: Float[Tensor, " ..."]
    ) -> tuple[_Use, Float[Tensor, " ..."]]:
        """(the call, its output), both spread over the examples where they share it."""
        statistics = saved_statistics(layer.module, first)
        spread = self._shared.of(layer.module, len(layer.uses), args[0] if args else kwargs.get("input"), first)
        if spread is not None:
            args, kwargs, first = tuple(map(spread, args)), {k: spread(v) for k, v in kwargs.items()}, spread(first)
            statistics = None
        named = {k: _detached(v) for k, v in kwargs.items()}
        return _Use(tuple(map(_detached, args)), named, _versions(args, kwargs), statistics), first

    def _record(self, layer: _Layer, use: _Use, gradient: Float[Tensor, "batch ..."]) -> None:
        if _versions(use.args, use.kwargs) != use.versions:
            raise ModelError(
                f"The network changes the input of a {type(layer.module).__name__} in place.",
                "Write the addition or activation without the trailing underscore (inplace=False).",
            )
        use.gradient = gradient
        layer.pending -= 1
        if layer.pending == 0:  # used several times: its gradient is the sum over all uses, so wait for the last
            self._add(layer)

    def _add(self, layer: _Layer) -> None:
        calls = [
            Call(use.args, use.kwargs, use.gradient, use.statistics) for use in layer.uses if use.gradient is not None
        ]
        for use in layer.uses:  # the graph's hooks still know them, in a cycle: leave nothing large to the collector
            use.args, use.kwargs, use.gradient, use.statistics = (), {}, None, None
        layer.uses = []
        if calls and self._total is None:
            self._calls.append((layer.module, calls))
        elif calls and self._total is not None:
            plain = is_plain(layer.module)
            norms = layer_squared_norm(layer.module, calls, self._scratch) if plain else None
            self._total += module_squared_norm(layer.module, calls, self._memory) if norms is None else norms


def _detached(value: Any) -> Any:
    return value.detach() if isinstance(value, Tensor) else value


def _versions(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...]:
    """How often each tensor was changed in place: a tensor and its detached view share the count."""
    return tuple(one._version for one in (*args, *kwargs.values()) if isinstance(one, Tensor))


def _forward_hook(tap: GradientTap, layer: _Layer) -> Callable[..., Any]:
    def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Any:
        return tap._keep(layer, args, kwargs, output)

    return hook
