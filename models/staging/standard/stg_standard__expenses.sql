{{ stage('expenses') }}
