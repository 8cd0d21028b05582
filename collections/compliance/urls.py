from django.urls import path

from compliance import views

urlpatterns = [
    path("complaints/", views.complaints, name="complaints"),
    path("complaints/new/", views.complaint_new, name="complaint-new"),
    path("complaints/export/", views.complaints_export, name="complaints-export"),
    path("complaints/<str:ref>/", views.complaint, name="complaint"),
    path("contacts/<int:pk>/", views.contact, name="contact"),
    path("recordings/<int:pk>/", views.recording, name="recording"),
    path("recordings/<int:pk>/hold/", views.recording_hold, name="recording-hold"),
    path("flags/<int:pk>/document/", views.flag_document, name="flag-document"),
]
