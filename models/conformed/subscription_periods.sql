{{ conform('subscription_periods') }}
