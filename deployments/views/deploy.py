"""Deploying in two steps: choose where and what, then see what changes and say yes."""

from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from deployments.check_words import check_question
from deployments.commands.start import plan_for, start_release
from deployments.confirming import asks_for_word, wrong_word
from deployments.forms import STRATEGY_FIELDS, DeployForm
from deployments.gate_words import gate_words
from deployments.models import Release
from deployments.once import new_token, start_once
from deployments.plan import Plan, Wish
from deployments.queries import Running, active_release_of, running_on, suggested_images, targets_of
from deployments.step_words import step_sentence
from deployments.strategy_choices import first_of, strategy_choices
from deployments.strategy_words import strategy_name
from deployments.switches import between_environments
from services.models import Target
from web.errors import Conflict, Invalid, NotPermitted, SlipwayError
from web.fragments import render_page, see_other

PAGE = "deployments:deploy"
OPENED_BY = (*STRATEGY_FIELDS, "strategy_yaml")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def deploy(request: SignedInRequest, service: str) -> HttpResponse:
    """GET shows the form, with `step=review` what would happen; POST does it. Each step keeps all that was typed."""
    targets = targets_of(request.user, service)
    running = running_on(targets)
    if request.method == "POST":
        return _start(request, service, running)
    form = _form(running, request.GET)
    if request.GET.get("step") != "review":
        return _choose(request, service, running, form)
    if not form.is_valid():
        return _choose(request, service, running, form, status=422)
    return _review(request, service, running, form)


def _start(request: SignedInRequest, service: str, running: list[Running]) -> HttpResponse:
    form = _form(running, request.POST)
    if not form.is_valid():
        return _choose(request, service, running, form, status=422)
    target = form.target
    if refusal := wrong_word(target, request.POST.get("confirm", "")):
        return _review(request, service, running, form, refusal=refusal)

    def start() -> Release:
        return start_release(
            request.user,
            service=target.service,
            environment=target.environment,
            wish=Wish(**form.wish()),
            reason=form.cleaned_data["reason"],
        )

    try:
        return see_other(start_once(request.user, request.POST, request.path, start))
    except (Conflict, Invalid) as refusal:
        return _review(request, service, running, form, refusal=refusal)


def _form(running: list[Running], typed: QueryDict) -> DeployForm:
    """Bound to what was typed; before that, with the image that runs as the first suggestion."""
    targets = [one.target for one in running]
    name = typed.get("environment") or (targets[0].environment.name if targets else "")
    here = next((one for one in running if one.target.environment.name == name), None)
    containers = here.containers if here else []
    if "step" in typed or "token" in typed:
        return DeployForm(targets, containers, data=typed)
    first = {"environment": name, "image": here.image if here else "", "container": here.container if here else ""}
    return DeployForm(targets, containers, initial={**first, **{key: typed[key] for key in typed}})


def _choose(
    request: SignedInRequest, service: str, running: list[Running], form: DeployForm, status: int = 200
) -> HttpResponse:
    target = _chosen(form, running)
    context = {
        "service": running[0].target.service if running else None,
        "service_name": service,
        "form": form,
        "running": running,
        "target": target,
        "switch": between_environments(target, [one.target for one in running], PAGE) if target else None,
        "active": active_release_of(target.pk) if target else None,
        "suggested": suggested_images(target, running) if target else [],
        "why_not": _forbidden(request, target) if target else "",
        "image_hint": _("Now: %(image)s") % {"image": _image(running, target)} if target else "",
        "strategies": strategy_choices(target) if target else [],
        "opens_more": any(form[name].value() or form[name].errors for name in OPENED_BY),
    }
    return render_page(request, "deployments/deploy.html", context, status=status)


def _review(
    request: SignedInRequest,
    service: str,
    running: list[Running],
    form: DeployForm,
    refusal: SlipwayError | None = None,
) -> HttpResponse:
    """What would happen, by a plan made now. A wish that cannot even be planned goes back to the form."""
    target = form.target
    try:
        plan = plan_for(request.user, service=target.service, environment=target.environment, wish=Wish(**form.wish()))
    except (Conflict, Invalid, NotPermitted) as error:
        # Who may not pass a gate may still ask for something else; who may not release has nothing to choose.
        if isinstance(error, NotPermitted) and error.permission != "release.override":
            raise
        form.put_errors(error)
        return _choose(request, service, running, form, status=error.status)
    context = {
        "service": target.service,
        "target": target,
        "switch": between_environments(target, [one.target for one in running], PAGE),
        "form": form,
        "plan": plan,
        "refusal": refusal,
        "active": plan.active,
        "checks": _checks(plan),
        "confirm_label": _confirm_label(plan),
        "strategy_name": strategy_name(plan.strategy.to_json()),
        "steps": [(step, step_sentence(step.kind, step.spec)) for step in plan.steps],
        "has_steps": plan.strategy.type != "rolling",
        "gates": [gate_words(gate) for gate in plan.gates],
        "version": _version(plan),
        "needs_word": asks_for_word(target),
        "token": new_token(),
        "back_url": f"{reverse('deployments:deploy', args=[service])}?{_query(form, step=None)}",
        "supersede_url": f"{reverse('deployments:deploy', args=[service])}?{_query(form, supersede='on')}",
        "wait_url": f"{reverse('deployments:deploy', args=[service])}?{_query(form, wait='on')}",
        "why_not": _why_not(request, plan),
    }
    return render_page(request, "deployments/deploy_review.html", context, status=refusal.status if refusal else 200)


def _chosen(form: DeployForm, running: list[Running]) -> Target | None:
    name = form["environment"].value()
    return next((one.target for one in running if one.target.environment.name == name), None)


def _query(form: DeployForm, **changes: str | None) -> str:
    query = QueryDict(mutable=True)
    for name in form.fields:
        if value := form[name].value():
            query[name] = "on" if value is True else str(value)
    query["step"] = "review"
    for name, change in changes.items():
        query.pop(name, None)
        if change is not None:
            query[name] = change
    return query.urlencode()


def _version(plan: Plan) -> str:
    return Release(version_label=plan.wish.version, images=plan.images).label


def _confirm_label(plan: Plan) -> str:
    """What the button does: "Deploy 1.4.2 to prod, 10 % first"."""
    said = {"version": _version(plan), "environment": plan.target.environment.name}
    label = _("Deploy %(version)s to %(environment)s") % said
    reachable = next((step.reachable_weight for step in plan.steps if step.kind == "set_weight"), None)
    first = first_of(plan.strategy, reachable)
    return f"{label}, {first}" if first else label


def _image(running: list[Running], target: Target) -> str:
    return next((one.image for one in running if one.target == target and one.image), "-")


def _checks(plan: Plan) -> list[dict[str, str]]:
    """The dry runs, each with the question it answers."""
    return [{"status": one.status, "words": check_question(one.name), "detail": one.detail} for one in plan.checks]


def _forbidden(request: SignedInRequest, target: Target) -> str:
    return why_not(request.user, "release.start", target.team, target.environment.name)


def _why_not(request: SignedInRequest, plan: Plan) -> str:
    if reason := _forbidden(request, plan.target):
        return reason
    if plan.refusals:
        return _("The plan refuses it: %(why)s") % {"why": plan.refusals[0].detail}
    return ""
