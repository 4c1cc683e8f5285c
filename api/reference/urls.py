"""The schema, the pages that show it, and the files that pages load."""

from django.contrib.staticfiles.views import serve
from django.urls import path
from drf_spectacular.views import SpectacularJSONAPIView

urlpatterns = [
    path(
        "api/schema/", SpectacularJSONAPIView.as_view(permission_classes=[], authentication_classes=[]), name="schema"
    ),
    path("static/<path:path>", serve, {"insecure": True}, name="static"),
]
