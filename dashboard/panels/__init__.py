"""Parts of a step that are too big for its view: read, lay out, call an action."""
