"""Every address of the site. What does not say `login_not_required` asks for a login (staff.middleware)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("cases.urls")),
    path("", include("approvals.urls")),
    path("", include("compliance.urls")),
    path("", include("reminders.urls")),
    path("", include("restructuring.urls")),
    path("", include("strategy.urls")),
    path("", include("waivers.urls")),
    path("", include("freezing.urls")),
    path("", include("desk.urls")),
    path("", include("audit.urls")),
    path("", include("runs.urls")),
    path("", include("staff.urls")),
    path("admin/", admin.site.urls),
]
