{{ stage('collateral') }}
