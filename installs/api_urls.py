"""Addresses of the API of installs."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
