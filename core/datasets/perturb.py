"""A second, slightly different copy of an example: what a near-duplicate looks like in real data."""

from __future__ import annotations

import numpy as np


def near_text(text: str, rng: np.random.Generator) -> str:
    """One small edit: another end mark, two letters swapped, or a changed capital. Never the same text."""
    edits = [_end_mark(text), _swapped(text, rng), text[:1].swapcase() + text[1:], text + " "]
    changed = [e for e in edits[:3] if e != text] or [edits[3]]
    return changed[int(rng.integers(len(changed)))]


def _end_mark(text: str) -> str:
    return text[:-1] if text.endswith(("?", ".", "!")) else text + "?"


def _swapped(text: str, rng: np.random.Generator) -> str:
    inside = [i for i in range(1, len(text) - 2) if text[i - 1 : i + 3].isalpha() and text[i] != text[i + 1]]
    if not inside:
        return text
    i = inside[int(rng.integers(len(inside)))]
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def near_image(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """uint8 of the same shape: a little brighter or darker, weak noise where there is ink. Never the same."""
    noise = rng.normal(0, 3, pixels.shape)  # 3 of 255 levels: invisible, as a second save as JPEG would leave
    out = np.where(pixels > 0, np.clip(pixels * rng.uniform(0.94, 1.06) + noise, 1, 255), 0).round().astype(np.uint8)
    if np.array_equal(out, pixels):
        out.flat[0] = 1 if out.flat[0] == 0 else out.flat[0] - 1
    return out


def near_number(value: float, spread: float, rng: np.random.Generator, whole: bool) -> float:
    """A number moved by about one percent of its column's spread, whole numbers by at least one."""
    step = max(abs(rng.normal(0, 0.01 * spread)), 1.0 if whole else 1e-6)
    moved = value + (step if rng.random() < 0.5 else -step)
    return float(round(moved)) if whole else moved
