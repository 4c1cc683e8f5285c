"""The health route."""

from django.urls import path

from health.views import Health

urlpatterns = [path("health/", Health.as_view(), name="health")]
