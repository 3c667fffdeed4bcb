"""Why this prediction: heat map over an image, weight of each token, bar of each column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.types.attributions import Attribution
from core.types.figures import digits
from core.types.scores import AssumptionCheck
from dashboard.components.images import data_url
from dashboard.components.nodes import Node, node, show_nodes
from dashboard.components.theme import AWAY_COLOR, TOWARDS_COLOR

_WIDE_GAP = 0.1  # of what is explained; smaller gaps are usual with a finite number of steps or samples
LIGHTS = {"green": "●", "amber": "▲", "red": "■"}


def attribution_plot(
    attribution: Attribution,
    *,
    key: str,
    image: np.ndarray | None = None,
    cells: dict[str, str] | None = None,
    opacity: float = 0.6,
    limit: int = 15,
) -> None:
    """Draw by shape: [H, W] over `image` (uint8), names in order as tokens, or columns as bars when `cells` is given.

    Shows target, base and output, the additivity gap and the notes. Blue pushes towards the target, orange away.
    """
    show_nodes(_facts(attribution), key=f"{key}-facts")
    if attribution.values.ndim == 2:
        image_heat(image, attribution.values, key=key, opacity=opacity)
    elif cells is not None:
        column_bars(attribution.names, attribution.values, key=key, cells=cells, limit=limit)
    else:
        token_weights(attribution.names, attribution.values, key=key, errors=attribution.errors)


def attribution_lights(checks: Sequence[AssumptionCheck], *, key: str) -> None:
    """One line per check: shape, color and name of its light, then the words with their number."""
    lines = [
        node("div", "light", node("b", f"light-{check.light}", f"{LIGHTS[check.light]} {check.light}"), " ", check.text)
        for check in checks
    ]
    show_nodes(node("div", "", *lines, label="Whether to believe this attribution"), key=key)


def _facts(attribution: Attribution) -> Node:
    gap, tone = _gap(attribution)
    pieces: list[Node] = [
        node("span", "", "towards ", node("b", "towards", attribution.target)),
        node("span", "soft", f"{attribution.unit} {digits(attribution.base)} → {digits(attribution.output)}"),
        node("span", tone, gap, title="How far the parts are from adding up to output minus base; nearer 0 is better."),
    ]
    return node("div", "", node("div", "facts", *pieces), node("small", "soft", " ".join(attribution.notes)))


def _gap(attribution: Attribution) -> tuple[str, str]:
    """Words and tone: a gap above a tenth of what is explained is marked."""
    if attribution.gap is None:
        return "makes no additivity promise", "soft"
    explained = abs(attribution.output - attribution.base)
    share = f" ({abs(attribution.gap) / explained:.0%} of the difference)" if explained else ""
    wide = abs(attribution.gap) > _WIDE_GAP * explained
    return f"additivity gap {digits(attribution.gap)}{share}", "warn" if wide else "soft"


def _strength(values: np.ndarray) -> np.ndarray:
    """Signed shares in -1..1, scaled by the 99th percentile so that one part does not blank the others."""
    top = float(np.quantile(np.abs(values), 0.99)) if values.size else 0.0
    top = top or float(np.abs(values).max(initial=0.0))
    return np.clip(values / top, -1, 1) if top > 0 else np.zeros_like(values, dtype=float)


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def token_weights(tokens: tuple[str, ...], weights: np.ndarray, *, key: str, errors: np.ndarray | None = None) -> None:
    """The text with each token shaded by its signed weight; tokens are drawn as text.

    errors: standard errors; a token within two of them of zero is shaded half as much, and the foot says how many are.
    """
    strength = _strength(np.asarray(weights, dtype=float))
    spread = np.zeros(len(tokens)) if errors is None else np.asarray(errors, dtype=float)
    unsure = np.abs(weights) < 2 * spread
    parts: list[Node] = []
    for token, share, weight, error, doubt in zip(tokens, strength, weights, spread, unsure, strict=True):
        r, g, b = _rgb(TOWARDS_COLOR if share > 0 else AWAY_COLOR)
        style = {"background": f"rgba({r},{g},{b},{abs(share) * (0.31 if doubt else 0.62):.2f})"}
        give = f" ± {digits(error, 2)}" if errors is not None else ""
        parts += [node("mark", "", token, style=style, title=f"{token}: {digits(float(weight))}{give}"), " "]
    text = node("p", "text", *parts, label="Text with the weight of each token")
    foot = (
        f"{int(unsure.sum())} of {len(tokens)} words are within two standard errors of 0 and shaded half as much; "
        f"the largest error is {digits(spread.max(initial=0.0), 2)}."
    )
    show_nodes(node("div", "", text, *([node("small", "soft", foot)] if errors is not None else [])), key=key)


def column_bars(
    names: tuple[str, ...], weights: np.ndarray, *, key: str, cells: dict[str, str] | None = None, limit: int = 15
) -> None:
    """Bars of the strongest columns, signed, with the example's own value beside each name."""
    weights = np.asarray(weights, dtype=float)
    order = np.argsort(-np.abs(weights), kind="stable")[:limit]
    strength = weights / (float(np.abs(weights).max(initial=0.0)) or 1.0)
    rows: list[Node] = []
    for i in order:
        value = (cells or {}).get(names[i], "")
        rows += [
            node("span", "", names[i], " ", node("span", "soft", str(value)), title=f"{names[i]} = {value}"),
            _signed(float(strength[i])),
            node("span", "num", digits(float(weights[i]))),
        ]
    rest = len(weights) - len(order)
    foot = (
        [node("small", "soft", f"{rest} weaker columns add {digits(float(np.delete(weights, order).sum()))}")]
        if rest
        else []
    )
    show_nodes(node("div", "", node("div", "bars", *rows, label="Contribution of each column"), *foot), key=key)


def _signed(share: float) -> Node:
    width = f"{abs(share) * 50:.1f}%"
    side = {"left": "50%"} if share > 0 else {"right": "50%"}
    return node(
        "span",
        "signed",
        node("i", "", style={**side, "width": width, "background": TOWARDS_COLOR if share > 0 else AWAY_COLOR}),
    )


def image_heat(
    image: np.ndarray | None, values: np.ndarray, *, key: str, opacity: float = 0.6, width: int = 280
) -> None:
    """values [H, W] signed over image [h, w(, C)] uint8, enlarged without blur."""
    strength = _strength(np.asarray(values, dtype=float))
    heat = np.zeros((*strength.shape, 4), np.uint8)
    heat[strength > 0, :3], heat[strength < 0, :3] = _rgb(TOWARDS_COLOR), _rgb(AWAY_COLOR)
    heat[..., 3] = (np.abs(strength) ** 0.8 * 255 * opacity).astype(np.uint8)
    layers = [node("img", "", src=data_url(heat), alt="Blue parts push towards the class, orange parts away")]
    if image is not None:
        layers.insert(0, node("img", "", src=data_url(_grey(image)), alt="The example"))
    show_nodes(node("div", "stack", *layers, style={"width": f"{width}px"}), key=key)


def _grey(image: np.ndarray) -> np.ndarray:
    """A paler grey image under the heat map, so that its two colors can be read."""
    grey = image if image.ndim == 2 else image[..., :3].mean(axis=-1)
    return (96 + grey * 0.6).clip(0, 255).astype(np.uint8)
