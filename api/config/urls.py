"""Every route of the API; a metric's is named like it, with hyphens."""

from django.urls import path

from accounts.views import log_in, log_out, refresh_login
from catalogue import views as catalogue
from health.views import health
from lakehouse.metrics import METRICS
from metrics.views import view
from monitoring.views import metrics
from page.views import index
from query.sql import sql
from query.views import export, query_table
from reference.views import schema, swagger

urlpatterns = [
    *(path(f"api/{name.replace('_', '-')}/", view(metric), name=name) for name, metric in METRICS.items()),
    path("api/query-table/", query_table, name="query-table"),
    path("api/export/", export, name="export"),
    path("api/sql/", sql, name="sql"),
    path("api/tables/", catalogue.tables, name="tables"),
    path("api/tables/<str:name>/", catalogue.table, name="table"),
    path("api/tables/<str:name>/history/", catalogue.table_history, name="table-history"),
    path("api/tables/<str:name>/lineage/", catalogue.table_lineage, name="table-lineage"),
    path("api/ledger/", catalogue.ledger, name="ledger"),
    path("api/ledger/sources/", catalogue.ledger_sources, name="sources"),
    path("api/records/", catalogue.record, name="record"),
    path("api/metrics/<str:name>/records/", catalogue.members, name="members"),
    path("api/reasons/", catalogue.reasons, name="reasons"),
    path("api/runs/", catalogue.runs, name="runs"),
    path("api/token/", log_in, name="token"),
    path("api/token/refresh/", refresh_login, name="token-refresh"),
    path("api/token/logout/", log_out, name="token-logout"),
    path("api/health/", health, name="health"),
    path("api/schema/", schema, name="schema"),
    path("api/docs/", swagger, name="docs"),
    path("metrics", metrics, name="prometheus"),
    path("", index, name="page"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.failed"
