"""Arrays that lie in a file beside those that are read: embeddings that are used, and the others, which are named."""

from __future__ import annotations

from collections.abc import Collection

from core.types.examples import Finding

from .array_archives import Header
from .array_file import CLASS_NAMES, ArrayFile

SIGNALS = {
    "logits": ("logit",),
    "probabilities": ("prob", "out_of_fold", "oof"),
    "embeddings": ("embed", "feature", "vector"),
}
_NO_SIGNAL = ("argmax", "label")


def may_be_signal(header: Header) -> bool:
    """Whether an array holds numbers of the right shape, and none that are classes."""
    named_otherwise = any(word in header.name.lower() for word in _NO_SIGNAL)
    return header.dtype.kind in "fiu" and 2 <= len(header.shape) <= 4 and not named_otherwise


def signal_named(header: Header) -> str | None:
    """Which signal an array holds by its name and shape: logits [(S,) T, N, C] or [N, C], probabilities, embeddings."""
    name = header.name.lower()
    if not may_be_signal(header):
        return None
    for kind, words in SIGNALS.items():
        if any(word in name for word in words) and (kind == "logits" or len(header.shape) == 2):
            return kind
    return None


def embeddings_beside(file: ArrayFile, inputs: str) -> Header | None:
    """The first array of embeddings [N, d] beside images or features [N, ...]."""
    count = file.header(inputs).shape[0]
    others = [h for h in file.headers.values() if h.name != inputs and h.shape[:1] == (count,)]
    return next((h for h in others if signal_named(h) == "embeddings"), None)


def beside_findings(file: ArrayFile, inputs: str) -> list[Finding]:
    """One line on the embeddings that a run takes, one on each recorded output that it does not."""
    found, used = [], {inputs}
    if header := embeddings_beside(file, inputs):
        used.add(header.name)
        words = f'a run takes its embedding from the array "{header.name}" {header.shape}'
        found.append(Finding("embeddings", header.shape[0], words))
    return found + unused_findings(file, used, file.header(inputs).shape[0])


def unused_findings(file: ArrayFile, used: Collection[str], count: int) -> list[Finding]:
    """A warning that names the arrays which are no part of anything."""
    others = [h for h in file.headers.values() if h.name not in used and h.name not in CLASS_NAMES]
    left = [h for h in others if h.shape != (count,)]  # those of one value a row are columns
    if not left:
        return []
    listed = ", ".join(f'"{h.name}" {h.shape}' for h in left[:8]) + (", ..." if len(left) > 8 else "")
    recorded = any(signal_named(h) in ("logits", "probabilities") for h in left)
    hint = "; to score what was recorded, read the file as recorded outputs (--modality trace)" if recorded else ""
    return [Finding("unused", len(left), f"not used: {listed}{hint}", level="warning")]
