"""The command line of a Slipway portal."""

__version__ = "0.1.0"
