"""Makes a cluster that answers into one with nodes, the kinds of meshes and gateways, and a shop."""

import logging

from sandbox.bootstrap import bootstrap, nodes_are_ready, release_nodes
from sandbox.components import api_url
from sandbox.configuration import Configuration
from sandbox.definitions import apply_definitions_once, are_served
from sandbox.errors import StartFailed
from sandbox.kubernetes_api import KubernetesApi
from sandbox.lane.gateway import apply_gateway
from sandbox.shop import apply_shop_once

WAITING_FOR_NODES = "waiting for the nodes"

log = logging.getLogger("sandbox")


class Furnishing:
    """The steps of one start. A step that fails is done again at the next call of `advance`; `why` tells why it did."""

    STEPS = 5

    def __init__(self, configuration: Configuration) -> None:
        self._api = KubernetesApi(api_url(configuration.ports), configuration.pki)
        self._is_lane = configuration.is_lane
        self.done = 0
        self.doing = "giving KWOK access and making nodes"
        self.why = ""

    @property
    def is_bootstrapped(self) -> bool:
        return self.done >= 1

    @property
    def is_complete(self) -> bool:
        return self.done == self.STEPS

    def advance(self, well: set[str]) -> None:
        """Do the next step if the API server can bear it."""
        if "kube-apiserver" not in well or self.is_complete:
            return
        try:
            if self.done == 0:
                bootstrap(self._api)
                self.done, self.doing = 1, "applying the kinds of Istio and the Gateway API"
            elif self.done == 1:
                # The nodes become ready meanwhile. A kind that somebody deleted is not waited for.
                applied = apply_definitions_once(self._api)
                self.done, self.doing = (2, "waiting for these kinds") if applied else (3, WAITING_FOR_NODES)
            elif self.done == 2 and are_served(self._api):
                self.done, self.doing = 3, WAITING_FOR_NODES
            elif self.done == 3 and nodes_are_ready(self._api):
                self.done, self.doing = 4, "applying the gateway" if self._is_lane else "applying the demo shop"
            elif self.done == 4:
                (apply_gateway if self._is_lane else apply_shop_once)(self._api)
                self.done, self.doing = 5, "done"
        except StartFailed as error:
            self.why = str(error)

    def release_nodes(self) -> None:
        """Let the KWOK that is about to start play the nodes at once. If this fails it only takes seconds longer."""
        try:
            release_nodes(self._api)
        except StartFailed as error:
            log.info("the nodes' leases were not released: %s", error)
