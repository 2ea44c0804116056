"""The tables' history, run at every start."""
