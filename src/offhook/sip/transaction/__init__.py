"""The four transaction diagrams of RFC 3261 §17 as tables, and what walks them."""
