"""The pages of releases: one module per page."""
