"""How long every score takes, beside the bare passes over the same data and beside other libraries.

`python -m tests.benchmarks.speed`               every row; keeps results/speed.json and results/speed.md
`python -m tests.benchmarks.speed --quick --json -`   the main ratios in a few minutes, as JSON on stdout

A ratio is the median over rounds; both sides of it ran in the same round, one after the other, on the same threads, and
the bare pass with the batch size that it likes best. Rounds go on until the seconds of a row are used up.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from tests.benchmarks import speed_arrays, speed_growth, speed_pairs, speed_passes
from tests.benchmarks.comparison import Comparison, Effort, measure, table
from tests.benchmarks.measure import environment, keep, markdown_table, set_threads
from tests.benchmarks.peers import PEERS, installed
from tests.benchmarks.workloads import WORKLOADS, cifar, digits
from tests.benchmarks.workloads import table as wide_table

FULL = Effort(rounds=7, seconds=60.0)
QUICK = Effort(rounds=9, seconds=12.0, peers=False, memory=False)
_QUICK_IMAGES = 1_000  # ratios on these are those on all 10,000
_RATIOS = {
    "fused pass": "fused_pass_x_forward",
    "grand": "grand_x_fwd_bwd",
    "vog": "vog_x_input_gradient",
    "tracin_self": "tracin_self_x_fwd_bwd",
    "twelve scores together": "all_over_dearest",
}


def quick(effort: Effort = QUICK) -> dict[str, Any]:
    """The main ratios; {"W2": ..., "W3": ...} where they are of a pass. Missing libraries give None."""
    began, found = time.perf_counter(), {}
    for load in (cifar(_QUICK_IMAGES), wide_table()):
        for one in speed_passes.rows(speed_passes.Bench.of(load)):
            if one.row in _RATIOS:
                figures = measure(one, effort)
                found.setdefault(_RATIOS[one.row], {})[load.name] = _rounded(figures)
                found.setdefault("grand_largest_relative_error", {}).setdefault(
                    load.name, figures.get("largest_relative_error")
                ) if one.row == "grand" else None
    by_workload = found.pop("all_over_dearest")
    found |= {"all_over_dearest": max(by_workload.values()), "all_over_dearest_by_workload": by_workload}
    found["knn_shapley_x_product"] = _rounded(measure(speed_arrays.shapley_row(), effort))
    found["ekfac_pairs_speedup_over_kronfluence"] = kronfluence_speedup(effort)
    synthetic = {name: load.synthetic for name, load in (("W2", cifar(1)),)}
    return found | {"synthetic": synthetic, "seconds": round(time.perf_counter() - began), **environment()}


def kronfluence_speedup(effort: Effort) -> float | None:
    """kronfluence's time over ours, EK-FAC pairs on W1: ours the mean of three checkpoints, its one."""
    if not installed("kronfluence"):
        return None
    load = digits()
    row = speed_pairs.rows(load, speed_pairs.late_checkpoints(load))[0]
    figures = measure(row, Effort(effort.rounds, effort.seconds, peers=True, memory=False))["peers"]["kronfluence"]
    return None if "failed" in figures else round(figures["times_ours"]["median"], 2)


def _rounded(figures: dict[str, Any]) -> float:
    return round(figures["times_limit"]["median"], 3)


def everything(effort: Effort, names: list[str], only: str) -> list[dict[str, Any]]:
    """All rows of the named workloads, then pairs, arrays and growth; `only` keeps rows whose name contains it."""
    out = []
    for name in names:
        load = WORKLOADS[name]()
        out += [measure(one, effort) for one in speed_passes.rows(speed_passes.Bench.of(load)) if only in one.row]
    load = digits()
    rest: list[Comparison] = [*speed_pairs.rows(load, speed_pairs.late_checkpoints(load)), *speed_arrays.rows()]
    return out + [measure(one, effort) for one in rest if only in one.row]


def report(rows: list[dict[str, Any]], growth: list[dict[str, Any]], about: dict[str, Any]) -> str:
    """The results as Markdown."""
    missing = [package for module, package in PEERS.items() if not installed(module)]
    used = ", ".join(f"{name} {found}" for name, found in about["versions"].items())
    lines = [
        "# Speed",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['threads']} threads, load {about['load']}; "
        f"Python {about['python']}, {used}. Not installed: {', '.join(missing) or 'none'}.",
        "",
        "Ratios: median over alternated rounds (lowest to highest; of CPU seconds). MB: peak over the memory before.",
        "",
        table(rows),
    ]
    if growth:
        cells = [(g["family"], g["what"], *(f"{s:.3g}" for s in g["seconds"]), f"{g['exponent']:.2f}") for g in growth]
        columns = ("family", "sizes", "N (s)", "4 N (s)", "16 N (s)", "exponent")
        lines += ["Growth: seconds = c x size^exponent over three sizes.", "", markdown_table(columns, cells)]
    return "\n".join(lines)


def full(effort: Effort, names: list[str], only: str) -> dict[str, Any]:
    """Every row; kept in the results folder unless only some were asked for."""
    began = time.perf_counter()
    rows = everything(effort, names, only)
    growth = speed_growth.measured() if not only else []
    about = environment(list(PEERS.values())) | {"seconds": round(time.perf_counter() - began)}
    text = report(rows, growth, about)
    figures = {"environment": about, "rows": rows, "growth": growth}
    if not only and set(names) == set(WORKLOADS):
        keep("speed", figures, text)
    print(text, file=sys.stderr)
    return figures


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="Only the main ratios, in a few minutes.")
    parser.add_argument("--json", default="", metavar="FILE", help="Write the figures here; - is standard output.")
    parser.add_argument("--threads", type=int, default=0, help="Threads of every library (default: torch's own).")
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--only", default="", metavar="TEXT", help="Rows whose name contains TEXT; nothing is kept.")
    parser.add_argument("--no-peers", action="store_true", help="Leave out other libraries.")
    return parser.parse_args()


def main() -> None:
    options = parse()
    warnings.simplefilter("ignore")  # other libraries'
    set_threads(options.threads)
    effort = Effort(FULL.rounds, FULL.seconds, not options.no_peers)
    figures = quick() if options.quick else full(effort, options.workloads, options.only)
    text = json.dumps(figures, indent=1)
    if options.json == "-":
        print(text)
    elif options.json:
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    elif options.quick:
        print(text)


if __name__ == "__main__":
    main()
