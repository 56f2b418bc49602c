"""What runs in the lane besides the control plane: the router, and one server that is all Pods."""

import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.build import Programs, Tool, bin_folder
from sandbox.components import Component, component_kubeconfig
from sandbox.files import write_atomically
from sandbox.paths import PACKAGE, REPOSITORY, StateFolder
from sandbox.ports import LOOPBACK

TRAEFIK = Programs(PACKAGE / "traffic", (Tool("traefik", "github.com/traefik/traefik/v3/cmd/traefik"),))
# The lane's network is its own, so that ports need not be chosen.
WEB_PORT, PING_PORT, POD_PORT = 8000, 8001, 8080
ENTRANCE = f"http://{LOOPBACK}:{WEB_PORT}"
PODS_URL = f"http://{LOOPBACK}:{POD_PORT}"


def write_router_configuration(state: StateFolder) -> None:
    """Write what Traefik is told: one entrance, and the Gateway API as the only source of routes."""
    told: dict[str, Any] = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "WARN"},
        "entryPoints": {
            "web": {"address": f"{LOOPBACK}:{WEB_PORT}"},
            "ping": {"address": f"{LOOPBACK}:{PING_PORT}"},
        },
        "ping": {"entryPoint": "ping"},
        # All else is as shipped: changes are taken up every two seconds at most.
        "providers": {"kubernetesGateway": {}},
    }
    write_atomically(state.config / "traefik.yaml", yaml.safe_dump(told, sort_keys=False))


def lane_components(state: StateFolder) -> tuple[Component, ...]:
    """Traefik and the Pods, in the order they start."""
    kubeconfig = component_kubeconfig(state, "traefik")
    traefik = ("/usr/bin/env", f"KUBECONFIG={kubeconfig}", str(bin_folder(TRAEFIK) / "traefik"))
    pods = ("/usr/bin/env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-m", "sandbox.lane.pods")
    return (
        Component(
            "pods", (*pods, "--kubeconfig", str(_kubeconfig_of_pods(state))), f"{PODS_URL}/healthz", ("kube-apiserver",)
        ),
        Component(
            "traefik",
            (*traefik, f"--configFile={state.config / 'traefik.yaml'}"),
            f"http://{LOOPBACK}:{PING_PORT}/ping",
            after=("kube-apiserver",),
        ),
    )


def _kubeconfig_of_pods(state: StateFolder) -> Path:
    # The server that is all Pods reads Pods, as the one that plays their nodes does.
    return component_kubeconfig(state, "kwok")
