{{ stage('promotions') }}
