{{ stage('opportunity_products') }}
