from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from staff.views import account, preferences, signing_in

urlpatterns = [
    path("login/", signing_in.SignIn.as_view(), name="login"),
    path("login/code/", signing_in.code, name="code"),
    path("login/enrol/", signing_in.enrol, name="enrol"),
    # Open also to those who may not enter: a person who is signed in but not staff must be able to leave.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    path("home/", preferences.home, name="home"),
    path("language/", preferences.choose_language, name="set_language"),
    path("theme/", preferences.choose_theme, name="theme"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("password/", account.password, name="password"),
    path("recovery-codes/", account.recovery_codes, name="recovery-codes"),
    path("sessions/", account.everybodys_sessions, name="sessions"),
    path("sessions/own/end/", account.end_own_sessions, name="end-own-sessions"),
    path("sessions/<slug:handle>/end/", account.end_session, name="end-session"),
    path("sessions/of/<int:pk>/end/", account.end_sessions, name="end-sessions"),
]
