"""Slim rows of Kubernetes Services and EndpointSlices."""

from clusters.observe.slim.parts import Raw, Slim, mapping, mappings, text, texts

SERVICE_NAME = "kubernetes.io/service-name"


def service(raw: Raw) -> Slim:
    """type, cluster_ip, selector, ports [{name, port, target_port, protocol}]."""
    spec = mapping(raw, "spec")
    return {
        "type": text(spec, "type", limit=32),
        "cluster_ip": text(spec, "clusterIP", limit=64),
        "selector": texts(spec, "selector"),
        "ports": [
            {
                "name": text(port, "name", limit=63),
                "port": port.get("port"),
                "target_port": port.get("targetPort"),
                "protocol": text(port, "protocol", limit=16),
            }
            for port in mappings(spec, "ports")
        ],
    }


def endpoint_slice(raw: Raw) -> Slim:
    """service, and the pods behind it by what traffic they get: ready, not_ready, terminating (counts) and ready_pods.

    A missing `ready` condition means ready, as the API says; a terminating endpoint is counted only there.
    """
    ready_pods: list[str] = []
    counts = {"ready": 0, "not_ready": 0, "terminating": 0}
    for endpoint in mappings(raw, "endpoints"):
        condition = mapping(endpoint, "conditions")
        if condition.get("terminating") is True:
            counts["terminating"] += 1
        elif condition.get("ready") is False:
            counts["not_ready"] += 1
        else:
            counts["ready"] += 1
            if name := text(mapping(endpoint, "targetRef"), "name", limit=253):
                ready_pods.append(name)
    labels = texts(mapping(raw, "metadata"), "labels")
    return {"service": labels.get(SERVICE_NAME, ""), "ready_pods": ready_pods} | counts
