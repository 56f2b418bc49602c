"""The pages of clusters: one module per page."""
