"""Pieces of the screen. Each draws one value; one that listens to the browser is lent a `Slot` for its memory."""
