"""The page's only route; its files come by the route of all static files."""

from django.urls import path

from page import views

urlpatterns = [path("", views.index, name="page")]
