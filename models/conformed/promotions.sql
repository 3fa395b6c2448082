{{ conform('promotions') }}
