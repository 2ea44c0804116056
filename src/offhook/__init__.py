"""offhook: a programmable voice platform. A phone call runs a web application."""

__version__ = "0.1.0"
