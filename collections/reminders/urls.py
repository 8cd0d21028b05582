from django.urls import path

from reminders import views

urlpatterns = [
    path("messages/", views.messages, name="messages"),
    path("messages/export/", views.messages_export, name="messages-export"),
    path("messages/review/", views.messages_review, name="messages-review"),
    path("messages/<int:pk>/", views.message, name="message"),
    path("messages/<int:pk>/letter/", views.message_letter, name="message-letter"),
    path("letters/", views.print_batches, name="print-batches"),
    path("letters/<slug:name>/", views.print_batch, name="print-batch"),
    path("letters/<slug:name>/files/", views.print_batch_files, name="print-batch-files"),
    path("receipts/review/", views.receipts_review, name="receipts-review"),
    path("receipts/<int:pk>/", views.receipt, name="receipt"),
    path("hooks/<slug:provider>/", views.hook, name="hook"),
    path("templates/", views.templates, name="templates"),
    path("templates/new/", views.template_new, name="template-new"),
    path("templates/proposed/<int:pk>/", views.template_proposed, name="template-proposed"),
    path("templates/<slug:name>/", views.template, name="template"),
    path("templates/<slug:name>/edit/", views.template_edit, name="template-edit"),
    path("templates/<slug:name>/draft/", views.template_draft, name="template-draft"),
    path("templates/<slug:name>/discard/", views.template_discard, name="template-discard"),
    path("templates/<slug:name>/preview/", views.template_preview, name="template-preview"),
    path("channels/", views.channels, name="channels"),
    path("channels/health/", views.channels_health, name="channels-health"),
    path("channels/<slug:code>/", views.channel, name="channel"),
]
