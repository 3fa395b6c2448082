{{ stage('employee_surveys') }}
