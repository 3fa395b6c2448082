{{ conform('collateral_events') }}
