"""Strategies as data: RollingUpdate, Canary and BlueGreen, and the steps of a canary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deployments.engine.json import Json

Amount = int | str

DEADLINE_SECONDS = 600
SETTLE_SECONDS = 5
ABORT_SCALE_DOWN_SECONDS = 30
CANARY_READY_SECONDS = 120
SCALE_DOWN_SECONDS = 30
APPROVAL_SECONDS = 86_400
STICKY_SECONDS = 3600
TRAFFIC = ("replicas", "istio", "gateway_api", "nginx")


@dataclass(frozen=True)
class SetWeight:
    """Give the new version this share of replicas or requests, in percent."""

    weight: int

    kind = "set_weight"

    def to_json(self) -> Json:
        return {"set_weight": self.weight}


@dataclass(frozen=True)
class Pause:
    """Hold for so many seconds since the step began; None: until somebody promotes."""

    seconds: int | None = None

    kind = "pause"

    def to_json(self) -> Json:
        return {"pause": {} if self.seconds is None else {"seconds": self.seconds}}


@dataclass(frozen=True)
class Analyse:
    """Measure until each template has passed or failed. A None leaves what the template says."""

    templates: tuple[str, ...]
    interval_seconds: int | None = None
    count: int | None = None

    kind = "analysis"

    def to_json(self) -> Json:
        said = {"interval_seconds": self.interval_seconds, "count": self.count}
        given = {name: value for name, value in said.items() if value is not None}
        return {"analysis": {"templates": list(self.templates), **given}}


@dataclass(frozen=True)
class Approve:
    """Wait for voices: `required` of `team` ("": the team that owns the service)."""

    required: int = 1
    team: str = ""
    expires_seconds: int | None = APPROVAL_SECONDS
    on_expiry: str = "pause"

    kind = "approval"

    def to_json(self) -> Json:
        asked: Json = {"required": self.required, "on_expiry": self.on_expiry}
        asked |= {"team": self.team} if self.team else {}
        asked |= {"expires_seconds": self.expires_seconds} if self.expires_seconds is not None else {}
        return {"approval": asked}


@dataclass(frozen=True)
class HeaderRoute:
    """Send requests with this header to the new version, whatever the weight: `value` exact, or `prefix`, or `regex`.
    Without a match the route of that name is taken away again."""

    name: str
    header: str = ""
    match: str = "exact"
    value: str = ""

    kind = "set_header_route"

    def to_json(self) -> Json:
        asked: Json = {"name": self.name}
        if self.header:
            asked["match"] = {"header": self.header, self.match: self.value}
        return {"set_header_route": asked}


@dataclass(frozen=True)
class Mirror:
    """Copy this share of requests to the new version, in percent; its answers are thrown away. 0: no longer."""

    percent: int

    kind = "set_mirror"

    def to_json(self) -> Json:
        return {"set_mirror": self.percent}


Step = SetWeight | Pause | Analyse | Approve | HeaderRoute | Mirror


@dataclass(frozen=True)
class Sticky:
    """Keep a session with the version that first answered it: a cookie of this name, for so many seconds. A weight then
    is the share of new sessions."""

    cookie: str
    seconds: int = STICKY_SECONDS

    def to_json(self) -> Json:
        return {"cookie": self.cookie, "seconds": self.seconds}


@dataclass(frozen=True)
class RollingUpdate:
    """Replace pods in waves. A bound that is None leaves what the Deployment itself says."""

    max_surge: Amount | None = None
    max_unavailable: Amount | None = None
    progress_deadline_seconds: int = DEADLINE_SECONDS
    on_failure: str = "abort"

    type = "rolling"

    def to_json(self) -> Json:
        return {"type": self.type, **_common(self)}


@dataclass(frozen=True)
class Canary:
    """Give the new version a growing share, step by step; `analysis` runs in the background from the first weight."""

    steps: tuple[Step, ...]
    traffic: str = "replicas"
    analysis: Analyse | None = None
    max_surge: Amount | None = None
    max_unavailable: Amount | None = None
    progress_deadline_seconds: int = DEADLINE_SECONDS
    on_failure: str = "abort"
    canary_replicas: int | None = None
    route_settle_seconds: int = SETTLE_SECONDS
    abort_scale_down_delay_seconds: int = ABORT_SCALE_DOWN_SECONDS
    canary_ready_timeout_seconds: int = CANARY_READY_SECONDS
    sticky: Sticky | None = None

    type = "canary"

    def to_json(self) -> Json:
        return {
            "type": self.type,
            "traffic": self.traffic,
            "steps": [step.to_json() for step in self.steps],
            **({"analysis": self.analysis.to_json()["analysis"]} if self.analysis else {}),
            **_common(self),
            **({} if self.canary_replicas is None else {"canary_replicas": self.canary_replicas}),
            "route_settle_seconds": self.route_settle_seconds,
            "abort_scale_down_delay_seconds": self.abort_scale_down_delay_seconds,
            "canary_ready_timeout_seconds": self.canary_ready_timeout_seconds,
            **({"sticky": self.sticky.to_json()} if self.sticky else {}),
        }


@dataclass(frozen=True)
class BlueGreen:
    """Bring the whole new version up beside the old one, try it behind a preview Service, then switch the Service.

    `auto_promote_seconds` None: a person promotes. `approval`: voices needed before the switch.
    """

    preview_replicas: int | None = None
    auto_promote_seconds: int | None = None
    auto_abort_seconds: int | None = None
    scale_down_delay_seconds: int = SCALE_DOWN_SECONDS
    abort_scale_down_delay_seconds: int = ABORT_SCALE_DOWN_SECONDS
    pre_promotion: Analyse | None = None
    post_promotion: Analyse | None = None
    approval: Approve | None = None
    max_surge: Amount | None = None
    max_unavailable: Amount | None = None
    progress_deadline_seconds: int = DEADLINE_SECONDS
    on_failure: str = "abort"

    type = "blue_green"

    def to_json(self) -> Json:
        named = ("preview_replicas", "auto_promote_seconds", "auto_abort_seconds")
        given = {name: getattr(self, name) for name in named if getattr(self, name) is not None}
        runs = {"pre_promotion": self.pre_promotion, "post_promotion": self.post_promotion}
        return {
            "type": self.type,
            **given,
            **{name: run.to_json()["analysis"] for name, run in runs.items() if run},
            **({"approval": self.approval.to_json()["approval"]} if self.approval else {}),
            "scale_down_delay_seconds": self.scale_down_delay_seconds,
            "abort_scale_down_delay_seconds": self.abort_scale_down_delay_seconds,
            **_common(self),
        }


Strategy = RollingUpdate | Canary | BlueGreen

# What the bare name "canary" means where neither target nor environment says otherwise.
DEFAULT_STEPS: tuple[Step, ...] = (SetWeight(10), Pause(60), SetWeight(50), Pause(60))


def _common(strategy: RollingUpdate | Canary | BlueGreen) -> Json:
    return {
        "max_surge": strategy.max_surge,
        "max_unavailable": strategy.max_unavailable,
        "progress_deadline_seconds": strategy.progress_deadline_seconds,
        "on_failure": strategy.on_failure,
    }


@dataclass(frozen=True)
class AnalysisTemplate:
    """What is measured and when it is good enough (delivery.md, Analysis).

    `query` and `samples` are PromQL with {{service}} {{namespace}} {{stable}} {{canary}} {{window}}; `samples` counts
    what the value stands on, for `min_samples`. `version_label` is the label by which the two versions are told apart:
    "pod" (its values are matched by Pod name) or one that holds the pod-template-hash.
    `success` and `failure` are conditions on `result`; `compare` names a built-in rule that is judged from counts of
    both versions instead. `dry_run`: measured and shown, never decides.
    """

    name: str
    query: str = ""
    samples: str = ""
    version_label: str = "pod"
    success: str = ""
    failure: str = ""
    compare: str = ""
    interval_seconds: int = 30
    count: int = 5
    initial_delay_seconds: int = 0
    failure_limit: int = 0
    inconclusive_limit: int = 3
    error_limit: int = 4
    min_samples: int = 0
    on_error: str = "pause"
    dry_run: bool = False
    window_seconds: int = 60
    parameters: Json = field(default_factory=dict)

    def to_json(self) -> Json:
        return dict(vars(self))

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> AnalysisTemplate:
        known = set(cls.__dataclass_fields__)
        return cls(**{name: value for name, value in stored.items() if name in known})
