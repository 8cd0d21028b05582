"""Amounts of money written out in a text: refused by rule, whatever words are in force. Pure."""

from __future__ import annotations

import re

from reminders.rules.eye import seen

_CODES = "cny|rmb|usd|eur|gbp|hkd|mop|twd|jpy|krw|sgd|aud|cad|chf|inr"
_SIGNS = "[$¢£¤¥\u20a0-\u20cf]"
# 元 begins other words too: New Year's Day is written 2027元旦.
_YUAN = "元(?![旦宵月年素件复化气宝老首])"
_UNITS = (
    rf"(?:{_SIGNS}|{_YUAN}|块钱|塊錢|人民币|人民幣|(?:{_CODES}|yuan|kuai|dollars?|euros?|pounds?|renminbi)(?![a-z]))"
)
_HAN = "[零〇一二两兩三四五六七八九十百千万萬亿億壹贰叁肆伍陆柒捌玖拾佰仟]"
# Thousands set apart or two places behind a point, which is in no date, no version v1.25, no 3.50% and no 10.30 am.
_MONEY = r"(?<![a-z\d.,])(?:\d{1,3}(?:[,.']\d{3})+(?:[.,]\d{1,2})?|\d+[.,]\d{2})(?![.,]?\d)(?!\s?(?:%|[ap]\.?m\b))"
_AMOUNT = re.compile(
    rf"(?:{_SIGNS}|人民币|人民幣|(?<![a-z])(?:{_CODES}|renminbi))[\s:.-]{{0,3}}\d[\d.,']*"
    rf"|\d[\d.,']*\s?[百千万萬亿億]*\s?{_UNITS}"
    rf"|{_HAN}+\s?(?:{_YUAN}|块钱|塊錢)"
    rf"|{_MONEY}"
)


def amounts_in(text: str) -> list[str]:
    """The amounts of money that stand in a text as an eye reads it: CNY 500, ￥500, 500元, 五百元, 1,234.56. A number alone is
    none: it counts days, doors or people as well."""
    return [found[0] for found in _AMOUNT.finditer(seen(text))]
