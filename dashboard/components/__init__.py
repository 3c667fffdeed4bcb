"""Pieces of the screen: each draws one thing from one value, computes nothing and keeps no state of its own."""
