"""Applications that a user would write, and what starts them. Every one is executed by a test."""
