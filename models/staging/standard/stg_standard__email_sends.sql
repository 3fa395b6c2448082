{{ stage('email_sends') }}
