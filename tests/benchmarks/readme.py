"""The figures that the README quotes, written from the results that were kept.

`python -m tests.benchmarks.readme`             writes the README's lines from results/speed.json
`python -m tests.benchmarks.readme --measure`   measures first (every row, on this machine), then writes them
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.benchmarks.measure import ROOT, kept, markdown_table

README = ROOT / "README.md"
_LINES = re.compile(r"(<!-- speed -->\n).*?(<!-- /speed -->)", re.S)
# Rows that are quoted beside their limit; of the others, those with a peer.
_QUOTED = (
    "pass for ",
    "passes for ",
    "six scores by core.score",
    "twelve scores by core.score",
    "tracin_self of all layers",
    "a whole run",
    "knn_shapley",
    "dsir",
)
_BESIDE = (
    "gauss_newton pairs",
    "ekfac pairs",
    "datainf pairs",
    "tracin pairs",
    "trak pairs",
    "outlier_gradient",
    "lof",
    "label_quality",
)


def speed_lines(figures: Mapping[str, Any]) -> str:
    """A sentence on the machine and a table: what, beside which limit, how many times it, what others take."""
    about = figures["environment"]
    clock = "wall time" if about["clock"] == "wall" else "CPU time"
    rows = [cells for one in figures["rows"] if (cells := _cells(one, about["clock"]))]
    torch = about["versions"]["torch"]
    intro = (
        f"Ratios of {clock}, medians of alternated rounds on {about['threads']} thread"
        f"{'s' * (about['threads'] > 1)} of an {about['processor']}, torch {torch}; W1 1,497 digits, "
        f"W2 {about['images']:,} CIFAR-10 images, W3 a table of 100,000 rows.\n\n"
    )
    return intro + markdown_table(("what", "beside", "times that", "other libraries take, times ours"), rows)


def _cells(one: Mapping[str, Any], clock: str) -> tuple[str, ...] | None:
    """The README's line of a row, None when it is not quoted."""
    peers = {name: found for name, found in one.get("peers", {}).items() if "times_ours" in found}
    by_limit = one["row"].startswith(_QUOTED) and (one["workload"] != "W1" or one["row"].startswith("a whole run"))
    if not by_limit and not (one["row"].startswith(_BESIDE) and peers):
        return None
    key = "median" if clock == "wall" else "cpu"
    others = ", ".join(f"{name} {found['times_ours'][key]:.3g}" for name, found in peers.items())
    beside, times = (one["limit_name"], f"{one['times_limit'][key]:.2f}") if by_limit else ("-", "-")
    return f"{one['row']} ({_where(one)})", beside, times, others or "-"


def _where(one: Mapping[str, Any]) -> str:
    """The workload, and how a row was measured that was measured apart from the others."""
    about = one.get("environment", {})
    images = [f"{about['images']} images"] if "images" in about else []
    return ", ".join([one["workload"], *images, *([f"threads {about['threads']}"] if about else [])])


def written(text: str, figures: Mapping[str, Any]) -> str:
    """The README's text with its lines about speed taken from `figures`."""
    return _LINES.sub(lambda found: found[1] + speed_lines(figures) + found[2], text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="Run the speed benchmark first.")
    if parser.parse_args().measure:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.speed"], cwd=ROOT, check=True)
    README.write_text(written(README.read_text(encoding="utf-8"), kept("speed")), encoding="utf-8")


if __name__ == "__main__":
    main()
