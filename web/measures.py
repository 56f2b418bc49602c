"""What Slipway counts about itself, each once, for Prometheus. Every process counts its own; sums are Prometheus' work.

Labels never hold what callers choose freely, nor names of people, services or hosts.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

REQUESTS = Histogram(
    "slipway_http_request_seconds",
    "Time to answer a request, by the route's pattern.",
    ("method", "route", "status"),
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
TASKS = Histogram(
    "slipway_task_seconds",
    "Time that a task took; deployments.tasks.advance is a moment of ticks of releases.",
    ("task", "outcome"),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
TICK_FAILURES = Counter(
    "slipway_tick_failures", "Looks at a release that broke off; the next one is ten seconds later."
)
WRITES = Counter(
    "slipway_cluster_writes",
    "Writes of releases to clusters, by what they were for and what came of them.",
    ("why", "outcome"),
)
RELEASES = Histogram(
    "slipway_release_seconds",
    "From the start of a release to its end, by how it ended.",
    ("status",),
    buckets=(5, 15, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600),
)
MEASUREMENTS = Counter("slipway_measurements", "Measurements of analysis templates, by what they came to.", ("status",))
PUBLISH_FAILURES = Counter("slipway_live_publish_failures", "Words to open pages that the broker did not take.")
ORPHANS = Counter("slipway_orphans_cleaned", "Claims taken away because no running release stood behind them.")
