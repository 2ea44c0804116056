"""Status callbacks: an outbox in the journal's transaction, and its delivery."""
