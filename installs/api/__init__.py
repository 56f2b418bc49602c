"""Installs over REST."""
