"""The JSON patches of a release. Each one tests what it replaces, so that a late or foreign hand makes it fail.

`spec.template` is written whole: apply could not remove another manager's field, so a rollback would not restore it.
"""

from __future__ import annotations

import hashlib
import json

from deployments.engine.decision import State, Write
from deployments.engine.json import Json
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Amount
from deployments.engine.workload import EPOCH, HELD, ORIGINALS, PORTAL, RELEASE, Claim, claim_of, labels_of, template_of


def escape(key: str) -> str:
    """A key as one token of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def label_path(name: str) -> str:
    """Where a label stands, as a JSON pointer."""
    return f"/metadata/labels/{escape(name)}"


def test_of(path: str, value: object) -> Json:
    """The operation that makes a patch fail unless this stands there."""
    return {"op": "test", "path": path, "value": value}


def put(path: str, value: object) -> Json:
    """The operation that writes a value, whether or not there was one."""
    return {"op": "add", "path": path, "value": value}


def tests_of_claim(deployment: Json) -> list[Json]:
    """That the object is the one that was seen, and nobody claimed it since. While nobody holds it the resourceVersion
    is tested too: only then could a stalled tick's first write land after a release has come and gone."""
    claim = claim_of(deployment)
    tests = [test_of("/metadata/uid", deployment["metadata"]["uid"])]
    if claim == Claim():
        tests.append(test_of("/metadata/resourceVersion", deployment["metadata"]["resourceVersion"]))
        return tests
    for name, value in ((PORTAL, claim.portal), (RELEASE, claim.release), (EPOCH, claim.epoch)):
        if value:
            tests.append(test_of(label_path(name), value))
    return tests


def claiming(release: ReleaseSpec, deployment: Json) -> list[Json]:
    """The operations that write this release's claim."""
    ours = {PORTAL: release.portal, RELEASE: release.id, EPOCH: str(release.epoch)}
    if not labels_of(deployment):
        return [put("/metadata/labels", ours)]
    return [put(label_path(name), value) for name, value in ours.items()]


def stamp(release: ReleaseSpec, obj: Json, *, kind: str = "Deployment", name: str = "") -> Write:
    """Claim an object with this epoch and change nothing else: what an older tick sends late now fails."""
    return Write("stamp", (*tests_of_claim(obj), *claiming(release, obj)), kind=kind, name=name)


def write_template(release: ReleaseSpec, state: State, deployment: Json) -> Write:
    """Claim, set the bounds that were asked for, and write the new template: one write begins a rolling release."""
    ops = [*tests_of_claim(deployment), *claiming(release, deployment)]
    wanted = wanted_strategy(release, deployment)
    if wanted is not None and state.originals:
        ops.append(test_of("/spec/strategy", deployment["spec"].get("strategy")))
        ops.append(put("/spec/strategy", wanted))
        ops.extend(_keep_originals(deployment, state.originals))
    ops.append(test_of("/spec/template", template_of(deployment)))
    ops.append({"op": "replace", "path": "/spec/template", "value": release.template_to})
    return Write("write", tuple(ops))


def without_hold(deployment: Json) -> list[Json]:
    """The operations that take away `spec.paused` where a release has set it for a person, with its mark."""
    if HELD not in labels_of(deployment):
        return []
    ops: list[Json] = [{"op": "remove", "path": label_path(HELD)}]
    if deployment["spec"].get("paused"):
        ops += [test_of("/spec/paused", True), {"op": "remove", "path": "/spec/paused"}]
    return ops


def let_go(release: ReleaseSpec, state: State, deployment: Json, *, why: str, template: Json | None = None) -> Write:
    """Take our labels and a pause of ours away and put the bounds back; with `template`, that template comes back in
    the same write."""
    ops = [*tests_of_claim(deployment), *without_hold(deployment)]
    ops += [
        {"op": "remove", "path": label_path(name)} for name in (PORTAL, RELEASE, EPOCH) if name in labels_of(deployment)
    ]
    annotations = deployment["metadata"].get("annotations") or {}
    if ORIGINALS in annotations:
        ops.append({"op": "remove", "path": f"/metadata/annotations/{escape(ORIGINALS)}"})
    if state.originals and deployment["spec"].get("strategy") == wanted_strategy(release, deployment):
        ops.append(put("/spec/strategy", state.originals["strategy"]))
    if template is not None:
        ops.append(test_of("/spec/template", template_of(deployment)))
        ops.append({"op": "replace", "path": "/spec/template", "value": template})
    return Write(why, tuple(ops))


def clean(deployment: Json) -> Write:
    """Take away claim and pause of a release that no longer runs, and put back the bounds that it noted down."""
    ops = [*tests_of_claim(deployment), *without_hold(deployment)]
    labels = labels_of(deployment)
    ops += [{"op": "remove", "path": label_path(name)} for name in (PORTAL, RELEASE, EPOCH) if name in labels]
    kept = (deployment["metadata"].get("annotations") or {}).get(ORIGINALS)
    if kept is not None:
        ops.append({"op": "remove", "path": f"/metadata/annotations/{escape(ORIGINALS)}"})
        if strategy := _strategy_in(kept):
            ops.append(put("/spec/strategy", strategy))
    return Write("clean", tuple(ops))


def _strategy_in(kept: str) -> Json | None:
    try:
        strategy = json.loads(kept).get("strategy")
    except (ValueError, AttributeError):
        # Somebody wrote something else there: nothing that could be put back.
        return None
    return strategy if isinstance(strategy, dict) else None


def clean_replica_set(replica_set: Json) -> Write | None:
    """Remove the copy of our annotation that the controller made on a ReplicaSet; None where there is none."""
    if ORIGINALS not in (replica_set["metadata"].get("annotations") or {}):
        return None
    ops = (
        test_of("/metadata/uid", replica_set["metadata"]["uid"]),
        {"op": "remove", "path": f"/metadata/annotations/{escape(ORIGINALS)}"},
    )
    return Write("clean", ops, kind="ReplicaSet", name=replica_set["metadata"]["name"])


def wanted_strategy(release: ReleaseSpec, deployment: Json) -> Json | None:
    """`spec.strategy` as the release asks for it, or None when it asks for nothing or the Deployment is Recreate."""
    asked = release.strategy
    now = deployment["spec"].get("strategy") or {}
    if (asked.max_surge is None and asked.max_unavailable is None) or now.get("type") == "Recreate":
        return None
    bounds: dict[str, Amount] = dict(now.get("rollingUpdate") or {})
    if asked.max_surge is not None:
        bounds["maxSurge"] = asked.max_surge
    if asked.max_unavailable is not None:
        bounds["maxUnavailable"] = asked.max_unavailable
    return {"type": "RollingUpdate", "rollingUpdate": bounds}


def originals_of(release: ReleaseSpec, deployment: Json) -> Json | None:
    """What has to be put back and that no ReplicaSet remembers: the bounds, when the release changes them."""
    wanted = wanted_strategy(release, deployment)
    now = deployment["spec"].get("strategy")
    return {"strategy": now} if wanted is not None and wanted != now else None


def _keep_originals(deployment: Json, originals: Json) -> list[Json]:
    text = json.dumps(originals, sort_keys=True, separators=(",", ":"))
    if not deployment["metadata"].get("annotations"):
        return [put("/metadata/annotations", {ORIGINALS: text})]
    return [put(f"/metadata/annotations/{escape(ORIGINALS)}", text)]


def fingerprint(write: Write) -> str:
    """The identity of a write but for the resourceVersion it tests: the same write is known when tried again."""
    ops = [op for op in write.ops if op["path"] != "/metadata/resourceVersion"]
    text = json.dumps([write.why, write.verb, write.key, ops, write.body], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
