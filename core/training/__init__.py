"""Floor 3: leave evidence behind. Importing it imports torch: do so only where something is trained."""

from .evidence import gather_evidence
from .loop import train
from .passes import run_pass
from .plan import TrainingPlan

__all__ = ["TrainingPlan", "gather_evidence", "train", "run_pass"]
