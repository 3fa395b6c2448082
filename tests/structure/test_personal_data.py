"""Every column of the contract is decided: personal data of people outside the company, or not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.landing import Column, ContractError, Entity, load_contract
from tests.structure.test_structure import PROJECT, code

# Text that is none of a person's, by why it is none; docs/privacy.md has the rule. A column is
# decided by `pii` in the contract, by being a key, a reference or a value of a fixed list, or here.
NOT_PERSONAL = {
    "people of the company itself: the numbers are about their work": {
        "standard.reps": {"full_name"},
        "standard.employee_surveys": {"respondent_key"},
        "zoho.users": {"first_name", "last_name"},
        "zoho.leads": {"lead_owner"},
        "zoho.potentials": {"potential_owner"},
        "zoho.quotes": {"quote_owner"},
        "maven.sales_teams": {"sales_agent", "manager"},
        "maven.sales_pipeline": {"sales_agent"},
    },
    "a company, not a person": {
        "standard.competitors": {"competitor_name"},
        "zoho.accounts": {"account_name"},
        "zoho.leads": {"company"},
        "maven.accounts": {"account", "subsidiary_of"},
        "maven.sales_pipeline": {"account"},
    },
    "a thing that the company has named itself": {
        "standard.teams": {"team_name"},
        "standard.territories": {"territory_name", "region"},
        "standard.locations": {"location_name", "region"},
        "standard.products": {"product_name", "product_family"},
        "standard.pipeline_stages": {"stage_name"},
        "standard.campaigns": {"campaign_name"},
        "standard.email_sends": {"subject_variant"},
        "standard.ctas": {"cta_name", "placement"},
        "standard.collateral": {"title"},
        "standard.employee_surveys": {"survey_wave"},
        "standard.competitor_prices": {"region"},
        "standard.competitor_offerings": {"capability"},
        "zoho.campaigns": {"campaign_name"},
        "zoho.campaign_lead_status": {"campaign_name"},
        "maven.products": {"product", "series"},
        "maven.sales_teams": {"regional_office"},
        "maven.sales_pipeline": {"product"},
    },
    "a choice from a list; what is written about a person belongs in no such column": {
        "standard.rep_assignment_history": {"role"},
        "standard.accounts": {"segment", "vertical"},
        "standard.contacts": {"buyer_persona"},
        "standard.leads": {"source_channel"},
        "standard.opportunities": {"source_channel", "sales_play", "loss_reason"},
        "standard.activities": {"objection_type"},
        "standard.campaigns": {"channel"},
        "standard.subscription_periods": {"cancel_reason"},
        "standard.expenses": {"channel"},
        "zoho.accounts": {"industry"},
        "zoho.leads": {"lead_source"},
        "zoho.potentials": {"type", "lead_source"},
        "zoho.campaigns": {"type"},
        "zoho.campaign_lead_status": {"status"},
        "zoho.calls": {"call_purpose"},
        "zoho.invoices": {"invoice_status"},
        "zoho.quotes": {"quote_stage", "sales_status"},
        "maven.accounts": {"sector", "office_location"},
    },
    "a time or an amount that the source writes in its own way": {
        "standard.reps": {"time_zone"},
        "standard.locations": {"time_zone"},
        "zoho.contacts": {"created_time"},
        "zoho.leads": {"created_time"},
        "zoho.potentials": {"created_time", "closing_date", "amount"},
        "zoho.campaigns": {
            *("start_date", "end_date", "expected_revenue", "budgeted_cost", "actual_cost"),
        },
        "zoho.campaign_lead_status": {"last_modified_time"},
        "zoho.calls": {"call_start_time"},
        "zoho.events": {"start_datetime", "created_time"},
        "zoho.invoices": {"created_time", "sub_total", "discount"},
        "zoho.quotes": {"created_time", "valid_till", "sub_total", "discount"},
    },
}
# Marts in which the name of a personal column stands for something else.
NO_PERSON_IN = {
    # Households are shown without their names.
    ("dim_accounts", "account_name"),
    # Of dim_accounts.
    ("an_arpa_lookalikes", "account_name"),
}


def entities() -> list[Entity]:
    contract = load_contract(PROJECT / "models")
    return [entity for source in contract.values() for entity in source.entities.values()]


def is_decided_by_contract(column: Column) -> bool:
    return bool(
        column.pii
        or column.accepted
        or column.references
        or column.name.endswith("_id")
        or not column.data_type.startswith(("varchar", "text", "string", "json"))
    )


def test_every_column_of_the_contract_is_decided() -> None:
    excepted = {
        (entity, column)
        for places in NOT_PERSONAL.values()
        for entity, columns in places.items()
        for column in columns
    }
    open_to_doubt = {
        (f"{entity.source}.{entity.name}", column.name)
        for entity in entities()
        for column in entity.columns
        if not is_decided_by_contract(column)
    }
    assert open_to_doubt - excepted == set(), "say pii in the contract, or here why it is none"
    assert excepted - open_to_doubt == set(), "is no such column, or is decided twice"
    assert len([column for entity in entities() for column in entity.columns if column.pii]) >= 18


def test_people_can_be_found_by_what_the_contract_declares() -> None:
    """Each source that has people has their address and their key, and rows that name them."""
    people = {
        (entity.source, entity.name)
        for entity in entities()
        if any(column.pii == "email" for column in entity.columns)
    }
    assert people == {
        (source, entity) for source in ("standard", "zoho") for entity in ("contacts", "leads")
    }
    for entity in entities():
        for column in entity.columns:
            refers_to = {"contact_id": "contacts", "lead_id": "leads"}.get(column.name)
            if refers_to and entity.name != refers_to:
                assert column.references == refers_to, f"{entity.table}.{column.name}"
            if column.pii_where:
                assert column.pii_where[0] in {other.name for other in entity.columns}
            if column.pii == "text" and not column.pii_where:
                refers = {other.references for other in entity.columns}
                assert refers & {"contacts", "leads"}, f"nobody knows whose {column.name} it is"


def test_no_mart_reads_a_personal_column() -> None:
    """By name: the quick half of the proof. The other are the canaries that go through the job."""
    personal = {column.name for entity in entities() for column in entity.columns if column.pii}
    # What the marts call a person's name is that of somebody of the company.
    personal -= {"first_name", "last_name"}
    assert {"email", "phone", "recording_url", "subject", "subject_line"} <= personal
    found = set()
    marts = list((PROJECT / "models/marts").rglob("*.sql"))
    for path in marts:
        words = set(re.findall(r"\w+", code(path.read_text(encoding="utf-8"))))
        found |= {(path.stem, name) for name in personal & words}
    assert len(marts) > 200
    assert found == NO_PERSON_IN


def test_a_kind_of_personal_data_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "staging/standard"
    folder.mkdir(parents=True)
    column = "{name: email, data_type: varchar, config: {meta: {pii: yes}}}"
    table = f"{{name: contacts, columns: [{column}]}}"
    source = f"sources: [{{name: standard, tables: [{table}]}}]"
    (folder / "_standard__sources.yml").write_text(source)
    with pytest.raises(ContractError, match=r"standard\.contacts\.email: pii True is not one of"):
        load_contract(tmp_path)
