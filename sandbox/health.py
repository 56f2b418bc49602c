"""Asks the components whether they are well."""

import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx

from sandbox.certificates import Pki
from sandbox.components import Component

TIMEOUT_SECONDS = 1.0


class Health:
    """Sends the health requests of one sandbox, trusting its own authority only."""

    def __init__(self, pki: Pki) -> None:
        self._trust = ssl.create_default_context(cafile=pki.authority.cert)

    def of(self, components: Iterable[Component]) -> dict[str, bool]:
        """Whether each component answers that it is well, by name. Takes TIMEOUT_SECONDS at most, about."""
        asked = list(components)
        if not asked:
            return {}
        with (
            httpx.Client(verify=self._trust, timeout=TIMEOUT_SECONDS, trust_env=False) as client,
            ThreadPoolExecutor(max_workers=len(asked)) as pool,
        ):
            answers = list(pool.map(lambda component: _is_well(client, component.health_url), asked))
        return {component.name: answer for component, answer in zip(asked, answers, strict=True)}


def _is_well(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
