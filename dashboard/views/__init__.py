"""One file per step, one `render()` each: read, lay out, call an action."""
