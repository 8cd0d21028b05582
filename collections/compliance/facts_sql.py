"""The statement by which the gate reads its facts: who it is, at which contact point, what stands against it, what was tried."""

from __future__ import annotations

from accounts.selectors.held import STOPS
from compliance.outcomes import REPORTS

# Of each (customer, contact point, debt) of `asked`: what the gate's rules want to know. Of holds: of the debt asked for, whoever
# owes it, or of all of the customer's, whether it is late and what is held on it; nothing where nothing is held.
_FACTS = """
    SELECT json_agg(json_build_array(
           c.id, c.time_zone, c.jurisdiction, asked.account_id, p.id, p.kind, p.source, p.relationship, p.permitted,
           p.verification, p.verification <> 'verified' AND EXISTS (
               SELECT FROM accounts_contactpoint o
               WHERE o.value_index = p.value_index AND o.kind = p.kind AND o.customer_id <> p.customer_id),
           (SELECT json_agg(json_build_array(f.kind, f.from_on, f.until_on)) FROM (
               SELECT kind, from_on, until_on FROM compliance_customerflag WHERE customer_id = c.id AND ended_at IS NULL
               UNION ALL {reported}) f),
           (SELECT json_agg(json_build_array(debt.late, debt.held)) FROM (
               SELECT s.account_id IS NOT NULL AS late, (
                      SELECT json_agg(json_build_array(h.kind, h.starts_on, h.ends_on))
                        FROM accounts_hold h WHERE h.account_id = a.id AND {held}) AS held
                 FROM accounts_account a LEFT JOIN accounts_standing s ON s.account_id = a.id
                WHERE a.customer_id = coalesce((SELECT customer_id FROM accounts_account WHERE id = asked.account_id), c.id)
                  AND (asked.account_id IS NULL OR a.id = asked.account_id)
               OFFSET 0) debt
            HAVING count(debt.held) > 0),
           (SELECT json_build_array(g.opens, g.closes, g.from_on, g.until_on)
            FROM compliance_contactagreement g WHERE g.customer_id = c.id AND g.revoked_at IS NULL),
           CASE WHEN p.relationship = 'contact-person' THEN
               (SELECT json_agg(json_build_array(o.id, o.verification = 'wrong'))
                FROM accounts_contactpoint o
                WHERE o.customer_id = c.id AND o.relationship = 'own' AND o.kind IN ('mobile', 'phone'))
           END,
           {elsewhere}, p.opted_out) ORDER BY asked.place, p.id)::text
    FROM unnest({asked})
         WITH ORDINALITY AS asked (customer_id, point_id, account_id, place)
    JOIN accounts_customer c ON c.id = asked.customer_id
    LEFT JOIN LATERAL (
        SELECT p.id, p.customer_id, p.kind, p.source, p.relationship, p.permitted, p.verification, p.value_index,
               EXISTS (SELECT FROM compliance_optout o
                       WHERE o.contact_point_id = p.id AND o.channel = %(channel)s::text AND o.withdrawn_at IS NULL) AS opted_out
        FROM accounts_contactpoint p
        WHERE p.customer_id = asked.customer_id AND p.kind = ANY(%(kinds)s::text[]) {which}
    ) p ON true
"""
_BEST = """
          AND (asked.point_id IS NULL OR p.id = asked.point_id)
        ORDER BY p.relationship = 'own' AND p.permitted IS TRUE AND p.verification = 'verified' AND p.source <> '' DESC,
                 opted_out, p.relationship = 'own' DESC, p.permitted IS TRUE DESC, p.verification = 'verified' DESC,
                 p.verification <> 'wrong' DESC, p.id
        LIMIT 1"""
# An entry and what corrects it both count, unless the later overrules the earlier; a place counts until it is used,
# replaced or given up.
_NOT_OVERRULED = """NOT EXISTS (SELECT FROM compliance_contact n
                      WHERE n.decision_id = c.decision_id AND n.overrules AND n.id > c.id)"""
_HOLDS_A_PLACE = """d.allowed AND d.reserved_until > %(held_at)s::timestamptz AND d.channel = %(channel)s::text
      AND NOT EXISTS (SELECT FROM compliance_contact u WHERE u.decision_id = d.id)
      AND NOT EXISTS (SELECT FROM compliance_contactdecision r
                      WHERE r.replaces_id = d.id AND r.customer_id = d.customer_id)"""
# Who was said to be dead or represented is taken for flagged until somebody places the flag, whatever becomes of it then, or
# overrules the entry. The day before: in the person's time zone it may still be that one.
_REPORTED = f"""
               SELECT c.outcome, c.at::date - 1, NULL FROM compliance_contact c
               WHERE c.customer_id = asked.customer_id AND c.outcome IN {REPORTS}
                 AND {_NOT_OVERRULED}
                 AND NOT EXISTS (SELECT FROM compliance_customerflag g
                                 WHERE g.customer_id = c.customer_id AND g.kind = c.outcome
                                   AND coalesce(g.ended_at, 'infinity') > c.recorded_at
                                   AND coalesce(g.until_on, 'infinity') >= c.at::date - 1)"""
_TRIED = """
    SELECT json_agg(json_build_array(customer_id, id, extract(epoch FROM at), outcome, channel, contact_point_id, account_id,
                                     inbound, extract(epoch FROM until), chain) ORDER BY entry)::text FROM ({past}) past"""
_CONTACTS = f"""
    SELECT c.customer_id, NULL::bigint AS id, c.at, c.outcome, c.channel, c.contact_point_id, c.account_id,
           c.direction = 'inbound' AS inbound, NULL::timestamptz AS until, c.decision_id AS chain, c.id AS entry
    FROM compliance_contact c
    WHERE {{whose}} AND {{which}} AND {_NOT_OVERRULED}"""
_HISTORY = f"""
    {_CONTACTS.format(whose="c.customer_id = ANY({customers})", which="{which}")}
      AND (%(no_batch_from)s::timestamptz IS NULL OR c.made_by <> 'batch' OR c.at < %(no_batch_from)s::timestamptz)
    UNION ALL
    SELECT d.customer_id, d.id, d.at, '', d.channel, d.contact_point_id, d.account_id, false, d.reserved_until, d.id,
           0::bigint
    FROM compliance_contactdecision d
    WHERE d.customer_id = ANY({{customers}}) AND {_HOLDS_A_PLACE}"""


# A message is counted in its own channel. Who is called may have spoken to us in any; what a third person said holds for
# ever.
_MESSAGES = "c.at >= %(since)s::timestamptz AND c.channel = %(channel)s::text"
_CALLS = """(c.at >= %(since)s::timestamptz OR c.outcome IN ('third-person', 'third-person-refused'))
      AND (c.channel = 'voice' OR c.outcome <> 'sent')"""

# Calls of the same number for another customer.
_ELSEWHERE = f"""
           (SELECT json_agg(json_build_array(o.customer_id, past.id, extract(epoch FROM past.at), past.outcome, 'voice', o.id,
                                             NULL, false, extract(epoch FROM past.until), past.chain) ORDER BY past.entry)
            FROM accounts_contactpoint o CROSS JOIN LATERAL (
                SELECT NULL::bigint AS id, c.at, c.outcome, NULL::timestamptz AS until, c.decision_id AS chain, c.id AS entry
                FROM compliance_contact c
                WHERE c.customer_id = o.customer_id AND c.contact_point_id = o.id AND c.at >= %(since)s::timestamptz
                  AND c.channel = 'voice' AND c.direction <> 'inbound' AND {_NOT_OVERRULED}
                UNION ALL
                SELECT d.id, d.at, '', d.reserved_until, d.id, 0::bigint FROM compliance_contactdecision d
                WHERE d.customer_id = o.customer_id AND d.contact_point_id = o.id AND {_HOLDS_A_PLACE}) past
            WHERE o.value_index = p.value_index AND o.kind = p.kind AND o.customer_id <> p.customer_id)"""


def _wanted(asked: str, customers: str, *, each: bool, calls: bool) -> str:
    facts = _FACTS.format(
        asked=asked,
        held=STOPS,
        reported=_REPORTED,
        which="" if each else _BEST,
        elsewhere=_ELSEWHERE if calls else "NULL",
    )
    history = _TRIED.format(past=_HISTORY.format(customers=customers, which=_CALLS if calls else _MESSAGES))
    return f"({facts}), ({history})"


# Of a customer of whom there is nothing else to know: each of her numbers, as `_FACTS` has it.
_NUMBERS = """
    SELECT json_agg(json_build_array(
           c.id, c.time_zone, c.jurisdiction, NULL, p.id, p.kind, p.source, p.relationship, p.permitted, p.verification, false,
           NULL, NULL, NULL, NULL, NULL, false))::text
      FROM accounts_customer c JOIN accounts_contactpoint p ON p.customer_id = c.id
     WHERE c.id = {of}.customer_id AND p.kind = ANY(%(kinds)s::text[])
    HAVING NOT bool_or(
           p.relationship = 'contact-person'
           OR EXISTS (SELECT FROM accounts_contactpoint o
                       WHERE o.value_index = p.value_index AND o.kind = p.kind AND o.customer_id <> p.customer_id)
           OR EXISTS (SELECT FROM compliance_optout o
                       WHERE o.contact_point_id = p.id AND o.channel = %(channel)s::text AND o.withdrawn_at IS NULL))"""

# Both in one statement, by whether each contact point is wanted, and whether a call is.
WANTED = {
    (each, calls): _wanted(
        "%(customers)s::bigint[], %(points)s::bigint[], %(accounts)s::bigint[]",
        "%(asked_of)s::bigint[]",
        each=each,
        calls=calls,
    )
    for each in (False, True)
    for calls in (False, True)
}


def wanted_to_call(of: str) -> str:
    """Both of every number of one customer, as two expressions over a row `of` of another part of the statement that names her
    `customer_id`, for who asks in a hurry: nearly always there is nothing to know but her numbers and what was tried.

    The first is NULL where there may be more (a flag, a report of one, an agreement, a hold, a place that is held, a contact
    person, a number that others have too, a refusal) or no number at all: all of it is then to be asked for, as ever.
    """
    return f"""
        CASE WHEN EXISTS (SELECT FROM compliance_customerflag f WHERE f.customer_id = {of}.customer_id AND f.ended_at IS NULL)
               OR EXISTS (SELECT FROM compliance_contact c WHERE c.customer_id = {of}.customer_id AND c.outcome IN {REPORTS})
               OR EXISTS (SELECT FROM compliance_contactagreement g
                           WHERE g.customer_id = {of}.customer_id AND g.revoked_at IS NULL)
               OR EXISTS (SELECT FROM accounts_account a JOIN accounts_hold h ON h.account_id = a.id
                           WHERE a.customer_id = {of}.customer_id AND h.withdrawn_at IS NULL)
               OR EXISTS (SELECT FROM compliance_contactdecision d
                           WHERE d.customer_id = {of}.customer_id AND d.allowed
                             AND d.reserved_until > %(held_at)s::timestamptz)
             THEN NULL
             ELSE ({_NUMBERS.format(of=of)}) END,
        ({_TRIED.format(past=_CONTACTS.format(whose=f"c.customer_id = {of}.customer_id", which=_CALLS))})"""
