"""From values of the core to the words, frames and tiles that panels draw: plain functions, no widgets."""
