"""Networks of pods, services and hosts: what overlaps, and how many nodes and pods fit. Plain arithmetic."""
