"""Measurements of offhook on this machine. Each module runs alone (``python -m bench.calls``) or all by ``make bench``."""
