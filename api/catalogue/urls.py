"""The catalogue routes."""

from django.urls import path

from catalogue import views

urlpatterns = [
    path("tables/", views.Tables.as_view(), name="tables"),
    path("tables/<str:name>/", views.Table.as_view(), name="table"),
    path("tables/<str:name>/history/", views.History.as_view(), name="table-history"),
    path("tables/<str:name>/lineage/", views.Lineage.as_view(), name="table-lineage"),
    path("ledger/", views.Ledger.as_view(), name="ledger"),
    path("runs/", views.Runs.as_view(), name="runs"),
]
