"""Every route of the API; each app brings its own."""

from django.urls import include, path

urlpatterns = [
    path("api/", include("metrics.urls")),
    path("api/", include("accounts.urls")),
    path("api/", include("health.urls")),
    path("api/", include("query.urls")),
    path("api/", include("catalogue.urls")),
    path("", include("reference.urls")),
    path("", include("page.urls")),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
