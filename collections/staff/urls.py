from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from staff import views

urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    # Open also to those who may not enter: a person who is signed in but not staff must be able to leave.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("language/", views.choose_language, name="set_language"),
    path("theme/", views.choose_theme, name="theme"),
    path("preferences/", views.preferences, name="preferences"),
]
