from django.urls import path

from reminders import views

urlpatterns = [
    path("messages/", views.messages, name="messages"),
    path("messages/export/", views.messages_export, name="messages-export"),
    path("messages/review/", views.messages_review, name="messages-review"),
    path("messages/<int:pk>/", views.message, name="message"),
    path("channels/", views.channels, name="channels"),
    path("channels/health/", views.channels_health, name="channels-health"),
    path("channels/<slug:code>/", views.channel, name="channel"),
]
