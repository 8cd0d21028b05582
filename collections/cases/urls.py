from django.urls import path

from cases import views

urlpatterns = [
    path("", views.worklist, name="worklist"),
    path("cases/<str:ref>/", views.case, name="case"),
]
