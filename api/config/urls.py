"""Every route of the API; a metric's is named like it, with hyphens."""

from django.urls import path

from accounts.views import Login, Logout, RefreshLogin
from catalogue.views import History, Ledger, Lineage, Members, Reasons, Record, Runs, Table, Tables
from health.views import Health
from lakehouse.metrics import METRICS
from metrics.views import view
from page.views import index
from query.views import QueryTable
from reference.views import schema, swagger

urlpatterns = [
    *(path(f"api/{name.replace('_', '-')}/", view(metric).as_view(), name=name) for name, metric in METRICS.items()),
    path("api/query-table/", QueryTable.as_view(), name="query-table"),
    path("api/tables/", Tables.as_view(), name="tables"),
    path("api/tables/<str:name>/", Table.as_view(), name="table"),
    path("api/tables/<str:name>/history/", History.as_view(), name="table-history"),
    path("api/tables/<str:name>/lineage/", Lineage.as_view(), name="table-lineage"),
    path("api/ledger/", Ledger.as_view(), name="ledger"),
    path("api/records/", Record.as_view(), name="record"),
    path("api/metrics/<str:name>/records/", Members.as_view(), name="members"),
    path("api/reasons/", Reasons.as_view(), name="reasons"),
    path("api/runs/", Runs.as_view(), name="runs"),
    path("api/token/", Login.as_view(), name="token"),
    path("api/token/refresh/", RefreshLogin.as_view(), name="token-refresh"),
    path("api/token/logout/", Logout.as_view(), name="token-logout"),
    path("api/health/", Health.as_view(), name="health"),
    path("api/schema/", schema, name="schema"),
    path("api/docs/", swagger, name="docs"),
    path("", index, name="page"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
