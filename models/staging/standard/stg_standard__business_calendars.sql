{{ stage('business_calendars') }}
