"""Conferences: many calls that hear each other, in a room with a name of their account's."""
