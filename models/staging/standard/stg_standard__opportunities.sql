{{ stage('opportunities') }}
