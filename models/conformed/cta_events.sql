{{ conform('cta_events') }}
