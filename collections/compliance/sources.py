"""Where the installed rules come from, in the reader's language. What a lender enters is said as it was written."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop

# As the migrations that installed the rules wrote them: here they are found by who translates.
_INSTALLED = (
    gettext_noop("The lender's policy, as installed"),
    gettext_noop(
        "GB/T 45251-2025 (recommended standard, in force 2025-02-28): no collection 22:00–08:00 unless agreed"
    ),
    gettext_noop(
        "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30): none 22:00–08:00 without the debtor's consent"
    ),
    gettext_noop("GB/T 45251-2025 (recommended standard, in force 2025-02-28): the debtor only, not contacts"),
    gettext_noop(
        "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30): contact data of lawful source, never "
        "unrelated persons"
    ),
    gettext_noop(
        "GB/T 45251-2025 (recommended standard, in force 2025-02-28); 民法典 art. 19–24, 161–163: whoever lacks capacity acts "
        "through a representative; The lender's policy, as installed"
    ),
    gettext_noop(
        "GB/T 45251-2025 (recommended standard, in force 2025-02-28): contacts only if the debtor cannot be reached; stop when "
        "they refuse; never the debt; test: The lender's policy, as installed"
    ),
    gettext_noop(
        "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30): number invalid, three calls in a row "
        "failed (next day), or unreachable three days running"
    ),
    gettext_noop(
        "GB/T 45251-2025 (recommended standard, in force 2025-02-28): at most 3 effective voice calls a debtor a day; under "
        "hardship: The lender's policy, as installed"
    ),
    gettext_noop(
        "The lender's policy, as installed; from 2026-01-30 "
        "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30)"
    ),
    gettext_noop(
        "中国银行业协会《金融机构个人消费类贷款催收工作指引（试行）》 (2026-01-30): at most 6 unanswered "
        "attempts a day at the same number"
    ),
    gettext_noop(
        "12 CFR 1006.6(b)(2), 1006.6(a): attorney, representative, executor; The lender's policy, as installed"
    ),
    gettext_noop("12 CFR 1006.6(d): no communication with third persons; The lender's policy, as installed"),
    gettext_noop(
        "12 CFR 1006.10: location information only, once; when the debtor cannot be reached: The lender's policy, as installed"
    ),
    gettext_noop("12 CFR 1006.6(b)(1)(i): before 8:00 and after 21:00 where the person is presumed inconvenient"),
    gettext_noop("12 CFR 1006.14(b)(2)(i)(A): more than 7 calls within 7 consecutive days about a debt"),
    gettext_noop("12 CFR 1006.14(b)(2)(i)(B): within 7 consecutive days after a conversation, its day the first"),
    gettext_noop("消费金融公司管理办法 (2024): truthful, traceable records of collection, kept 5 years or more"),
    gettext_noop("12 CFR 1006.100 asks for 3 years after the call; the lender keeps 5, as everywhere"),
    gettext_noop(
        "通信短信息服务管理规定（工业和信息化部令第31号）: no commercial SMS to who refused them; for messages about a debt, "
        "e-mail and push: The lender's policy, as installed"
    ),
    gettext_noop(
        "12 CFR 1006.6(e): opt-out of e-mail, text messages and other electronic media; 1006.14(h): no medium that the person "
        "asked not to be used"
    ),
)


def source_in_words(source: str) -> str:
    """Where a rule comes from, as the reader's language says it."""
    return gettext(source) if source in _INSTALLED else source
