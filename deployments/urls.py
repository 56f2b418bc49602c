from django.urls import path

from deployments.views import (
    analysis_template_form,
    analysis_templates,
    approvals,
    decide,
    deploy,
    edit,
    promotions,
    release,
    releases,
    rollback,
    strategy,
)

app_name = "deployments"

urlpatterns = [
    path("analysis-templates/", analysis_templates.analysis_templates, name="analysis_templates"),
    path("analysis-templates/new/", analysis_template_form.create, name="analysis_template_create"),
    path("analysis-templates/<str:name>/", analysis_templates.analysis_template, name="analysis_template"),
    path("analysis-templates/<str:name>/edit/", analysis_template_form.edit, name="analysis_template_edit"),
    path("analysis-templates/<str:name>/remove/", analysis_templates.remove, name="analysis_template_remove"),
    path("releases/", releases.releases, name="releases"),
    path("releases/<uuid:release_id>/", release.release, name="release"),
    path("releases/<uuid:release_id>/approve/", approvals.approve, name="approve"),
    path("releases/<uuid:release_id>/reject/", approvals.reject, name="reject"),
    path("promotions/", promotions.promotions, name="promotions"),
    path("promotions/start/", promotions.start, name="promotion_start"),
    path("promotions/started/", promotions.started, name="promotions_started"),
    path("promotions/<uuid:promotion_id>/", promotions.promotion, name="promotion"),
    path("promotions/<uuid:promotion_id>/abort/", promotions.abort, name="promotion_abort"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<uuid:approval_id>/", approvals.approval, name="approval"),
    path("releases/<uuid:release_id>/edit/", edit.edit, name="edit"),
    path("releases/<uuid:release_id>/abort/", decide.abort, name="abort"),
    path("releases/<uuid:release_id>/pause/", decide.pause, name="pause"),
    path("releases/<uuid:release_id>/resume/", decide.resume, name="resume"),
    path("releases/<uuid:release_id>/promote/", decide.promote, name="promote"),
    path("releases/<uuid:release_id>/override/", decide.override, name="override"),
    path("releases/<uuid:release_id>/retry/", decide.retry, name="retry"),
    path("services/<str:service>/targets/<str:environment>/strategy/", strategy.target, name="target_strategy"),
    path("environments/<str:name>/strategy/", strategy.environment, name="environment_strategy"),
    path("services/<str:service>/deploy/", deploy.deploy, name="deploy"),
    path("services/<str:service>/rollback/", rollback.rollback, name="rollback"),
]
