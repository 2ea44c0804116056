"""Telephone numbers: how they are written, where they lead and who may call them."""
