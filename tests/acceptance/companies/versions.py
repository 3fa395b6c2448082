"""Rows that arrive more than once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from .generator import Generator, Row


def versions(c: Generator) -> None:
    """Older versions of some rows: earlier, without a time, or as old but arrived before."""
    spoil: dict[str, Callable[[Row], Row]] = {
        "accounts": lambda row: {"segment": "old", "is_test": not row["is_test"]},
        "reps": lambda row: {"team_id": "alpha", "terminated_on": None},
        "leads": lambda row: {"owner_rep_id": "r1", "source_channel": "old"},
        "opportunities": lambda row: {"amount": Decimal(77), "outcome": None},
        "invoices": lambda row: {"status": "open", "location_id": "online"},
        "invoice_lines": lambda row: {"net_amount": Decimal(5)},
        "subscription_periods": lambda row: {"mrr": Decimal(3), "period_end": None},
        "targets": lambda row: {"target_value": Decimal(9)},
        "activities": lambda row: {"status": "planned"},
        "lead_stage_history": lambda row: {},
        "opportunity_stage_history": lambda row: {"amount_at_entry": Decimal(8)},
        "exchange_rates": lambda row: {"rate": Decimal("0.5")},
        "contacts": lambda row: {"email": "old@x.com", "account_id": None},
        "campaigns": lambda row: {"budget_amount": Decimal(1)},
        "campaign_spend": lambda row: {"amount": Decimal(1)},
        "opportunity_products": lambda row: {"quantity": Decimal(9)},
        "opportunity_competitors": lambda row: {"is_primary": not row["is_primary"]},
        "proposals": lambda row: {"signed_at": None, "sent_by_rep_id": "r1"},
        "email_sends": lambda row: {"subject_variant": "control", "rep_id": "r1"},
        "email_events": lambda row: {"event_type": "bounced"},
        "cta_events": lambda row: {"event_type": "impression", "is_bot": False},
        "collateral_events": lambda row: {"event_type": "shared"},
        "expenses": lambda row: {"amount": Decimal(1), "category": "hidden"},
        "promotions": lambda row: {"promotion_type": "demo"},
        "product_price_history": lambda row: {"list_price": Decimal(1)},
        "competitor_prices": lambda row: {"price": Decimal(1)},
        "nps_surveys": lambda row: {"responded_at": None, "score": None},
        "employee_surveys": lambda row: {"score": 0},
        "onboardings": lambda row: {"completed_at": None},
    }
    for entity, change in spoil.items():
        rows = c.rows[entity]
        for row in c.rng.sample(rows, len(rows) // 8):
            known = row["updated_at"]
            older = {**row, **change(row), "_deleted": c.pick([None, None, True])}
            kind = c.pick(["earlier", "untimed", "tie"])
            if kind == "tie":
                rows.insert(rows.index(row), older)
                continue
            if known is None:
                last = row.get("closed_at") or row.get("created_at")
                if last and last.date() > c.shape.as_of:
                    continue
                known = row["updated_at"] = c.moment(
                    (last.date() if last else c.shape.start) + timedelta(days=1),
                    c.shape.as_of + timedelta(days=2),
                )
            older["updated_at"] = None if kind == "untimed" else known - timedelta(days=9)
            rows.insert(c.rng.randrange(len(rows) + 1), older)
