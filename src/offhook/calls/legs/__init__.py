"""Legs over SIP: the only place where signalling and media meet."""
