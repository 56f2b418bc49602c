"""Addresses of the pages of installs."""

from django.urls import URLPattern

app_name = "installs"
urlpatterns: list[URLPattern] = []
