{{ conform('invoice_lines') }}
