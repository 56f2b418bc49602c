"""Requests counted while releases go on: a real router, Pods that answer, failures that show."""
