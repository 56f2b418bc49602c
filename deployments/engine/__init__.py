"""The pure part of a release: data in, data out. Imports no Django, no client, no clock and no network."""
