{{ conform('accounts') }}
