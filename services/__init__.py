"""The catalog: services, the environments they run in, and the targets that tie them to workloads."""
