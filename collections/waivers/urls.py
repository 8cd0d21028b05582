from django.urls import path

from waivers import views

urlpatterns = [
    path("waivers/", views.waivers, name="waivers"),
    path("waivers/export/", views.waivers_export, name="waivers-export"),
    path("waivers/<int:pk>/", views.waiver, name="waiver"),
    path("waivers/<int:pk>/again/", views.waiver_again, name="waiver-again"),
    path("cases/<str:ref>/waive/", views.waiver_ask, name="waiver-ask"),
]
