"""The only HTTP client for tenants' URLs: guarded where it connects, signed, bounded in time and size."""
