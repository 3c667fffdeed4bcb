"""Colors that differ for every reader, text that can be read, and browser code that fetches nothing."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

import dashboard.components
from dashboard.components import theme

ASSETS = sorted((Path(dashboard.components.__file__).parent / "assets").rglob("*.*s"))
LIGHT, DARK = "#FFFFFF", "#0F1419"

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def linear(color: str) -> np.ndarray:
    share = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    lms = np.array(
        [[0.41222147, 0.53633254, 0.05144599], [0.2119035, 0.6806995, 0.10739696], [0.08830246, 0.28171884, 0.6299787]]
    ) @ np.clip(rgb, 0, 1)
    return np.array(
        [
            [0.21045426, 0.79361778, -0.00407205],
            [1.9779985, -2.42859221, 0.4505937],
            [0.02590404, 0.78277177, -0.80867577],
        ]
    ) @ np.cbrt(lms)


def contrast(a: str, b: str) -> float:
    first, second = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (a, b)), reverse=True)
    return (first + 0.05) / (second + 0.05)


@pytest.mark.parametrize("kind", BLINDNESS)
def test_class_colors_differ_for_every_reader(kind):
    def nearest(colors):
        seen = [oklab(np.array(BLINDNESS[kind]) @ linear(c)) for c in colors]
        return min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2))

    # 0.02 is about the least difference an eye sees side by side
    assert nearest(theme.CLASS_COLORS[:10]) > (0.12 if kind == "none" else 0.06)
    assert len(theme.CLASS_COLORS) == 20
    assert nearest(theme.CLASS_COLORS) > (0.09 if kind == "none" else 0.045)


def test_no_two_classes_share_a_color_and_the_smallest_of_many_are_grey():
    assert len(set(theme.class_colors(np.ones(20)))) == 20
    many = theme.class_colors(np.arange(57))
    grey = [color == theme.NO_CLASS_COLOR for color in many]
    assert grey == [code < 37 for code in range(57)]
    assert len(set(many)) == 21


@pytest.mark.parametrize("kind", BLINDNESS)
def test_kept_and_dropped_differ_for_every_reader(kind):
    kept, dropped = (oklab(np.array(BLINDNESS[kind]) @ linear(c)) for c in (theme.KEPT_COLOR, theme.DROPPED_COLOR))
    assert np.linalg.norm(kept - dropped) > 0.2


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_points_stand_out_on_both_pages(page):
    assert min(contrast(c, page) for c in (theme.KEPT_COLOR, theme.DROPPED_COLOR)) > 2.5
    assert min(contrast(c, page) for c in theme.CLASS_COLORS) > 1.9
    assert min(contrast(c, DARK) for c in theme.CLASS_COLORS[10:]) > 2.5


@pytest.mark.parametrize("path", ASSETS, ids=lambda p: p.name)
def test_browser_code_fetches_nothing_and_writes_no_markup(path):
    text = path.read_text()
    assert not re.search(r"https?://|@import|\bfetch\(|XMLHttpRequest|eval\(|document\.write", text)
    written = re.findall(r"(?:innerHTML|outerHTML|insertAdjacentHTML)\b.*", text)
    assert all("${ICONS[" in line for line in written), "only the fixed icons are markup"


def test_the_message_that_travels_per_change_carries_no_code():
    mount = next(p for p in ASSETS if p.name == "mount.js")
    assert len(mount.read_text()) < 600


def test_text_stays_text_where_only_markdown_is_taken():
    from dashboard.components.messages import as_markdown

    assert as_markdown("_a_ · 4 → 5 “x” é") == r"\_a\_ · 4 → 5 “x” é"
    assert as_markdown(":red[x] <b> $1$ `c` \\") == r"\:red\[x\] \<b\> \$1\$ \`c\` \\"
