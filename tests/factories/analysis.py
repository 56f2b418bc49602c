"""Measurements as the measuring task would have stored them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from deployments.analysis.built_in import TEMPLATES
from deployments.engine.decision import Sentence
from deployments.engine.judge import judge_value
from deployments.models import Measurement, Release


def with_templates(release: Release, *names: str) -> Release:
    """The release as if its strategy had named these built-in templates."""
    release.templates = {name: TEMPLATES[name].to_json() for name in names}
    release.save()
    return release


def measured(
    release: Release,
    template: str,
    values: Sequence[float | None],
    *,
    run: str = "background",
    stable: float | None = None,
    seconds: int = 10,
    status: str = "",
    words: Sentence | None = None,
) -> list[Measurement]:
    """One measurement of a built-in template for each value, the last of them now, judged by its rules."""
    now, rules = timezone.now(), TEMPLATES[template]
    rows = []
    for number, value in enumerate(values, 1):
        judged = judge_value(rules, value, 500)
        at = now - timedelta(seconds=seconds * (len(values) - number))
        rows.append(
            Measurement(
                release=release,
                run=run,
                template=template,
                number=number,
                at=at,
                since=at - timedelta(seconds=30),
                query=f"# {rules.name}\n{rules.query}",
                value=value,
                stable_value=stable,
                samples=500,
                weight=10,
                status=status or judged.status,
                words=(words or judged.sentence).to_json(),
            )
        )
    return Measurement.objects.bulk_create(rows)
