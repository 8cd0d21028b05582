from django.urls import path

from desk import views

urlpatterns = [
    path("payments/unmatched/", views.unmatched, name="unmatched"),
    path("payments/unmatched/<int:pk>/", views.unmatched_payment, name="unmatched-payment"),
    path("money/<str:ref>/", views.money, name="money"),
    path("payments/files/", views.payment_files, name="payment-files"),
]
