from django.urls import path

from desk.views import files, money, unmatched

urlpatterns = [
    path("payments/unmatched/", unmatched.unmatched, name="unmatched"),
    path("payments/unmatched/<int:pk>/", unmatched.unmatched_payment, name="unmatched-payment"),
    path("money/<str:ref>/", money.money, name="money"),
    path("payments/files/", files.payment_files, name="payment-files"),
    path("payments/days/", files.payment_days, name="payment-days"),
    path("payments/days/export/", files.payment_days_export, name="payment-days-export"),
]
