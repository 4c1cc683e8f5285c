"""The schema and the page that shows it."""

from django.urls import path

from reference import views

urlpatterns = [
    path("api/schema/", views.schema, name="schema"),
    path("api/docs/", views.swagger, name="docs"),
]
