"""Trunks: the ways to other networks. Which one a number takes, as whom, how many calls at once, and whether it is up.

Plain data and small machines; ``exchange`` holds what lives. Time and randomness are arguments. No socket, no database.
"""
