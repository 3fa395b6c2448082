{{ conform('promo_experiments') }}
