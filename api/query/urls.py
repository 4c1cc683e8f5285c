"""The query route."""

from django.urls import path

from query.views import QueryTable

urlpatterns = [path("query-table/", QueryTable.as_view(), name="query-table")]
