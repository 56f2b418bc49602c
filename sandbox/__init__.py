"""A real Kubernetes control plane on this machine, with a demo shop. Knows nothing of the portal."""
