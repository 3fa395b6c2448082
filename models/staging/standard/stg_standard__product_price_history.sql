{{ stage('product_price_history') }}
