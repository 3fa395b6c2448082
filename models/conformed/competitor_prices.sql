{{ conform('competitor_prices') }}
