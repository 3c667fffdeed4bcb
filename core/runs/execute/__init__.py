"""From a question to an answer: the stages, what they cost, and doing them once more."""
