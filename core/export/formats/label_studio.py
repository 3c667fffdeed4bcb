"""`labelstudio`: the review queue as tasks of Label Studio, with our suggestions as predictions."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np

from core.curation import label_suggested
from core.curation.review import review_queue
from core.types.examples import Modality
from core.types.review import QUEUE

from .format import ExportFormat, HandOver, write_json
from .pictures import png

_FOLDER = "labelstudio"
TASKS, CONFIG = f"{_FOLDER}/tasks.json", f"{_FOLDER}/labeling_config.xml"
FROM, TO = "label", "example"  # the names that its answers carry
_SHOWN = {
    Modality.TEXT: '<Text name="example" value="$text"/>',
    Modality.IMAGE: '<Image name="example" value="$image"/>',
}
_TABLE = '<Table name="example" value="$columns"/>'


def _write(handed: HandOver, folder: Path) -> dict[str, int]:
    rows = review_queue(handed.view, handed.rules).order[:QUEUE].tolist()
    write_json(folder / TASKS, tasks_of(handed, rows))
    (folder / CONFIG).write_bytes(_config(handed).encode())
    return {TASKS: len(rows), CONFIG: 0}


def tasks_of(handed: HandOver, rows: Sequence[int]) -> list[dict[str, Any]]:
    """These rows as tasks, in their order."""
    suggested = label_suggested(handed.view)
    return [_task(handed, row, number, suggested) for number, row in enumerate(rows, 1)]


def _config(handed: HandOver) -> str:
    choices = "\n".join(f"  <Choice value={quoteattr(name)}/>" for name in handed.view.class_names)
    shown = _SHOWN.get(handed.facts.modality, _TABLE)
    return (
        f'<View>\n {shown}\n <Choices name="{FROM}" toName="{TO}" choice="single">\n{choices}\n </Choices>\n</View>\n'
    )


def _task(handed: HandOver, row: int, number: int, suggested: np.ndarray) -> dict[str, Any]:
    view = handed.view
    given = int(view.labels[row])
    data = {
        "example_id": str(view.ids[row]),
        "given_label": view.class_names[given] if given >= 0 else "",
        **_shown(handed, row),
    }
    return {"id": number, "data": data, "predictions": _predictions(handed, row, int(suggested[row]))}


def _predictions(handed: HandOver, row: int, suggested: int) -> list[dict[str, Any]]:
    """The suggested label, else the class that the model predicts; none where there is no model."""
    view = handed.view
    guess = suggested if suggested >= 0 or view.predicted is None else int(view.predicted[row])
    if guess < 0:
        return []
    sure = 0.0 if view.predicted_prob is None else float(np.nan_to_num(view.predicted_prob[row]))
    choice = {"from_name": FROM, "to_name": TO, "type": "choices", "value": {"choices": [view.class_names[guess]]}}
    return [{"model_version": "chaffinch", "score": sure, "result": [choice]}]


def _shown(handed: HandOver, row: int) -> dict[str, Any]:
    """What the person who answers looks at."""
    facts = handed.facts
    if facts.modality is Modality.IMAGE:
        return {"image": _image(handed, row)}
    cells = {} if handed.columns is None else {str(k): str(v) for k, v in handed.columns.iloc[row].items()}
    if facts.modality is Modality.TEXT:
        return {"text": cells.get(facts.text or "", "") or str(facts.read_input(row) or "")}
    return {"columns": cells}


def _image(handed: HandOver, row: int) -> str:
    """Its file under the local storage of Label Studio, or the image itself where it was an entry of an array."""
    path = None if handed.view.source_path is None else str(handed.view.source_path[row])
    if path:
        return f"/data/local-files/?d={quote(path)}"
    pixels = handed.facts.read_input(row)
    return "" if pixels is None else f"data:image/png;base64,{base64.b64encode(png(pixels)).decode()}"


LABEL_STUDIO = ExportFormat(
    name="labelstudio",
    title="Label Studio",
    summary=f"The first {QUEUE} rows of the review queue as tasks with our suggestions, and the labeling config.",
    write=_write,
    files=(TASKS, CONFIG),
    opened_by="import tasks.json into a project with labeling_config.xml",
    needs_run=True,
)
