"""Services and routes of `web` in namespace `shop`, as an API server answers them, and writes done to them."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.routers import Ends
from tests.engine.model_cluster import TestFailed

ENDS = Ends("shop", "web", "web-canary", "old1", "new1", {"app": "web"})


def _object(kind: str, name: str, **spec: Any) -> Json:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{kind}-{name}", "resourceVersion": "7", "generation": 1}
    return {"kind": kind, "metadata": metadata, "spec": spec}


def service(name: str = "web", **spec: Any) -> Json:
    asked = {"clusterIP": "10.0.0.9", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
    return _object("Service", name, **{**asked, **spec})


def to(host: str, weight: int | None = None, **more: Any) -> Json:
    """One destination of a VirtualService."""
    destination = {"host": host, **({"subset": more.pop("subset")} if "subset" in more else {})}
    return {"destination": destination, **({} if weight is None else {"weight": weight}), **more}


def virtual_service(*http: Json, name: str = "web", **spec: Any) -> Json:
    return _object("VirtualService", name, hosts=["web.example"], **({"http": list(http)} if http else {}), **spec)


def destination_rule(*subsets: Json, host: str = "web", name: str = "web") -> Json:
    return _object("DestinationRule", name, host=host, subsets=list(subsets))


def ref(name: str, weight: int = 1, **more: Any) -> Json:
    """One backend of an HTTPRoute, with what the API server fills in."""
    return {"group": "", "kind": "Service", "name": name, "port": 80, "weight": weight, **more}


def rule(*refs: Json, path: str = "/", **more: Any) -> Json:
    return {"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": list(refs), **more}


def http_route(*rules: Json, name: str = "web") -> Json:
    return _object("HTTPRoute", name, parentRefs=[{"name": "edge"}], rules=list(rules))


def backend(name: str, path: str = "/") -> Json:
    return {"path": path, "pathType": "Prefix", "backend": {"service": {"name": name, "port": {"number": 80}}}}


def ingress(*paths: Json, name: str = "web", **spec: Any) -> Json:
    rules = [{"host": "web.example", "http": {"paths": list(paths)}}]
    return _object("Ingress", name, ingressClassName="nginx", rules=rules, **spec)


def written(obj: Json, write: Write) -> Json:
    """The object after a patch. Raises TestFailed."""
    changed = deepcopy(obj)
    for op in write.ops:
        *path, last = [token.replace("~1", "/").replace("~0", "~") for token in op["path"].split("/")[1:]]
        parent = changed
        for token in path:
            parent = parent[token]
        if op["op"] == "test":
            if json.dumps(parent.get(last), sort_keys=True) != json.dumps(op["value"], sort_keys=True):
                raise TestFailed(op["path"])
        elif op["op"] == "remove":
            del parent[last]
        else:
            parent[last] = deepcopy(op["value"])
    changed["metadata"]["resourceVersion"] = str(int(changed["metadata"]["resourceVersion"]) + 1)
    if changed["spec"] != obj["spec"]:
        changed["metadata"]["generation"] += 1
    return changed


def some_write(write: Write | None) -> Write:
    """The write, which has to be there."""
    assert write is not None
    return write


def made(write: Write) -> Json:
    """The object that a create makes."""
    body = deepcopy(write.body or {})
    body["metadata"] |= {"uid": f"uid-of-{write.name}", "resourceVersion": "1", "generation": 1}
    return body


def as_found(obj: Json) -> Json:
    """What has to be the same afterwards: all but what the API server counts."""
    metadata = {key: value for key, value in obj["metadata"].items() if key not in ("resourceVersion", "generation")}
    return {**obj, "metadata": metadata}
