"""Every address of the portal. Pages carry no prefix; the API lives under /api/v1/."""

from django.urls import URLPattern, URLResolver, include, path

from portal import api_docs, health, home
from portal.measures.page import MetricsView

# Each pattern is tried in turn: what pipelines ask most stands first.
api: list[URLPattern | URLResolver] = [
    path("", include("deployments.api_urls")),
    path("schema/", api_docs.SchemaView.as_view(), name="schema"),
    path("docs/", api_docs.docs, name="docs"),
    path("", include("accounts.api_urls")),
    path("", include("audit.api_urls")),
    path("", include("notifications.api_urls")),
    path("", include("sinks.api_urls")),
    path("", include("clusters.api_urls")),
    path("", include("services.api_urls")),
    path("", include("charts.api_urls")),
    path("", include("installs.api_urls")),
    path("", include("metrics.api_urls")),
    path("", include("webhooks.api_urls")),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz/live", health.live, name="healthz_live"),
    path("healthz/ready", health.ready, name="healthz_ready"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("api/v1/", include((api, "api"))),
    path("", include("web.urls")),
    path("", include("accounts.urls")),
    path("", include("audit.urls")),
    path("", include("notifications.urls")),
    path("", include("sinks.urls")),
    path("", include("clusters.urls")),
    path("", include("services.urls")),
    path("", include("deployments.urls")),
    path("", include("charts.urls")),
    path("", include("installs.urls")),
    path("", include("metrics.urls")),
    path("", include("webhooks.urls")),
]

handler400 = "web.problems.bad_request"
handler403 = "web.problems.denied"
handler404 = "web.problems.not_found"
handler500 = "web.problems.crashed"
