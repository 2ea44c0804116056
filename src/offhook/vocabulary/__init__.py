"""What every package may say: sids, statuses, the clock. Imports nothing of offhook."""
