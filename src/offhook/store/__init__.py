"""The database: one file per aggregate, its table and its queries together; every query is scoped to an account."""
