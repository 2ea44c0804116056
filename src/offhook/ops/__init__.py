"""Running the thing: logs, and the lifetime of a program's parts."""
