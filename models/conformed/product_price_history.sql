{{ conform('product_price_history') }}
