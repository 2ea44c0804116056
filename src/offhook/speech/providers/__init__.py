"""One speech engine, one file."""
