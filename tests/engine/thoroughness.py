"""How long the property tests of releases look for an order of things that breaks one."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings


def thorough(examples: int, *, steps: int) -> settings:
    """So many examples in `make test`, and as many as SLIPWAY_EXAMPLES says in `make soak`; each of so many steps."""
    return settings(
        max_examples=int(os.environ.get("SLIPWAY_EXAMPLES", examples)),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
