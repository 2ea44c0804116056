"""Calls, and nothing else: who talks to whom, since when, and what became of it.

Call: the status of one leg, a value and a table. Leg: one far end, signalling and media together. ActiveCall: a call with
its leg, its script and its tasks. Switchboard: all of them. Dialling: links two calls and owns neither.
"""
