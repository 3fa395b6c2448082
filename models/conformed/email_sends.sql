{{ conform('email_sends') }}
