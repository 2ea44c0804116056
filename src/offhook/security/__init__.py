"""What guards the house: passwords, tokens, secrets at rest, signatures, and where requests may go."""
