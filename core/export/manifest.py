"""`manifest.json`: all that is needed to understand, check and repeat an export."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np

from core.curation import ScoreView, noise_estimate, train_counts
from core.curation.reasons import reason_words
from core.types.curation import Action, Decision, Outcome, Rules

from .weights import WEIGHTS, weight_named

FORMAT = "chaffinch-export"
VERSION = 2  # 1: the distance to the cut was called margin, near-duplicates went unasked
_PLACE = re.compile(r"(?:/|[A-Za-z]:[\\/]|\\\\|~[/\\])")


def build_manifest(
    view: ScoreView,
    rules: Rules,
    decisions: Mapping[str, Decision],
    outcome: Outcome,
    provenance: Mapping[str, Any],
    outputs: Mapping[str, Any],
    weight: str = "",
) -> dict[str, Any]:
    """Plain JSON values without times, absolute paths, user or host names. weight: named unless it is the default."""
    log = decisions_to_json(decisions)
    manifest = {
        "format": FORMAT,
        "format_version": VERSION,
        "dataset": {
            "name": without_places(view.name),
            "fingerprint": view.fingerprint,
            "rows": len(view),
            "class_names": list(view.class_names),
            "label_column": view.label_column,
            "id_column": view.id_column,
        },
        "rules": rules.to_json(),
        "reasons": reason_words(outcome),
        "decisions": log,
        "decisions_sha256": hashlib.sha256(to_text(log).encode()).hexdigest(),
        "scores": {name: _score(view, name) for name in view.scores},
        "score_order": list(view.scores),
        "predicted_how": view.predicted_how if view.predicted is not None else None,
        "counts": _counts(view, outcome),
        "provenance": plain(provenance),
        "warnings": list(export_warnings(view, outcome, provenance)),
        "noise_estimate": plain(asdict(estimate)) if (estimate := noise_estimate(view)) else None,
        "outputs": dict(outputs),
        "near_duplicates_asked": asdict(outcome.near_duplicates) if outcome.near_duplicates else None,
        **({"sample_weight": weight} if weight_named(weight) is not WEIGHTS[0] else {}),
    }
    manifest["manifest_sha256"] = manifest_hash(manifest)
    return manifest


def export_warnings(view: ScoreView, outcome: Outcome, provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person should know before using the export: those of the outcome, then where the numbers come from."""
    lines = list(outcome.warnings)
    if view.predicted is not None and view.predicted_how != "out_of_fold":
        lines.append("Predictions are in-sample: they hide labels that the model has memorized.")
    if not provenance.get("check"):
        lines.append("No check was run: whether this rule beats dropping at random is not known.")
    if provenance.get("unfinished"):
        lines.append(
            f"The run is not finished ({provenance['unfinished']}): scores that come later are not part of this export."
        )
    return tuple(lines)


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """sha256 over everything but the hash itself."""
    return hashlib.sha256(to_text({k: v for k, v in manifest.items() if k != "manifest_sha256"}).encode()).hexdigest()


def to_text(value: Any) -> str:
    """Sorted keys, one line per entry, LF at the end."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def decisions_to_json(decisions: Mapping[str, Decision]) -> dict[str, Any]:
    """id -> what a person said, without empty entries."""
    out = {}
    for key, d in decisions.items():
        entry = {
            "action": str(d.action.value) if d.action else None,
            "label": d.label,
            "note": d.note or None,
            "reviewed": d.reviewed or None,
            "sampled": d.sampled or None,
        }
        filled = {k: v for k, v in entry.items() if v is not None}
        if filled:
            out[str(key)] = filled
    return out


def decisions_from_json(plain_log: Mapping[str, Any]) -> dict[str, Decision]:
    """The inverse of `decisions_to_json`."""
    return {
        key: Decision(
            Action(d["action"]) if "action" in d else None,
            d.get("label"),
            d.get("note", ""),
            d.get("reviewed", False),
            d.get("sampled", False),
        )
        for key, d in plain_log.items()
    }


def _score(view: ScoreView, name: str) -> dict[str, Any]:
    c = view.scores[name]
    return {
        "direction": c.direction,
        "group": c.group,
        "orientation": plain(c.orientation),
        "seeds": c.seed_count,
        "skill": plain(c.skill),
        "inspect_first": c.inspect_first,
        "has_spread": c.standard_deviation is not None,
        "has_flags": c.flags is not None,
        "definition": plain(c.definition),
    }


def _counts(view: ScoreView, outcome: Outcome) -> dict[str, Any]:
    before, after = (counts.tolist() for counts in train_counts(view, outcome))
    sources, numbers = np.unique(outcome.source, return_counts=True)
    return {
        **outcome.counts,
        "by_source": dict(zip(sources.tolist(), numbers.tolist(), strict=True)),
        "training_rows_by_class": dict(zip(view.class_names, map(list, zip(before, after, strict=True)), strict=True)),
    }


def plain(value: Any) -> Any:
    """JSON values: arrays as lists, NaN as null, absolute paths as bare names."""
    if isinstance(value, Mapping):
        return {str(without_places(str(k))): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    return without_places(str(value))


def without_places(text: str) -> str:
    """An absolute path becomes its last part: where something lay says who exported it."""
    if not _PLACE.match(text) or "\n" in text:
        return text
    return PureWindowsPath(text).name if "\\" in text else PurePosixPath(text).name
