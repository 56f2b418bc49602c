"""Doing one write, and telling what came of it."""

from __future__ import annotations

from clusters.connection import connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.outcome import Outcome
from deployments.engine.patches import fingerprint
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release


def perform(release: Release, write: Write) -> Outcome:
    """Send one patch to the release's cluster. Never raises for what a cluster can answer."""
    target = release.target
    path = paths.deployment(target.namespace, target.workload)
    if write.kind == "ReplicaSet":
        path = paths.replicaset(target.namespace, write.name)
    try:
        obj = connect(target.cluster, timeout_seconds=REQUEST_SECONDS).json_patch(path, write.ops)
    except ClusterUnreachable as error:
        return Outcome("ambiguous" if error.ambiguous else "unsent", words=error.detail)
    except ApiRefused as error:
        if is_admission_down(error):
            return Outcome("refused", refused=_answer(write, error), words=error.message)
        # Not the API server's own word, or its word that it broke off: the write may have been carried out before.
        if error.reason == "NotKubernetes" or (error.http_status >= 500 and error.http_status != 503):
            return Outcome("ambiguous", words=error.message)
        if error.is_temporary:
            return Outcome("unsent", words=error.message)
        return Outcome("refused", refused=_answer(write, error), words=error.message)
    return Outcome("done", obj=obj)


def _answer(write: Write, error: ApiRefused) -> Json:
    return {
        "fingerprint": fingerprint(write),
        "status": error.http_status,
        "message": error.message[:2000],
        "moved": error.is_conflict or error.is_not_found or is_failed_test(error),
    }


def is_failed_test(error: ApiRefused) -> bool:
    """Whether a 422 means that a `test` of the patch failed, not that the result is invalid: such an answer names no
    object and no causes (apiserver `handlers/patch.go`, jsonpatch ErrTestFailed)."""
    return error.is_invalid and not error.details


def is_admission_down(error: ApiRefused) -> bool:
    """Whether an admission webhook that must be asked does not answer (failurePolicy: Fail). The API server says 500,
    and has certainly stored nothing: admission comes before storage."""
    return error.http_status == 500 and "failed calling webhook" in error.message
