{{ conform('invoices') }}
