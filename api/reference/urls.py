"""The schema, the pages that show it, and the files that pages load."""

from django.urls import path

from reference import views

urlpatterns = [
    path("api/schema/", views.Schema.as_view(), name="schema"),
    path("api/docs/", views.page, {"name": "swagger"}, name="docs"),
    path("api/redoc/", views.page, {"name": "redoc"}, name="redoc"),
    path("static/<path:path>", views.asset, name="static"),
]
