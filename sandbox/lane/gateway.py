"""The Gateway that routes of the lane attach to, and what Traefik needs to serve it."""

import yaml

from sandbox.kubernetes_api import KubernetesApi
from sandbox.paths import PACKAGE

FIELD_MANAGER = "sandbox-lane"


def apply_gateway(api: KubernetesApi) -> None:
    """Apply gateway.yaml. Idempotent. Raises StartFailed."""
    for item in yaml.safe_load_all((PACKAGE / "lane" / "gateway.yaml").read_text(encoding="utf-8")):
        api.apply(item, manager=FIELD_MANAGER)
