{{ conform('campaign_spend') }}
