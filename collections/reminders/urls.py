from django.urls import path

from reminders import views

urlpatterns = [
    path("messages/", views.messages, name="messages"),
    path("messages/<int:pk>/", views.message, name="message"),
    path("templates/", views.templates, name="templates"),
    path("templates/new/", views.template_new, name="template-new"),
    path("templates/<slug:name>/", views.template, name="template"),
    path("templates/<slug:name>/edit/", views.template_edit, name="template-edit"),
    path("templates/<slug:name>/preview/", views.template_preview, name="template-preview"),
]
