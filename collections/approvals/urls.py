from django.urls import path

from approvals import views

urlpatterns = [
    path("approvals/", views.approvals, name="approvals"),
    path("approvals/<int:pk>/", views.approval, name="approval"),
    path("approvals/documents/<int:pk>/", views.attachment, name="approval-document"),
    path("approvals/seen/", views.approvals_seen, name="approvals-seen"),
    path("approvals/decide/", views.decide_many, name="decide-many"),
    path("approvals/decide/<int:pk>/", views.bulk, name="bulk-decision"),
    path("approvals/gaps/", views.gaps, name="approval-gaps"),
    path("approvals/delegations/", views.delegations, name="delegations"),
    path("approvals/delegations/<int:pk>/end/", views.delegation_end, name="delegation-end"),
]
