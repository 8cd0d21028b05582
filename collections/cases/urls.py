from django.urls import path

from cases import views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("cases/<str:ref>/", views.case, name="case"),
    path("cases/<str:ref>/evidence/<str:account_ref>/", views.evidence, name="evidence"),
]
