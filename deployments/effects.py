"""Doing one write, and telling what came of it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.outcome import Outcome
from deployments.engine.patches import fingerprint
from deployments.engine.workload import claim_of
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release


def perform(release: Release, write: Write) -> Outcome:
    """Send one write to the release's cluster. Never raises for what a cluster can answer.

    What was made before counts as made, and what is gone as deleted: any write may be sent twice. An object of the same
    name that is not of this release is a refusal (`moved`), whatever the verb.
    """
    target = release.target
    try:
        door = connect(target.cluster, timeout_seconds=REQUEST_SECONDS)
        obj = _send(door, target.namespace, write.name or target.workload, write)
    except Foreign as error:
        return Outcome("refused", refused=_foreign(write, error), words=str(error))
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


class Foreign(Exception):
    """An object of the wanted name is there and does not carry this release's claim."""


def _send(door: Door, namespace: str, name: str, write: Write) -> Json | None:
    """Do it and answer the object as it is now, None once it is deleted. Raises what the door raises, and Foreign."""
    path = paths.of_kind(write.kind, namespace, name)
    if write.verb == "patch":
        return door.json_patch(path, write.ops)
    if write.verb == "delete":
        _delete(door, path, write)
        return None
    body = write.body or {}
    if write.verb == "create":
        return _create(door, paths.all_of_kind(write.kind, namespace), path, body, write)
    if not write.uid:
        # An apply would adopt whatever has this name; with a uid it fails on any other object.
        _require_ours(_found(door, path), body, write)
        return door.apply(path, body, force=True)
    metadata = {**(body.get("metadata") or {}), "uid": write.uid}
    return door.apply(path, {**body, "metadata": metadata}, force=True)


def _create(door: Door, collection: str, path: str, body: Json, write: Write) -> Json:
    try:
        return door.create(collection, body)
    except ApiRefused as error:
        if not error.is_already_there:
            raise
        there = _found(door, path)
        if there is None:
            raise
        _require_ours(there, body, write)
        return there


def _delete(door: Door, path: str, write: Write) -> None:
    try:
        door.delete(path, uid=write.uid or None)
    except ApiRefused as error:
        if not error.is_not_found:
            raise


def _found(door: Door, path: str) -> Json | None:
    try:
        return door.get(path)
    except ApiRefused as error:
        if error.is_not_found:
            return None
        raise


def _require_ours(there: Json | None, body: Json, write: Write) -> None:
    """Raises Foreign unless the object carries the same claim as the one that was to be made."""
    if there is None:
        return
    mine, its = claim_of(body), claim_of(there)
    if not mine.release or (mine.portal, mine.release) != (its.portal, its.release):
        words = _("%(kind)s %(name)s is there already and is not of this release.")
        raise Foreign(words % {"kind": write.kind, "name": there["metadata"]["name"]})


def _foreign(write: Write, error: Foreign) -> Json:
    return {"fingerprint": fingerprint(write), "status": 409, "message": str(error), "moved": True}


def _answer(write: Write, error: ApiRefused) -> Json:
    return {
        "fingerprint": fingerprint(write),
        "status": error.http_status,
        "message": error.message[:2000],
        "moved": error.is_conflict or error.is_already_there or error.is_not_found or is_failed_test(error),
    }


def is_failed_test(error: ApiRefused) -> bool:
    """Whether a 422 means that a `test` of the patch failed, not that the result is invalid: such an answer names no
    object and no causes (apiserver `handlers/patch.go`, jsonpatch ErrTestFailed)."""
    return error.is_invalid and not error.details


def is_admission_down(error: ApiRefused) -> bool:
    """Whether an admission webhook that must be asked does not answer (failurePolicy: Fail). The API server says 500,
    and has certainly stored nothing: admission comes before storage."""
    return error.http_status == 500 and "failed calling webhook" in error.message
