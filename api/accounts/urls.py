"""The token routes."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("token/", views.Login.as_view(), name="token"),
    path("token/refresh/", views.RefreshLogin.as_view(), name="token-refresh"),
    path("token/logout/", views.Logout.as_view(), name="token-logout"),
]
