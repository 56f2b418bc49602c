"""A CI job shows who it is by a token that its CI system signed, and gets a short-lived token of a robot for it."""
