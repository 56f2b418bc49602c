"""Promotion: bringing what runs in one environment to the next: the gates in between, the matrix, many at once."""
