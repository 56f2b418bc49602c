from typing import Any

from django.urls import path

from deployments.api import analysis_templates, approvals, decide, events, releases, revisions
from deployments.api.drift import DriftView, OrphansView
from deployments.api.promotions import AbortPromotionView, MatrixView, PromotionsView
from deployments.api.wait import WaitView

release = releases.ReleaseViewSet
MANY: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("analysis-templates/", analysis_templates.AnalysisTemplates.as_view(MANY), name="analysis_templates"),
    path("analysis-templates/try/", analysis_templates.TryTemplate.as_view(), name="analysis_template_try"),
    path("analysis-templates/<str:name>/", analysis_templates.AnalysisTemplates.as_view(ONE), name="analysis_template"),
    path("releases/", release.as_view({"get": "list", "post": "create"}), name="releases"),
    path("releases/rollback/", decide.RollbackView.as_view(), name="release_rollback"),
    path(
        "releases/<uuid:release_id>/", release.as_view({"get": "retrieve", "patch": "partial_update"}), name="release"
    ),
    path("releases/<uuid:release_id>/wait/", WaitView.as_view(), name="release_wait"),
    path("releases/<uuid:release_id>/events/", events.EventsView.as_view(), name="release_events"),
    path("releases/<uuid:release_id>/abort/", decide.AbortView.as_view(), name="release_abort"),
    path("releases/<uuid:release_id>/retry/", decide.RetryView.as_view(), name="release_retry"),
    path("releases/<uuid:release_id>/pause/", decide.PauseView.as_view(), name="release_pause"),
    path("releases/<uuid:release_id>/resume/", decide.ResumeView.as_view(), name="release_resume"),
    path("releases/<uuid:release_id>/promote/", decide.PromoteView.as_view(), name="release_promote"),
    path("releases/<uuid:release_id>/override/", decide.OverrideView.as_view(), name="release_override"),
    path("releases/<uuid:release_id>/approve/", approvals.ApproveView.as_view(), name="release_approve"),
    path("releases/<uuid:release_id>/reject/", approvals.RejectView.as_view(), name="release_reject"),
    path("approvals/", approvals.ApprovalViewSet.as_view({"get": "list"}), name="approvals"),
    path("approvals/<uuid:approval_id>/", approvals.ApprovalViewSet.as_view({"get": "retrieve"}), name="approval"),
    path("services/<str:name>/drift/", DriftView.as_view(), name="drift"),
    path("services/<str:name>/orphans/", OrphansView.as_view(), name="orphans"),
    path("promotions/", PromotionsView.as_view(MANY), name="promotions"),
    path("promotions/matrix/", MatrixView.as_view({"get": "list"}), name="promotion_matrix"),
    path("promotions/<uuid:promotion_id>/", PromotionsView.as_view({"get": "retrieve"}), name="promotion"),
    path("promotions/<uuid:promotion_id>/abort/", AbortPromotionView.as_view(), name="promotion_abort"),
    path("services/<str:name>/revisions/", revisions.RevisionViewSet.as_view({"get": "list"}), name="revisions"),
]
