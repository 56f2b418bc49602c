"""Releases over REST (api.md, Releases): one module per kind of call."""
