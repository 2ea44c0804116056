"""SIP (RFC 3261) as a machine without sockets, clock or randomness; ``asyncio`` drives it.

Endpoint: the top machine. Transaction: one request and its responses, by table. Dialog: a relation between two ends.
Intention: what calls want (``signalling``). Event: what came of it (``events``). Flow: between which sockets a message travels.
"""
