"""What istiod says of an object before the API server takes it: its validating webhook, built from Istio's module."""

from sandbox.build import Programs, Tool
from sandbox.paths import PACKAGE

VALIDATION = Programs(PACKAGE / "istio", (Tool("istiod-validation", "./validation"),))
