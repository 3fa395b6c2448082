{{ stage('promo_experiments') }}
