"""The REST API: one implementation, two dialects, HTTPS only.

Dialect: what the base path says about rendering. Wire: forms, PascalCase, XML and JSON. Ports: all that a request may touch.
"""
