"""What the installed rule rests on: in the database it stands in English."""

from django.utils.translation import gettext_noop

INSTALLED_SOURCE = gettext_noop(
    "60 months: card rules (信用卡办法) art 70. 24 % a year all in: 金规〔2025〕9号, 法发〔2017〕22号. "
    "Watch of a year, two instalments at least, special mention at best: 商业银行金融资产风险分类办法 (2023). "
    "Grace, breach, discount, present value and share of the surplus: the lender's own."
)
