from django.urls import path

from cases import views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("cases/<str:ref>/", views.case, name="case"),
    # A reference may hold slashes.
    path("cases/<str:ref>/evidence/<path:account_ref>/", views.evidence, name="evidence"),
]
