from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("The book")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.references import keys_named, refs_of
        from accounts.selectors.named import faults_of_portfolio
        from audit.naming import Names, on_naming
        from staff.portfolios import judge_portfolios_with

        judge_portfolios_with(faults_of_portfolio)
        on_naming(Names(keys_named, refs_of))
