{{ stage('calendar_holidays') }}
