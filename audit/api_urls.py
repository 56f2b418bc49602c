from django.urls import path

from audit import api

urlpatterns = [
    path("audit/", api.EntryViewSet.as_view({"get": "list"}), name="audit"),
    path("audit/verify/", api.VerifyView.as_view(), name="audit_verify"),
]
