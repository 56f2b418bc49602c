"""The numbers that demo Pods show: CEL expressions that KWOK evaluates for every Pod at each scrape.

All are functions of a Pod's age alone, so they only grow, and go on where they were when KWOK is restarted.
"""

from typing import Any

from sandbox.stages import BEHAVIOUR_ANNOTATION

NAME = "demo-requests"
PATH = "/metrics/nodes/{nodeName}/pods"
# Prometheus drops series with this label: KWOK itself cannot leave a Pod out.
SILENT_LABEL = "silent"

# Share of requests in each latency bucket (upper bound in seconds), not cumulative. p99 is 0.18 s and 3 s.
LATENCY_SERVES = {0.025: 0.52, 0.05: 0.30, 0.1: 0.1615, 0.25: 0.016, 0.5: 0.002, 1.0: 0.0005}
LATENCY_SLOW = {0.1: 0.05, 0.25: 0.20, 0.5: 0.35, 1.0: 0.25, 2.5: 0.1375, 5.0: 0.0125}
ERRORS_BAD, ERRORS_NORMAL = 0.2, 0.002


def metric(*, requests: bool = True) -> dict[str, Any]:
    """The Metric resource for KWOK; without `requests` where real ones are counted."""
    series = [*_requests(), *_durations()] if requests else []
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Metric",
        "metadata": {"name": NAME},
        "spec": {"path": PATH, "metrics": [*series, *_resources()]},
    }


def _behaves(*words: str) -> str:
    """Whether the Pod behaves by one of `words`. Plain comparisons: CEL compiles a regular expression each time."""
    key = f'"{BEHAVIOUR_ANNOTATION}"'
    annotated = " || ".join(f'pod.metadata.annotations[{key}] == "{word}"' for word in words)
    tagged = " || ".join(f'c.image.endsWith("-{word}") || c.image.contains("-{word}@")' for word in words)
    return f"({key} in pod.metadata.annotations ? {annotated} : pod.spec.containers.exists(c, {tagged}))"


def _label(name: str) -> str:
    return f'("{name}" in pod.metadata.labels ? pod.metadata.labels["{name}"] : "")'


_SERVICE = f'("app" in pod.metadata.labels ? {_label("app")} : {_label("app.kubernetes.io/name")})'
# KWOK's CEL cannot see conditions. It decides itself who becomes Ready, so that this comes to the same.
_SILENT = f'pod.status.phase == "Running" && !{_behaves("unready", "nopull", "crash", "badconfig")} ? "" : "yes"'
_AGE = "pod.SinceSecond()"


def _zigzag(period_seconds: float) -> str:
    """A number that rises by 1 a second for half the period and falls as fast for the other half."""
    phase = f"({_AGE} - {period_seconds} * double(int({_AGE} / {period_seconds})))"
    return f"({phase} < {period_seconds / 2} ? {phase} : {period_seconds} - {phase})"


# Requests so far: 8 to 24 a second by the length of the name, a third more or less over the minutes. The slope of
# each zigzag is at most its factor, and the factors add up to less than 1, so that the sum never falls.
_PER_SECOND = f"(8.0 + 4.0 * double(size({_SERVICE}) % 5))"
_REQUESTS = f"({_PER_SECOND} * ({_AGE} + 0.2 * {_zigzag(190.0)} + 0.13 * {_zigzag(74.0)}))"
_ERROR_SHARE = f"({_behaves('errors')} ? {ERRORS_BAD} : {ERRORS_NORMAL})"

_POD_LABELS = {
    "namespace": "pod.metadata.namespace",
    "pod": "pod.metadata.name",
    "service": _SERVICE,
    "app": _label("app"),
    "pod_template_hash": _label("pod-template-hash"),
    SILENT_LABEL: _SILENT,
}


def _labels(**more: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in (_POD_LABELS | more).items()]


def _requests() -> list[dict[str, Any]]:
    # Whole numbers, so that a rate never shows a part of a request.
    errors = f"double(int({_REQUESTS} * {_ERROR_SHARE}))"
    values = {"200": f"double(int({_REQUESTS})) - {errors}", "500": errors}
    return [
        {
            "name": "http_requests_total",
            "help": "Requests the demo Pod answered, by status code.",
            "kind": "counter",
            "dimension": "pod",
            "labels": _labels(code=f'"{code}"'),
            "value": value,
        }
        for code, value in values.items()
    ]


def _durations() -> list[dict[str, Any]]:
    """The series of a histogram one by one: KWOK's own histograms lose their labels when they are written."""
    series = []
    for bound in [*sorted(LATENCY_SERVES.keys() | LATENCY_SLOW.keys()), float("inf")]:
        share = _by_pace(
            *(sum(latency[le] for le in latency if le <= bound) for latency in (LATENCY_SERVES, LATENCY_SLOW))
        )
        le = "+Inf" if bound == float("inf") else f"{bound:g}"
        series.append(_duration("bucket", f"double(int({_REQUESTS} * {share}))", _labels(le=f'"{le}"')))
    # A request takes about 0.7 of its bucket's bound.
    mean = _by_pace(*(sum(0.7 * le * latency[le] for le in latency) for latency in (LATENCY_SERVES, LATENCY_SLOW)))
    series.append(_duration("sum", f"{_REQUESTS} * {mean}", _labels()))
    series.append(_duration("count", f"double(int({_REQUESTS}))", _labels()))
    return series


def _by_pace(serves: float, slow: float) -> str:
    """CEL for one of two numbers. Both are written with a point: CEL mixes no integers in."""
    return f"({_behaves('slow')} ? {slow:.6f} : {serves:.6f})"


def _duration(part: str, value: str, labels: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "name": f"http_request_duration_seconds_{part}",
        "help": "How long the demo Pod took to answer, in seconds.",
        "kind": "counter",
        "dimension": "pod",
        "labels": labels,
        "value": value,
    }


def _resources() -> list[dict[str, Any]]:
    labels = [label for label in _labels(container="container.name") if label["name"] not in ("service", "app")]
    cpu = f"{_REQUESTS} * ({_behaves('slow')} ? 0.012 : 0.004)"
    memory = f"6.0e7 + 2.0e6 * double(size({_SERVICE})) + 1.0e5 * {_zigzag(190.0)}"
    return [
        {
            "name": "container_cpu_usage_seconds_total",
            "help": "Processor time the container used, in seconds.",
            "kind": "counter",
            "dimension": "container",
            "labels": labels,
            "value": cpu,
        },
        {
            "name": "container_memory_working_set_bytes",
            "help": "Memory the container holds, in bytes.",
            "kind": "gauge",
            "dimension": "container",
            "labels": labels,
            "value": memory,
        },
    ]


def prometheus_config(kwok_port: int | None, *, also: dict[str, int]) -> dict[str, Any]:
    """What Prometheus scrapes: a page of Pods for each node, found through KWOK (None: none of them); `also` has ports
    by further jobs."""
    # What Pods say of themselves, themselves among their labels.
    further = [
        {
            "job_name": job,
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "honor_labels": True,
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
        }
        for job, port in also.items()
    ]
    return {
        "global": {"scrape_interval": "5s", "scrape_timeout": "5s", "evaluation_interval": "5s"},
        "scrape_configs": [*([_pods_job(kwok_port)] if kwok_port else []), *further],
    }


def _pods_job(kwok_port: int) -> dict[str, Any]:
    return {
        "job_name": "sandbox-pods",
        "http_sd_configs": [{"url": f"http://127.0.0.1:{kwok_port}/discovery/prometheus", "refresh_interval": "5s"}],
        "relabel_configs": [
            # All pages come from one address: without this the targets would count as one.
            {"source_labels": ["__metrics_path__"], "regex": ".*/nodes/([^/]+)/.*", "target_label": "node"},
            {"regex": "metrics_name", "action": "labeldrop"},
        ],
        "metric_relabel_configs": [
            {"source_labels": [SILENT_LABEL], "regex": "yes", "action": "drop"},
            {"regex": SILENT_LABEL, "action": "labeldrop"},
        ],
    }
