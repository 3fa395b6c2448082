{{ conform('opportunity_products') }}
