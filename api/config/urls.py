"""Every route of the API; each app brings its own."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("metrics.urls")),
    path("api/", include("accounts.urls")),
    path("api/", include("health.urls")),
    path("", include("reference.urls")),
]
# An app whose folder is there is served; `page` is the one outside /api/.
for name, prefix in (("query", "api/"), ("catalogue", "api/"), ("page", "")):
    if find_spec(name) and find_spec(f"{name}.urls"):
        urlpatterns.append(path(prefix, include(f"{name}.urls")))

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
