"""Slim rows of Kubernetes Events."""

from clusters.observe.slim.parts import Raw, Slim, mapping, number, text


def event(raw: Raw) -> Slim:
    """type, reason, message, count, first, last, component, involved {kind, namespace, name, uid, field}.

    Older components fill firstTimestamp/lastTimestamp/count, newer ones eventTime/series: both end in the same fields.
    """
    involved, series = mapping(raw, "involvedObject"), mapping(raw, "series")
    happened = text(raw, "eventTime", limit=40)
    created = text(mapping(raw, "metadata"), "creationTimestamp", limit=40)
    return {
        "type": text(raw, "type", limit=32),
        "reason": text(raw, "reason", limit=256),
        "message": text(raw, "message"),
        "count": number(series, "count") or number(raw, "count", default=1),
        "first": text(raw, "firstTimestamp", limit=40) or happened or created,
        "last": text(series, "lastObservedTime", limit=40)
        or text(raw, "lastTimestamp", limit=40)
        or happened
        or created,
        "component": text(mapping(raw, "source"), "component") or text(raw, "reportingComponent"),
        "involved": {
            "kind": text(involved, "kind", limit=128),
            "namespace": text(involved, "namespace", limit=63),
            "name": text(involved, "name", limit=253),
            "uid": text(involved, "uid", limit=64),
            "field": text(involved, "fieldPath", limit=253),
        },
    }
