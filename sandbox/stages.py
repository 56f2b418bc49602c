"""What KWOK is told: the Stage files in kwok/, with the parts that they share put in."""

import re
from textwrap import indent
from typing import Any

import yaml

from sandbox.build import KUBERNETES
from sandbox.paths import PACKAGE

BEHAVIOUR_ANNOTATION = "sandbox.slipway.dev/behaviour"
BEHAVIOURS = ("errors", "slow", "unready", "nopull", "crash", "badconfig")

_TAG = f":[^/@]*-(?<word>{'|'.join(BEHAVIOURS)})(@.*)?$"
# jq: how a Pod behaves, from its annotation, else the first container image whose tag ends with a behaviour.
_BEHAVIOUR = (
    f'[(.metadata.annotations["{BEHAVIOUR_ANNOTATION}"] // empty),'
    f' (.spec.containers[].image | capture("{_TAG}") | .word)] | .[0] // "serves"'
)
_EXPRESSIONS = {
    "behaviour": _BEHAVIOUR,
    "is-ready": '[.status.conditions[]? | select(.type == "Ready") | .status][0]',
    "pull-error": (
        'printf "rpc error: code = NotFound desc = failed to pull and unpack image %q: '
        'failed to resolve reference %q: %s: not found" .image .image .image'
    ),
    "kubernetes": KUBERNETES,
}
_MARK = re.compile(r"<<([a-z-]+)>>")
_MARK_ALONE_ON_LINE = re.compile(r"^( *)<<([a-z-]+)>>$", re.MULTILINE)


def stages() -> list[dict[str, Any]]:
    """All Stage resources, ready for KWOK."""
    fragments: dict[str, str] = yaml.safe_load((PACKAGE / "kwok" / "fragments.yaml").read_text(encoding="utf-8"))
    parts = fragments | _EXPRESSIONS
    found: list[dict[str, Any]] = []
    for name in ("node-stages.yaml", "pod-stages.yaml"):
        documents = yaml.safe_load_all((PACKAGE / "kwok" / name).read_text(encoding="utf-8"))
        found.extend(_filled(document, parts) for document in documents)
    return found


def _filled(value: Any, parts: dict[str, str]) -> Any:
    """`value` with every <<name>> in its strings replaced. An unknown name raises KeyError."""
    if isinstance(value, dict):
        return {key: _filled(item, parts) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, parts) for item in value]
    if isinstance(value, str):
        whole_lines = _MARK_ALONE_ON_LINE.sub(lambda mark: indent(parts[mark[2]].rstrip(), mark[1]), value)
        return _MARK.sub(lambda mark: parts[mark[1]], whole_lines)
    return value
