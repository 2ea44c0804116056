"""The wire of the REST API: form bodies in, JSON and XML out. Nothing outside this package knows how names are spelt there."""
