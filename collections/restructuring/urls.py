from django.urls import path

from restructuring import views

urlpatterns = [
    path("plans/", views.plans, name="plans"),
    path("plans/export/", views.plans_export, name="plans-export"),
    path("plans/new/<path:ref>/", views.plan_new, name="plan-new"),
    path("plans/<str:ref>/", views.plan, name="plan"),
    path("plans/<str:ref>/renew/", views.plan_renew, name="plan-renew"),
    path("plans/<str:ref>/agreement/<str:language>/", views.agreement, name="plan-agreement"),
    path("plans/<str:ref>/signed/<str:language>/", views.plan_scan, name="plan-scan"),
]
