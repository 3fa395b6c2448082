{{ conform('email_events') }}
