"""The words of a release: every sentence that the engine or a command says, by its code.

Rows keep code and parameters; pages render them in the reader's language, the API and the stored message in English.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployments.check_words import check_name

SENTENCES: dict[str, str | Promise] = {
    # what people did
    "started": _("Release %(version)s to %(environment)s started by %(by)s"),
    "started_rollback": _("Rollback to revision %(revision)s (%(version)s) started by %(by)s"),
    "object_changed": _("The %(object)s holds something else now than when revision %(revision)s ran"),
    "abort_asked": _("%(by)s asked to abort"),
    "abort_asked_because": _("%(by)s asked to abort: “%(why)s”"),
    "supersede_asked": _("%(by)s started a newer release, which takes over"),
    "retry_asked": _("%(by)s asked to try again"),
    "pause_asked": _("%(by)s asked to pause"),
    "resume_asked": _("%(by)s asked to go on"),
    "promote_asked": _("%(by)s asked to promote"),
    "override_asked": _("%(by)s let it pass the freeze window “%(window)s”: “%(reason)s”"),
    "override_promotion_asked": _("%(by)s let it pass the promotion gate from %(promotion)s: “%(reason)s”"),
    "edit_asked": _("%(by)s changed what was asked for: %(what)s"),
    "started_promotion": _("Promotion of %(version)s from %(origin)s to %(environment)s started by %(by)s"),
    "started_emergency": _("%(by)s starts it as an emergency, past approvals and freeze windows, by the role %(role)s"),
    "approved": _("%(by)s approved"),
    "approved_because": _("%(by)s approved: “%(why)s”"),
    "rejected": _("%(by)s rejected the release"),
    "rejected_because": _("%(by)s rejected the release: “%(why)s”"),
    # gates
    "waits_for_approval": _("Waiting for approval: %(rules)s"),
    "waits_for_owners": _("Waiting for %(count)s approving voices of the team that owns the service"),
    "approval_rejected": _("%(by)s rejected the release of %(workload)s in %(namespace)s. %(why)s"),
    "approval_expired": _(
        "The approval of %(workload)s in %(namespace)s was not given in time. Retry asks for it anew"
    ),
    "freeze_window": _("Held by the freeze window “%(window)s” until %(until)s"),
    "freeze_window_ended": _("The freeze window “%(window)s” has ended"),
    "promotion_no_target": _(
        "%(service)s does not run in %(origin)s, where images have to prove themselves before %(environment)s"
    ),
    "promotion_not_run": _("%(version)s has to run in %(origin)s before %(environment)s, and has not been there"),
    "promotion_under_way": _(
        "%(version)s has to run in %(origin)s before %(environment)s; release #%(number)s is bringing it there"
    ),
    "promotion_not_released": _("%(version)s runs in %(origin)s, but no release has brought it there"),
    "promotion_failed": _(
        "Release #%(number)s of %(version)s in %(origin)s did not succeed (%(reason)s), and none has since"
    ),
    "promotion_rolled_back": _("%(version)s was rolled back in %(origin)s"),
    "promotion_rolling_back": _("%(version)s is being rolled back in %(origin)s (release #%(number)s)"),
    "promotion_too_short": _("%(version)s ran in %(origin)s for %(ran)s s only; %(environment)s asks for %(soak)s s"),
    "promotion_unknown_since": _("Since when %(version)s runs in %(origin)s is not known; release it there again"),
    "promotion_soaking": _("%(version)s has to run in %(origin)s until %(until)s before it goes to %(environment)s"),
    "promotion_opened": _("The images have proved themselves in %(origin)s"),
    # before the first write
    "waits_for_older": _("Waiting for the older release of this target to let it go"),
    "checks_passed": _("The API server would take the template and its pods"),
    "check_unknown": _("The check “%(check)s” could not be made: %(words)s"),
    "check_refused": _("The API server refuses it (%(check)s): %(words)s. Nothing was changed"),
    "already_runs": _("%(workload)s in %(namespace)s on %(cluster)s already runs this. Nothing was changed"),
    "foreign_claim": _(
        "%(workload)s in %(namespace)s on %(cluster)s is claimed by another portal (%(portal)s). "
        "End its release there, or remove the label slipway.dev/portal"
    ),
    "found_again": _(
        "After the database was restored: still holding %(workload)s in %(namespace)s on %(cluster)s, so it goes on"
    ),
    "found_done": _(
        "After the database was restored: %(workload)s in %(namespace)s on %(cluster)s runs this, and is held no more"
    ),
    "not_found_again": _(
        "The database was restored, and %(workload)s in %(namespace)s on %(cluster)s is not held by this release any "
        "more. Nothing was changed; see what runs there, and start a new release if it is still wanted"
    ),
    "deployment_gone": _("The Deployment %(workload)s in %(namespace)s on %(cluster)s was deleted"),
    "deployment_replaced": _(
        "The Deployment %(workload)s in %(namespace)s on %(cluster)s was deleted and made again since the plan. "
        "Start a new release"
    ),
    "deployment_paused": _(
        "The Deployment %(workload)s in %(namespace)s on %(cluster)s is paused (spec.paused). Resume it, then try again"
    ),
    "changed_since_plan": _(
        "The template of %(workload)s in %(namespace)s on %(cluster)s was changed by “%(manager)s” since the plan. "
        "Look at the new plan, then start again"
    ),
    "write_refused": _(
        "The API server of %(cluster)s does not take the change to %(workload)s in %(namespace)s: %(words)s"
    ),
    "write_unanswered": _(
        "The API server of %(cluster)s answers, but takes no change to %(workload)s in %(namespace)s: %(words)s. "
        "It is tried again until it does"
    ),
    "write_refused_for_now": _(
        "The API server of %(cluster)s does not let Slipway give %(workload)s in %(namespace)s back: %(words)s. "
        "It is tried again every 10 s for 5 minutes"
    ),
    # rolling
    "rolling_started": _("Template written; the Deployment controller replaces %(wanted)s pods"),
    "rolling": _("%(new_ready)s of %(desired)s new pods ready, %(old)s old ones left"),
    "rolled_out": _("All %(wanted)s pods run the new version, after %(seconds)s s"),
    "scaled_to_zero": _("Template written; %(workload)s is scaled to 0, so no pod has tried it"),
    "paused_by_other": _("Another hand paused the Deployment %(workload)s (spec.paused); the rollout waits for it"),
    "paused_rolling": _(
        "%(by)s paused the release: no further pod is replaced. Old and new pods serve side by side, up to %(most)s of "
        "them, until somebody resumes it"
    ),
    "paused_rolling_again": _(
        "Paused by a person: no further pod is replaced. Old and new pods serve side by side, up to %(most)s of them, "
        "until somebody resumes it"
    ),
    "not_paused_recreate": _(
        "%(workload)s in %(namespace)s on %(cluster)s has the strategy Recreate: its old pods go before new ones come, "
        "so pausing might leave it without any. It goes on; abort it, if it must not"
    ),
    "conflict_hold": _(
        "“%(manager)s” keeps resuming %(workload)s in %(namespace)s on %(cluster)s, so it is not held any more. "
        "Stop it there, then retry here"
    ),
    "written_again": _("“%(manager)s” changed the template of %(workload)s; it was written again"),
    "conflict": _(
        "“%(manager)s” keeps changing the template of %(workload)s in %(namespace)s on %(cluster)s. "
        "Stop it there, then retry here"
    ),
    "cluster_unreachable": _("%(cluster)s does not answer: %(words)s. The release goes on when it does"),
    # analysis: one measurement
    "measured_success": _("%(value)s, and %(condition)s is true"),
    "measured_no_failure": _("%(value)s, and %(condition)s is not true"),
    "measured_failure": _("%(value)s, and %(condition)s is true, which counts as failed"),
    "measured_no_success": _("%(value)s, and %(condition)s is not true"),
    "measured_neither": _("%(value)s is neither success (%(condition)s) nor failure"),
    "measured_nothing": _("Prometheus has no data of these Pods for this time"),
    "measured_no_number": _("Prometheus answered %(value)s, which is no number"),
    "measured_too_few": _("%(samples)s requests so far, %(least)s are needed to tell"),
    "measured_error": _("could not be measured: %(words)s"),
    "compared_within": _(
        "%(new)s failed against %(old)s: the difference is between %(lower)s and %(upper)s points, "
        "surely below the margin of %(margin)s (z %(z)s)"
    ),
    "compared_worse": _(
        "%(new)s failed against %(old)s: the difference is between %(lower)s and %(upper)s points, "
        "surely above the margin of %(margin)s (z %(z)s)"
    ),
    "compared_open": _(
        "%(new)s failed against %(old)s: the difference is between %(lower)s and %(upper)s points, "
        "too few requests to tell whether it is below the margin of %(margin)s (z %(z)s)"
    ),
    # analysis: at the plan
    "template_unknown": _(
        "There is no analysis template “%(template)s” that team %(team)s may use. Name another, or make it first"
    ),
    "template_unusable": _("The analysis template %(template)s cannot be used here: %(words)s"),
    "template_not_measured": _(
        "The analysis template %(template)s cannot be measured now (%(words)s); a release would pause there and ask"
    ),
    # analysis: what the measurements of a template say together
    "analysis_passed": _("%(template)s passed after %(count)s measurements"),
    "analysis_failed_because": _("Analysis %(template)s failed: %(words)s"),
    "analysis_open": _(
        "Analysis %(template)s cannot tell, after %(count)s measurements that say nothing: %(words)s. "
        "Promote to accept it, or retry to measure anew"
    ),
    "analysis_unmeasured": _(
        "Analysis %(template)s could not be measured %(count)s times in a row: %(words)s. "
        "Promote to go on without it, or retry to measure anew"
    ),
    "analysis_no_template": _("The analysis template %(template)s is not kept with the release. Start a new release"),
    # traffic
    "service_gone": _("There is no Kubernetes Service %(service)s in %(namespace)s on %(cluster)s any more"),
    "service_held": _("Another release holds the Kubernetes Service %(service)s in %(namespace)s; waiting for it"),
    "route_held": _("Another release holds the %(kind)s %(name)s in %(namespace)s; waiting for it"),
    "service_shared": _(
        "The Kubernetes Service %(service)s in %(namespace)s on %(cluster)s also reaches %(pods)s, which are no pods "
        "of %(workload)s. Pinning it would cut them off"
    ),
    "pin_would_empty": _(
        "The Kubernetes Service %(service)s in %(namespace)s on %(cluster)s is left as it is: no pod of the version "
        "that it is to lead to is ready, and others are"
    ),
    "name_taken": _(
        "%(namespace)s on %(cluster)s already has a %(kind)s %(name)s that is not Slipway's. Rename it, then try again"
    ),
    "endpoints_lag": _("%(count)s of %(wanted)s new pods stand in the EndpointSlices of %(service)s"),
    "route_not_accepted": _(
        "The route to %(service)s in %(namespace)s is written; its gateway has not accepted it at this generation yet"
    ),
    "route_gone": _("No route leads to %(service)s in %(namespace)s on %(cluster)s any more, so no share can be given"),
    "object_written_again": _("“%(manager)s” changed the %(kind)s %(name)s; what the release needs was written again"),
    "object_conflict": _(
        "“%(manager)s” keeps changing the %(kind)s %(name)s in %(namespace)s on %(cluster)s. "
        "Stop it there, then retry here"
    ),
    "stage_preview": _("Step %(number)s of %(count)s: bring the new version up behind its preview Service"),
    "stage_pre_promotion": _("Step %(number)s of %(count)s: measure the new version before it gets requests"),
    "stage_approval": _("Step %(number)s of %(count)s: approval"),
    "stage_switch": _("Step %(number)s of %(count)s: lead the Service to the new version"),
    "stage_post_promotion": _("Step %(number)s of %(count)s: measure the new version while it serves"),
    "stage_scale_down": _("Step %(number)s of %(count)s: keep the old pods for a while, then remove them"),
    "switching": _("The Service now leads to the new version of %(workload)s"),
    "waits_for_switch": _("The new version is ready behind its preview Service; somebody has to promote it"),
    "not_promoted": _("Nobody promoted the new version of %(workload)s within %(seconds)s s"),
    "keeps_old": _("The new version serves; the old pods stay until %(until)s"),
    # why pods do not become ready
    "pods_ImagePullFailed": _("The image of pod %(name)s cannot be pulled: %(words)s"),
    "pods_InvalidImageName": _("The image name of pod %(name)s is not valid: %(words)s"),
    "pods_CrashLoopBackOff": _("Pod %(name)s keeps crashing: %(words)s"),
    "pods_ContainerConfigError": _("A container of pod %(name)s cannot be set up: %(words)s"),
    "pods_Unschedulable": _("No node takes pod %(name)s: %(words)s"),
    "pods_QuotaExceeded": _("The quota of %(namespace)s leaves no room for new pods: %(words)s"),
    "pods_AdmissionDenied": _("The API server refuses new pods: %(words)s"),
    "pods_Forbidden": _("New pods may not be made: %(words)s"),
    "deadline": _(
        "No further pod became ready within %(seconds)s s: "
        "%(new_ready)s of %(desired)s new pods of %(workload)s are ready"
    ),
    # in place
    "mid_rollout": _(
        "%(workload)s in %(namespace)s on %(cluster)s is in the middle of another rollout. "
        "A canary needs one version to stand beside: wait for the rollout, or release with rolling"
    ),
    "not_recognised": _(
        "The Deployment controller of %(cluster)s does not recognise %(name)s as the new version of %(workload)s "
        "within 30 s: something changes its template. Look at the mutating webhooks and at the controller manager"
    ),
    "hold_undone": _(
        "“%(manager)s” changed strategy, pause or template of %(workload)s during the release; it was put back"
    ),
    "promoted_by_hand": _("“%(manager)s” promoted %(workload)s without Slipway; the Deployment controller finishes it"),
    "aborted_by_hand": _("“%(manager)s” gave %(workload)s back to the old version without Slipway"),
    "taken_by_hand": _(
        "“%(manager)s” took %(workload)s in %(namespace)s on %(cluster)s out of this release and runs another "
        "template. It is left as it is"
    ),
    "scaled_to_zero_held": _(
        "%(workload)s in %(namespace)s was scaled to 0. The old version is what scales up again; "
        "the release begins anew once replicas are wanted"
    ),
    "begun_anew": _("Replicas of %(workload)s are wanted again: the release begins anew"),
    # canary
    "step_set_weight": _("Step %(number)s of %(count)s: %(weight)s %% for the new version"),
    "step_pause": _("Step %(number)s of %(count)s: pause until somebody promotes"),
    "step_pause_for": _("Step %(number)s of %(count)s: pause of %(seconds)s s"),
    "step_analysis": _("Step %(number)s of %(count)s: analysis %(templates)s"),
    "step_approval": _("Step %(number)s of %(count)s: approval"),
    "step_set_header_route": _("Step %(number)s of %(count)s: header route %(name)s"),
    "step_set_mirror": _("Step %(number)s of %(count)s: mirror %(percent)s %% of requests"),
    "step_skipped": _("Step %(number)s of %(count)s is skipped on the way to 100 %%"),
    "step_finished": _("Step %(number)s of %(count)s is done, after %(seconds)s s"),
    "sharing": _("%(new_ready)s of %(new)s new pods ready beside %(old)s old ones"),
    "pausing": _("Paused until somebody promotes"),
    "pausing_until": _("Paused until %(until)s"),
    "paused_by": _("%(by)s paused the release"),
    "resumed_by": _("%(by)s resumed the release"),
    "accepted_by": _("%(by)s accepted the analysis that stayed undecided"),
    "analysis_failed": _("The analysis %(template)s failed"),
    "analysis_inconclusive": _(
        "The analysis %(template)s stayed undecided. Promote accepts it, retry measures it anew"
    ),
    "canary_not_ready": _(
        "The new pods of %(workload)s in %(namespace)s were not ready within %(seconds)s s, and such pods hold back "
        "its autoscaler"
    ),
    "waits_for_measurement": _("Waiting for a measurement of the last weight before the new version takes over"),
    "taking_over": _("The new version of %(workload)s takes over"),
    "finishing": _("The new version of %(workload)s runs on all pods; its Deployment is given back"),
    "traffic_restored": _("All requests go to the old version of %(workload)s"),
    # endings
    "aborting_by_user": _("%(by)s aborted the release; the old version comes back"),
    "aborted_before_start": _("%(by)s aborted the release before anything was changed"),
    "superseded": _("A newer release by %(by)s has taken over"),
    "restored": _("The old version of %(workload)s runs again on all pods"),
    "restored_not_ready": _("The old template of %(workload)s is back, but its pods are not all ready"),
    "retried": _("%(by)s asked to try again"),
    "succeeded": _("%(workload)s in %(namespace)s runs the new version; the release took %(seconds)s s"),
    "succeeded_at_zero": _("%(workload)s in %(namespace)s has the new template and is scaled to 0"),
}


def sentence(code: str, params: dict[str, Any]) -> str:
    """The sentence in the language of the reader; a code that this version does not know is shown as it is."""
    words = SENTENCES.get(code)
    return code if words is None else str(words) % {**params, **_readable(params)}


def _readable(params: dict[str, Any]) -> dict[str, str]:
    """Moments are stored as ISO 8601 and checks by their code; a sentence has the reader's clock and words."""
    shown = {"check": check_name(params["check"])} if "check" in params else {}
    at = parse_datetime(params["until"]) if isinstance(params.get("until"), str) else None
    return {**shown, "until": date_format(timezone.localtime(at), "j M H:i:s T")} if at else shown


def english(code: str, params: dict[str, Any]) -> str:
    """The sentence as it is stored and as machines read it."""
    with translation.override("en"):
        return sentence(code, params)
