"""Slipway's own metrics: counted where things happen (web.measures), read here."""
