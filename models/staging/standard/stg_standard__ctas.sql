{{ stage('ctas') }}
