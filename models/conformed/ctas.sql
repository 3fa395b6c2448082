{{ conform('ctas') }}
